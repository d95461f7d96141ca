//! Every phrase has its Spanish, every Spanish is used, and both have the same places: read from the sources.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use super::catalog::{FROM_BELOW, PAGES, Piece, pieces, spanish};
use super::*;
use crate::content::Packs;
use crate::oncall::Urgency;
use crate::oncall::drill::Variant;
use crate::staff::{Device, Role};
use crate::triage::Tier;

/// The files whose `#[error("…")]` a page shows.
const REFUSALS: [&str; 20] = [
    "src/accounts/mod.rs",
    "src/call_outs.rs",
    "src/canned.rs",
    "src/credential/password.rs",
    "src/drill/mod.rs",
    "src/duties/mod.rs",
    "src/handoff/refused.rs",
    "src/incidents/attend.rs",
    "src/lab.rs",
    "src/lookup.rs",
    "src/oncall/policy.rs",
    "src/page_tests.rs",
    "src/people/refused.rs",
    "src/policies.rs",
    "src/push.rs",
    "src/reports/period.rs",
    "src/review.rs",
    "src/retention/by_hand.rs",
    "src/rota/refused.rs",
    "src/text/name.rs",
];

/// A string as sources write it.
const LITERAL: &str = r#""((?:[^"\\]|\\.)*)""#;

fn regex(parts: &[&str]) -> Regex {
    Regex::new(&parts.concat()).unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder, with their text.
fn files(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == ending) {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(root()).unwrap().to_owned(), text));
            }
        }
    }
    found.sort();
    found
}

fn templates() -> Vec<(PathBuf, String)> {
    files("templates/pages", "html")
}

/// The sources of the pages, without their tests.
fn pages() -> Vec<(PathBuf, String)> {
    let mut sources = files("src/http", "rs");
    sources.retain(|(path, _)| !path.starts_with("src/http/words"));
    for (_, text) in &mut sources {
        let end = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
        text.truncate(end);
    }
    sources
}

/// What stands between quotes, as it is meant.
fn plain(literal: &str) -> String {
    literal.replace("\\\"", "\"").replace("\\\\", "\\")
}

/// A phrase where it is used: the place, the sentence, and what follows it.
struct Used {
    file: PathBuf,
    key: String,
    /// The rest of the expression; nothing where a value may come from elsewhere.
    rest: Option<String>,
}

/// The expression that goes on here, up to what ends it.
fn up_to_end(text: &str, ends: &str) -> String {
    let mut depth = 0_i32;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return text[..at].to_owned(),
            ')' => depth -= 1,
            _ if depth == 0 && text[at..].starts_with(ends) => return text[..at].to_owned(),
            _ => {}
        }
    }
    text.to_owned()
}

fn used() -> Vec<Used> {
    static FILTER: LazyLock<Regex> = LazyLock::new(|| regex(&[LITERAL, r"\s*\|\s*tr\b"]));
    static MACRO: LazyLock<Regex> = LazyLock::new(|| regex(&[r"\b(tr|phrase)!\(\s*", LITERAL]));
    static ERROR: LazyLock<Regex> = LazyLock::new(|| regex(&[r"#\[error\(\s*", LITERAL]));
    let mut all = Vec::new();
    for (file, text) in templates() {
        for found in FILTER.captures_iter(&text) {
            all.push(Used {
                file: file.clone(),
                key: plain(&found[1]),
                rest: Some(up_to_end(&text[found.get(0).unwrap().end()..], "}}")),
            });
        }
    }
    for (file, text) in pages() {
        for found in MACRO.captures_iter(&text) {
            all.push(Used {
                file: file.clone(),
                key: plain(&found[2]),
                rest: (&found[1] == "tr")
                    .then(|| up_to_end(&text[found.get(0).unwrap().end()..], ";")),
            });
        }
    }
    for file in REFUSALS {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        for found in ERROR.captures_iter(&text) {
            all.push(Used {
                file: file.into(),
                key: plain(&found[1]),
                rest: None,
            });
        }
    }
    all
}

/// The names of the places in a text.
fn places(text: &str) -> BTreeSet<&str> {
    pieces(text)
        .filter_map(|piece| match piece {
            Piece::Place { name, .. } => Some(name),
            Piece::Words(_) => None,
        })
        .collect()
}

#[track_caller]
fn none(wrong: &[String], what: &str) {
    assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
}

