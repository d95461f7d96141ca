//! The configuration file that `init` writes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;

use super::kinds::Kind;

/// Somebody with a phone.
pub(super) struct Contact {
    pub(super) name: String,
    pub(super) number: String,
}

/// What was answered.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) contact: String,
    pub(super) language: String,
    pub(super) public_url: Option<String>,
    pub(super) keys: BTreeMap<&'static str, String>,
    pub(super) more: BTreeMap<String, String>,
    pub(super) duty: Vec<Contact>,
    pub(super) operator: Vec<Contact>,
    pub(super) listen: Option<SocketAddr>,
    pub(super) database: Option<String>,
}

/// The text of the file. What an answer holds cannot end its line: it is written as TOML writes words.
pub(super) fn toml(line: &Line, kind: &Kind) -> String {
    let mut text = String::from(
        "# Written by `harborline init`. All keys, with their defaults, are in harborline.example.toml.\n\n",
    );
    if let Some(url) = &line.public_url {
        pair(&mut text, "public_url", url.trim_end_matches('/'));
        text.push('\n');
    }
    if let Some(address) = &line.listen {
        text.push_str("[listen]\n");
        pair(&mut text, "address", &address.to_string());
        text.push('\n');
    }
    if let Some(url) = &line.database {
        text.push_str("[database]\n");
        pair(&mut text, "url", url);
        text.push('\n');
    }
    text.push_str("[line]\n");
    pair(&mut text, "name", &line.name);
    pair(&mut text, "contact", &line.contact);
    pair(&mut text, "default_locale", &line.language);
    text.push_str("\n[gateways.main]\n");
    pair(&mut text, "kind", kind.name);
    for (key, value) in &line.keys {
        pair(&mut text, key, value);
    }
    for (key, value) in &line.more {
        let number = ["segments_per_second", "burst", "sim"].contains(&key.as_str());
        if matches!(value.as_str(), "true" | "false") || (number && value.parse::<f64>().is_ok()) {
            let _ = writeln!(text, "{} = {value}", word(key));
        } else {
            pair(&mut text, key, value);
        }
    }
    for (section, contacts) in [
        ("oncall.fallback", &line.duty),
        ("operator.contacts", &line.operator),
    ] {
        for contact in contacts {
            let _ = writeln!(text, "\n[[{section}]]");
            pair(&mut text, "name", &contact.name);
            pair(&mut text, "number", &contact.number);
        }
    }
    text
}

fn pair(text: &mut String, key: &str, value: &str) {
    let (key, value) = (word(key), toml::Value::from(value));
    let _ = writeln!(text, "{key} = {value}");
}

/// A key as TOML takes it: quoted, where it is no plain one.
fn word(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(plain) {
        return key.to_owned();
    }
    toml::Value::from(key).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::kinds;
    use super::*;

    #[test]
    fn whatever_is_answered_stays_in_its_place() {
        let odd = "a \"b\"\n[gateways.other]\nkind = 'x' \\ ñ";
        let line = Line {
            name: odd.to_owned(),
            contact: odd.to_owned(),
            language: "en".to_owned(),
            public_url: Some("https://line.example.org/".to_owned()),
            keys: BTreeMap::from([("auth_token", odd.to_owned())]),
            more: BTreeMap::from([("api url".to_owned(), odd.to_owned())]),
            duty: vec![Contact {
                name: odd.to_owned(),
                number: "+15550199".to_owned(),
            }],
            operator: Vec::new(),
            listen: None,
            database: None,
        };
        let text = toml(&line, kinds::of("twilio").unwrap());
        let read: toml::Table = text.parse().unwrap();
        assert_eq!(read["line"]["name"].as_str(), Some(odd));
        assert_eq!(read["gateways"]["main"]["auth_token"].as_str(), Some(odd));
        assert_eq!(read["gateways"]["main"]["api url"].as_str(), Some(odd));
        assert_eq!(read["oncall"]["fallback"][0]["name"].as_str(), Some(odd));
        assert_eq!(
            read["public_url"].as_str(),
            Some("https://line.example.org")
        );
        assert_eq!(read["gateways"].as_table().unwrap().len(), 1);
    }
}
