//! What no careful sender would send.

use super::Fields;

/// Texts that no careful sender would send, and what must be kept of their words.
pub(super) fn odd_texts() -> Vec<(&'static str, Fields<'static>, String)> {
    let long = |n: usize| -> &'static str { "word ".repeat(n / 5).leak() };
    let from = ("From", b"+15550123".as_slice());
    let body = |body: &'static str| vec![from, ("Body", body.as_bytes())];
    let same = |label, words: &'static str| (label, body(words), words.to_owned());
    vec![
        same("an empty text", ""),
        (
            "no Body at all",
            vec![from, ("NumMedia", b"0")],
            String::new(),
        ),
        (
            "a picture without words",
            vec![
                from,
                ("Body", b""),
                ("NumMedia", b"1"),
                ("MediaUrl0", b"https://x.test/1"),
            ],
            String::new(),
        ),
        (
            "a picture, no Body",
            vec![from, ("NumMedia", b"10")],
            String::new(),
        ),
        same("blanks", " \t\r\n "),
        same("1,600 characters", long(1_600)),
        same("5,000 characters", long(5_000)),
        same(
            "emoji",
            "\u{1f600}\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{1f3fd}",
        ),
        same(
            "flags and marks on marks",
            "\u{1f1fa}\u{1f1f8}e\u{301}\u{301}\u{301}",
        ),
        same(
            "right to left, with overrides",
            "\u{202e}unem\u{202c} \u{645}\u{631}\u{62d}\u{628}\u{627}",
        ),
        same(
            "nothing but zero-width characters",
            "\u{200b}\u{200d}\u{feff}\u{2060}",
        ),
        (
            "latin-1 bytes",
            vec![from, ("Body", b"\xbfqu\xe9 es esto?")],
            "\u{fffd}qu\u{fffd} es esto?".to_owned(),
        ),
        (
            "half of a character",
            vec![from, ("Body", b"menu \xf0\x9f\x98")],
            "menu \u{fffd}".to_owned(),
        ),
        same(
            "NUL and control characters",
            "me\0nu\u{1}\u{7}\u{1b}[31m\u{7f}\u{9c}",
        ),
        same("markup", "</Message><Message>&amp;<!-- \"'"),
        same("percent signs and plus signs", "100%41 + 50%\u{fffd}"),
        same("SQL", "'); DROP TABLE texters; --"),
        same("a template", "{line} {{contact}} ${rates}"),
    ]
}

/// Forms that no careful sender would send, and what must be kept of their words.
pub(super) fn odd_forms() -> Vec<(&'static str, Fields<'static>, String)> {
    let with = |label, more: &[(&'static str, &'static [u8])]| {
        let mut fields: Fields<'static> = vec![("From", b"+15550123"), ("Body", b"menu")];
        fields.extend(more);
        (label, fields, "menu".to_owned())
    };
    let sent_by = |label, from: &'static str| {
        let fields: Fields<'static> = vec![("From", from.as_bytes()), ("Body", b"menu")];
        (label, fields, "menu".to_owned())
    };
    vec![
        with(
            "fields that nobody knows",
            &[("Zebra", b"1"), ("ChannelMetadata", b"{}")],
        ),
        with(
            "a field twice",
            &[("FromCity", b"A"), ("FromCity", b"B"), ("FromCity", b"A")],
        ),
        with("a second Body", &[("Body", b"zzz")]),
        with(
            "an absurd number of pictures",
            &[("NumMedia", b"99999999999999999999")],
        ),
        with(
            "a number of pictures that is none",
            &[("NumMedia", b"many")],
        ),
        with(
            "an opt-out type that nobody knows",
            &[("OptOutType", b"LATER")],
        ),
        with("a name without a value", &[("", b""), ("Empty", b"")]),
        sent_by("a short code", "74100"),
        sent_by("a name as its sender", "ACME-Bank"),
        sent_by("an empty sender", ""),
        sent_by("a sender of control characters", "\0\n\u{7}"),
        sent_by("an endless sender", "+1555".repeat(200).leak()),
        ("no sender", vec![("Body", b"menu")], "menu".to_owned()),
    ]
}