#[test]
fn every_file_can_be_read_and_no_two_disagree() {
    let mut all: BTreeMap<String, (String, &str)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (name, text) in PAGES.iter().chain(FROM_BELOW) {
        let read: HashMap<String, String> =
            toml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (key, spanish) in read {
            if spanish.trim().is_empty() || spanish != spanish.trim() && key == key.trim() {
                wrong.push(format!("{name}: {key}: empty, or with a space around it"));
            }
            match all.get(&key) {
                Some((other, file)) if *other != spanish => {
                    wrong.push(format!("{name} and {file}: {key}"));
                }
                _ => {
                    all.insert(key, (spanish, name));
                }
            }
        }
    }
    let folder = root().join("templates/interface/es");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name();
        let mut files = PAGES.iter().chain(FROM_BELOW);
        if !files.any(|(file, _)| name == *file) {
            wrong.push(format!("{name:?} is in no list of catalog.rs"));
        }
    }
    none(&wrong, "files of the interface");
}

#[test]
fn every_phrase_has_its_spanish() {
    let known = spanish().phrases();
    let missing: BTreeSet<String> = used()
        .into_iter()
        .filter(|used| !known.contains_key(&used.key))
        .map(|used| format!("{}: {:?}", used.file.display(), used.key))
        .collect();
    none(
        &Vec::from_iter(missing),
        "no Spanish in templates/interface/es",
    );
}

/// Everything that words could stand in.
fn everything() -> String {
    let mut sources = templates();
    sources.extend(files("src", "rs"));
    sources.extend(files("templates", "toml"));
    sources.retain(|(path, _)| !path.starts_with("templates/interface"));
    sources.into_iter().map(|(_, text)| text).collect()
}

#[test]
fn every_spanish_is_used() {
    let text = everything().replace("\\\"", "\"");
    let from_below: String = FROM_BELOW.iter().map(|(_, text)| *text).collect();
    let is_used = |key: &String| {
        if text.contains(&format!("\"{key}\"")) {
            return true;
        }
        // A sentence from below is put together from pieces: one of them, at least, is there.
        let words = pieces(key).filter_map(|piece| match piece {
            Piece::Words(words) => Some(words),
            Piece::Place { .. } => None,
        });
        let parts = words.flat_map(|words| words.split([',', '.', ':', '(', ')']));
        let mut parts = parts.map(|part| part.trim_matches(|c: char| !c.is_alphabetic()));
        from_below.contains(&format!("\"{key}\" ="))
            && parts.any(|part| part.len() > 3 && text.contains(part))
    };
    let keys = spanish().phrases().keys();
    let unused: Vec<String> = keys.filter(|key| !is_used(key)).cloned().collect();
    none(
        &unused,
        "in templates/interface/es, and nowhere in the sources",
    );
}

#[test]
fn every_word_that_a_page_takes_from_below_has_its_spanish() {
    let mut words: Vec<&str> = Vec::new();
    words.extend(Role::ALL.map(Role::word));
    words.extend(Tier::ALL.map(Tier::word));
    words.extend(Urgency::ALL.map(Urgency::label));
    words.extend(Variant::ALL.map(Variant::name));
    words.extend(Variant::ALL.map(Variant::shows));
    let devices = [
        Device::Phone,
        Device::Tablet,
        Device::Computer,
        Device::Other,
    ];
    words.extend(devices.map(Device::words));
    let packs = Packs::builtin().unwrap();
    let codes = packs.codes();
    let lists = [
        &codes.outcomes,
        &codes.releases,
        &codes.reveals,
        &codes.tiers,
    ];
    words.extend(lists.into_iter().flatten().map(|line| line.label.as_str()));
    let known = spanish().phrases();
    words.retain(|words| !known.contains_key(*words));
    let missing: Vec<String> = words.into_iter().map(str::to_owned).collect();
    none(&missing, "no Spanish in templates/interface/es");
}

