use super::*;

const LISTS: &str = r###"
    schema = 1
    lang = "en"
    [defs]
    I = ["i"]
    ROOT = ["die"]
    NOW = ["tonight"]
    MEANS = ["rope"]
    PILL = ["pills"]
    MANY = ["##"]
    OTHER = ["my friend"]
"###;

const RULE: &str = r#"
    [[rule]]
    id = "a"
    tier = "high"
    category = "suicide"
    why = "says so"
    any = ["want to die"]
    guardable = true
    must_match = ["i want to die", "they want to die"]
    must_not_match = ["i want to dance"]
"#;

const GUARD: &str = r#"
    [[guard]]
    id = "g"
    why = "says not"
    covers = ["do not want to die"]
    max_effect = "concern"
    must_match = ["i don't want to die"]
"#;

fn load(parts: &[&str]) -> Result<RuleSet, RuleError> {
    RuleSet::load(&[("x.toml", &parts.concat())], Model::silent())
}

#[test]
fn the_shipped_rules_load_and_all_their_examples_hold() {
    let rules = RuleSet::builtin().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(rules.hash().len(), 64);
}

#[test]
fn a_good_file_loads_and_its_hash_changes_with_its_words() {
    let one = load(&[LISTS, RULE]).unwrap();
    let two = load(&[LISTS, RULE, GUARD]).unwrap();
    assert_ne!(one.hash(), two.hash());
}

#[test]
fn a_bad_file_is_refused_with_file_rule_and_fix() {
    for (from, to, said) in [
        (
            "guardable = true",
            "gaurdable = true",
            "unknown field `gaurdable`",
        ),
        ("\"i want to die\", ", "", "fewer than two must_match"),
        ("[\"i want to dance\"]", "[]", "no must_not_match"),
        (
            "i want to dance",
            "you want to die",
            "must_not_match \"you want to die\" matches",
        ),
        (
            "they want to die",
            "they dance",
            "must_match \"they dance\" does not match",
        ),
        ("[\"want to die\"]", "[\"want to {DIE}\"]", "no list {DIE}"),
        (
            "tier = \"high\"",
            "tier = \"imminent\"",
            "only a rule of tier high can be guardable",
        ),
        ("schema = 1", "schema = 2", "write `schema = 1`"),
        ("I = [\"i\"]", "", "no list {I}"),
        (
            "they want to die",
            "i do not want to die",
            "a guard lowers must_match",
        ),
        (
            "max_effect = \"concern\"",
            "max_effect = \"none\"",
            "lower to concern only",
        ),
        (
            "[\"want to die\"]",
            "[\"= want to die\"]",
            "take the `=` away",
        ),
        ("id = \"g\"", "id = \"a\"", "the id is taken"),
        ("why = \"says so\"", "why = \" \"", "`why` is empty"),
    ] {
        let source = [LISTS, RULE, GUARD].concat().replacen(from, to, 1);
        let error = load(&[&source]).unwrap_err().to_string();
        assert!(
            error.starts_with("x.toml: ") && error.contains(said),
            "{said}: {error}"
        );
    }
}
