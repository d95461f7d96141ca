use proptest::prelude::*;

use super::*;

fn model() -> Model {
    Model::builtin().unwrap_or_else(|error| panic!("{error}"))
}

fn log_odds(model: &Model, normal: &Normal) -> f32 {
    let reading = model.score(normal, |_| Covered::Free);
    reading.map_or(f32::MIN, |reading| reading.log_odds)
}

#[test]
fn a_model_is_read_as_it_was_written() {
    let model = model();
    let again = Model::read(&model.write()).unwrap();
    assert_eq!(
        (again.hash(), again.settings()),
        (model.hash(), model.settings())
    );
}

#[test]
fn a_damaged_model_is_refused_and_says_why() {
    let whole = model().write();
    let refused = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = whole.clone();
        change(&mut bytes);
        Model::read(&bytes).unwrap_err()
    };
    assert!(matches!(
        refused(&|bytes| bytes.truncate(10)),
        ModelError::Size { found: 10, .. }
    ));
    assert!(matches!(
        refused(&|bytes| bytes.push(0)),
        ModelError::Size { .. }
    ));
    assert_eq!(refused(&|bytes| bytes[0] = b'X'), ModelError::Kind);
    assert_eq!(refused(&|bytes| bytes[4] += 1), ModelError::Kind);
    let nan = f32::NAN.to_le_bytes();
    assert_eq!(
        refused(&|bytes| bytes[12..16].copy_from_slice(&nan)),
        ModelError::Numbers
    );
    assert_eq!(
        refused(&|bytes| bytes[HEADER + 77] ^= 1),
        ModelError::Damaged
    );
}

#[test]
fn it_knows_a_farewell_from_a_shopping_list() {
    let model = model();
    let settings = *model.settings();
    let score = |text| log_odds(&model, &Normal::of(text));
    assert!(
        score("there is no reason left for me to live, everyone would be better off without me")
            >= settings.page
    );
    assert!(score("can you get milk and eggs on the way home please") < settings.ask);
}

#[test]
fn what_is_too_short_is_not_scored() {
    for text in ["", "1", "12 34 5", "ok", "menu", "dbt", "a 1", "988 1"] {
        assert_eq!(
            model().score(&Normal::of(text), |_| Covered::Free),
            None,
            "{text}"
        );
    }
}

#[test]
fn the_words_that_weighed_most_are_words_of_the_window() {
    let text = "hey. there is no reason left for me to stay here any longer, i am a burden";
    let normal = Normal::of(text);
    let reading = model().score(&normal, |_| Covered::Free).unwrap();
    let words = reading.top_words(&normal);
    assert_eq!(words.len(), NAMED);
    for word in words {
        assert!(text.contains(&word), "{word}");
    }
}

#[test]
fn words_on_topic_count_less() {
    let normal = Normal::of("there is no reason left for me to stay here");
    let model = model();
    let plain = model.score(&normal, |_| Covered::Free).unwrap().log_odds;
    let topic = model.score(&normal, |_| Covered::Topic).unwrap().log_odds;
    assert!((plain + model.settings().on_topic - topic).abs() < 1e-3);
}

#[test]
fn words_under_a_guard_are_not_read() {
    let normal = Normal::of("there is no reason left for me to stay here");
    assert_eq!(model().score(&normal, |_| Covered::Guard), None);
    let model = model();
    let end = model.score(&normal, |word| {
        if word < 6 {
            Covered::Guard
        } else {
            Covered::Free
        }
    });
    assert!(end.unwrap().window.start >= 6);
}

proptest! {
    #[test]
    fn what_contains_a_text_scores_no_lower(
        before in "([a-z]{1,9} ){0,9}",
        text in "[a-z]{3,9}( [a-z]{1,9}){1,9}",
        after in "( [a-z]{1,9}){0,9}",
    ) {
        let (short, long) = (Normal::of(&text), Normal::of(&format!("{before}{text}{after}")));
        // Single letters may join across the seam; that is the normal form and not the model.
        prop_assume!(long.text().contains(short.text()));
        let model = model();
        prop_assert!(log_odds(&model, &long) >= log_odds(&model, &short) - 1e-4);
    }

    #[test]
    fn any_text_can_be_scored(text in any::<String>()) {
        let normal = Normal::of(&text);
        if let Some(reading) = model().score(&normal, |_| Covered::Free) {
            prop_assert!(reading.log_odds.is_finite());
            prop_assert!(reading.top_words(&normal).len() <= NAMED);
        }
    }
}