#[test]
fn what_the_checks_find_has_its_spanish() {
    let mut sources = files("src/doctor", "rs");
    sources.extend(files("src/gateway", "rs"));
    sources.retain(|(path, _)| path.starts_with("src/doctor") || path.ends_with("checks.rs"));
    let check = root().join("src/gateway/check.rs");
    sources.push((check.clone(), std::fs::read_to_string(check).unwrap()));
    let sentence = regex(&[r"^[A-Za-z{][^/]* [a-z].* [a-z]"]);
    // Limits as the system names them, and sentences that are put together from others.
    let no_words = regex(&[r"^(Max [a-z ]+|\{how\}, .*|\{\}: the approval \{\})$"]);
    // Where something stands in a provider's own pages, in their words.
    let theirs = regex(&[r"const [A-Z]+: &str = $"]);
    let place = regex(&[r"\{[^}]*\}"]);
    let known: BTreeSet<String> = spanish()
        .phrases()
        .keys()
        .map(|key| place.replace_all(key, "{}").into_owned())
        .collect();
    let mut missing = BTreeSet::new();
    for (file, text) in sources {
        let end = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
        let comment = regex(&[r"(?m)^\s*//.*$"]);
        let text = comment.replace_all(&text[..end], "");
        for found in regex(&[LITERAL]).captures_iter(&text) {
            let words = plain(&found[1]);
            let key = place.replace_all(&words, "{}");
            // A sentence that is put together from two stands whole among the known ones.
            let whole = known.contains(&*key);
            let part = known.iter().any(|known| known.contains(&*key));
            let exempt = no_words.is_match(&words)
                || theirs.is_match(&text[..found.get(0).unwrap().start()]);
            if sentence.is_match(&words) && !whole && !part && !exempt {
                missing.insert(format!("{}: {words}", file.display()));
            }
        }
    }
    none(
        &Vec::from_iter(missing),
        "no Spanish in templates/interface/es/checks.toml",
    );
}

#[test]
fn both_languages_have_the_same_places_and_tags() {
    let tag = regex(&[r"</?[a-z]+[^>]*>"]);
    let ours = regex(&[r#"^</?(strong|em|code|a( href="[^"]*")?)>$"#]);
    let tags = |text: &str| -> BTreeSet<String> {
        tag.find_iter(text)
            .map(|tag| tag.as_str().to_owned())
            .collect()
    };
    let mut wrong = Vec::new();
    for (en, es) in spanish().phrases() {
        if places(en) != places(es) || tags(en) != tags(es) {
            wrong.push(format!("{en} = {es}"));
        }
        if !tags(en).iter().all(|tag| ours.is_match(tag)) {
            wrong.push(format!("a tag that is none of ours: {en}"));
        }
    }
    none(&wrong, "places or tags differ");
}

#[test]
fn every_place_is_filled_where_its_phrase_is_used() {
    let mut wrong = Vec::new();
    for Used { file, key, rest } in used() {
        let Some(rest) = rest else { continue };
        for place in places(&key) {
            let filter = format!("with(\"{place}\"");
            let value = regex(&[r"(^|[^\w.])", place, r"\b"]);
            if !rest.contains(&filter) && !value.is_match(&rest) {
                wrong.push(format!("{}: {place} in {key:?}", file.display()));
            }
        }
        if key.contains("</") && !rest.contains("|html") {
            wrong.push(format!("{}: `|html` behind {key:?}", file.display()));
        }
    }
    none(&wrong, "nothing stands at this place");
}

/// A text with the name of each place at it.
fn filled(text: &str) -> String {
    let filled = pieces(text).map(|piece| match piece {
        Piece::Words(words) => words.to_owned(),
        Piece::Place { name, .. } => format!("<{name}>"),
    });
    filled.collect()
}

#[test]
fn a_finished_sentence_is_found_by_the_pattern_that_it_was_made_from() {
    let mut wrong = Vec::new();
    for (_, text) in FROM_BELOW {
        let phrases: HashMap<String, String> = toml::from_str(text).unwrap();
        for (english, spanish_of_it) in phrases {
            let found = spanish().find(&filled(&english));
            let found = found.map(|phrase| phrase.to_string()).unwrap_or_default();
            if found != filled(&spanish_of_it) {
                wrong.push(format!("{english}: {found}"));
            }
        }
    }
    none(&wrong, "found as something else");
}

#[test]
fn what_stands_in_a_phrase_is_shown_as_it_is() {
    let name = "<b>{name}</b> & Co";
    let phrase = phrase_of("Welcome, {name}").with("name", &name);
    assert_eq!(phrase.to_string(), "Welcome, <b>{name}</b> & Co");
    within(Locale::Es, || {
        assert_eq!(said("Sign in"), "Iniciar sesión");
        assert_eq!(said("Night's own words"), "Night's own words");
        let phrase = phrase_of("Welcome, {name}").with("name", &name);
        assert_eq!(phrase.to_string(), "Hola, <b>{name}</b> & Co");
        assert_eq!(tr!("Welcome, {name}", name), phrase.to_string());
        assert_eq!(tr!("Welcome, {name}", name = 1 + 1), "Hola, 2");
    });
    assert_eq!(said("Sign in"), "Sign in");
}

#[test]
fn a_template_escapes_what_people_wrote_and_keeps_our_tags() {
    use askama::Template;
    #[derive(Template)]
    #[template(
        source = r#"{{ "Welcome, {name}"|tr|with("name", name) }} {{ "<em>{name}</em> it is"|tr|with("name", name)|html }}"#,
        ext = "html"
    )]
    struct Page<'a> {
        name: &'a str,
    }
    let page = Page { name: "<b>\"" }.render().unwrap();
    assert_eq!(
        page,
        "Welcome, &#60;b&#62;&#34; <em>&#60;b&#62;&#34;</em> it is"
    );
}

