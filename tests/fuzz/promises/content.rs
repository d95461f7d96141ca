//! A content pack of any bytes is read or refused, and any text finds a page or none.

use std::sync::LazyLock;

use harborline::content::{BUILTIN, Packs, Resources, Source};
use harborline::locale::Locale;

static PACKS: LazyLock<Packs> = LazyLock::new(|| Packs::builtin().expect("the packs hold"));

pub(crate) fn hold(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for locale in Locale::ALL {
        let _ = PACKS.find(&text, locale);
    }
    let edited = Source {
        file: "en.toml",
        text: &text,
    };
    let resources = Resources::load(BUILTIN[2]).expect("the resources hold");
    let _ = Packs::load(edited, BUILTIN[1], resources);
}
