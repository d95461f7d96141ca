//! Rule files and canned replies that somebody has edited are read or refused, whatever stands in them.

use std::sync::LazyLock;

use harborline::content::{BUILTIN, CannedReply, Codes, Resources, Source};
use harborline::locale::Locale;
use harborline::triage::RuleSet;
use harborline::triage::model::Model;

static RESOURCES: LazyLock<Resources> =
    LazyLock::new(|| Resources::load(BUILTIN[2]).expect("the resources hold"));

pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = RuleSet::load(&[("en.toml", &text)], Model::silent());
    let _ = Model::read(bytes);
    let source = Source {
        file: "edited.toml",
        text: &text,
    };
    let _ = Resources::load(source);
    let _ = Codes::load(source);
    for locale in Locale::ALL {
        let _ = CannedReply::parse(&text, locale, &RESOURCES);
    }
}