/// What stands in a template for a person to read, and is in no phrase.
fn bare(template: &str) -> Vec<String> {
    let comment = regex(&[r"(?s)\{#.*?#\}"]);
    let code = regex(&[r"(?s)\{%.*?%\}|\{\{.*?\}\}"]);
    let template = comment.replace_all(template, "");
    let text = code.replace_all(&template, "\u{1}");
    let spoken = regex(&[r#"(?:aria-label|placeholder|title|alt)="([^"]*)""#]);
    let mut found: Vec<String> = spoken
        .captures_iter(&text)
        .map(|found| found[1].to_owned())
        .collect();
    let tags = regex(&[r"(?s)<[^>]*>"]);
    found.extend(tags.split(&text).map(str::to_owned));
    let word = regex(&[r"[A-Za-z]{2,}"]);
    // Names, texts to try, keys of a keyboard, and attributes that a template puts into a tag of another.
    let ours = regex(&[
        r#"Harborline|HTTP|MENU|HUMAN|what is dbt\?|Enter|Esc|Ctrl|Alt|[a-z]+-[a-z]+="[^"]*""#,
    ]);
    found.retain(|text| word.is_match(&ours.replace_all(text, "")));
    found
}

#[test]
fn a_template_says_nothing_that_is_no_phrase() {
    let mut wrong = Vec::new();
    for (file, text) in templates() {
        let unsaid = bare(&text).into_iter();
        wrong.extend(unsaid.map(|text| format!("{}: {}", file.display(), text.trim())));
    }
    none(&wrong, "write it as `{{ \"…\"|tr }}`");
}

#[test]
fn a_handler_says_nothing_that_is_no_phrase() {
    // What goes to a log or a file, is a reason for the compiler, or is no words at all.
    let not_said =
        regex(&[r"(reason = |expect\(|tracing::\w+!\([^;]*|concat!\([^;]*|name: &str = )$"]);
    // Attributes and classes, a name, what is kept in English, and what goes into a file.
    let no_words = regex(&[
        r"^(required min=.*|bar-of slow|Microsoft Teams|\{\} stopped it|There are older entries.*)$",
    ]);
    let wrapped = regex(&[r"(tr!|phrase!)\(\s*$"]);
    let comment = regex(&[r"(?m)^\s*//.*$"]);
    let sentence = regex(&[r"[A-Za-z’']{2,},? [a-zA-Z]{2,}"]);
    let notices = regex(&[r"(?s)\nnotices! \{.*?\n\}"]);
    let mut wrong = Vec::new();
    for (file, text) in pages() {
        // What quotes a quotation mark cannot be read here; it has no words.
        let is_page = file.starts_with("src/http/staff") && !file.ends_with("csv.rs");
        if !is_page && !file.ends_with("error.rs") {
            continue;
        }
        let text = comment.replace_all(&text, "");
        let text = notices.replace_all(&text, "");
        for found in regex(&[LITERAL]).captures_iter(&text) {
            let (before, words) = (&text[..found.get(0).unwrap().start()], &found[1]);
            let near = before.floor_char_boundary(before.len().saturating_sub(200));
            if sentence.is_match(words)
                && !no_words.is_match(words)
                && !wrapped.is_match(&before[near..])
                && !not_said.is_match(&before[near..])
            {
                wrong.push(format!("{}: {words}", file.display()));
            }
        }
    }
    none(&wrong, "write it as `tr!(\"…\")` or `phrase!(\"…\")`");
}
