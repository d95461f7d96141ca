//! Rule files as an operator edits them.

/// The English rules that ship with the program.
pub(crate) const EN: &str = include_str!("../../../templates/triage/en.toml");

/// A rule of an operator's own: a word of their town.
pub(crate) const OWN_RULE: &str = r#"
[[rule]]
id = "own.pier"
tier = "high"
category = "suicide"
why = "Names the old pier, which people here know"
any = ["old pier"]
must_match = ["im at the old pier", "the old pier again"]
must_not_match = ["the new pier"]
"#;

/// The rules without the one that finds "kms": the corpus knows sentences with it.
pub(crate) fn without_kms() -> String {
    let rules = EN
        .split("[[rule]]")
        .filter(|rule| !rule.contains("\"kms\""));
    let text = rules.collect::<Vec<_>>().join("[[rule]]");
    assert_ne!(text, EN, "a rule was taken out");
    text
}
