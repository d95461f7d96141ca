//! The three clocks of a case, each as a word, a shape and a colour: acknowledged, claimed, first words.
//! Floor 4.

use std::time::Duration;

use super::when::wait;
use crate::clock::At;
use crate::http::words::tr;

/// A clock, as it is shown: the class gives shape and colour, the words say the same.
pub(super) struct Face {
    pub(super) class: &'static str,
    pub(super) words: String,
}

/// What the clocks of a case are read from.
#[derive(Clone, Copy, Default)]
pub(super) struct Hands<'a> {
    /// How often it was paged.
    pub(super) pages: u32,
    /// Who acknowledged it.
    pub(super) acknowledged: Option<&'a str>,
    /// Who claimed it, and when.
    pub(super) claimed: Option<(&'a str, At)>,
    /// When a person last wrote.
    pub(super) answered: Option<At>,
    /// When something happens next by itself.
    pub(super) due: Option<At>,
}

fn face(class: &'static str, words: String) -> Face {
    Face { class, words }
}

/// The three of them.
pub(super) fn faces(hands: Hands<'_>, now: At) -> [Face; 3] {
    let left = hands.due.filter(|due| *due > now);
    let left = left.map(|due| wait(now, due));
    let acknowledged = match (hands.acknowledged, hands.pages) {
        (Some(by), _) => face("good", tr!("acknowledged by {by}", by)),
        (None, 0) => face("care", tr!("not paged yet")),
        (None, 1) => face("care", tr!("paged, nobody has answered")),
        (None, pages) => face(
            "bad",
            tr!("paged {pages} times, nobody has answered", pages),
        ),
    };
    let claimed = match (hands.claimed, hands.acknowledged) {
        (Some((by, _)), _) => face("good", tr!("claimed by {by}", by)),
        (None, Some(_)) => match &left {
            Some(wait) => face("care", tr!("to be claimed within {wait}", wait)),
            None => face("bad", tr!("to be claimed now")),
        },
        (None, None) => face("plain", tr!("not claimed")),
    };
    let words = match (hands.claimed, hands.answered) {
        (Some((_, claimed)), Some(answered)) if answered >= claimed => {
            face("good", tr!("wrote {wait} ago", wait = wait(answered, now)))
        }
        (Some(_), _) if hands.acknowledged.is_some() => match &left {
            Some(wait) => face("care", tr!("first words within {wait}", wait)),
            None => face("bad", tr!("first words now")),
        },
        _ => face("plain", tr!("no words yet")),
    };
    [acknowledged, claimed, words]
}

/// Whether a case has waited so long that the wait itself is said loudly.
pub(super) fn is_long(since: At, now: At) -> bool {
    now.since(since) >= Duration::from_mins(5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(hands: Hands<'_>) -> Vec<String> {
        let faces = faces(hands, At(600_000));
        faces
            .iter()
            .map(|face| format!("{}: {}", face.class, face.words))
            .collect()
    }

    #[test]
    fn each_clock_says_where_it_stands_and_how_long_it_runs() {
        let mut hands = Hands::default();
        assert_eq!(
            said(hands),
            [
                "care: not paged yet",
                "plain: not claimed",
                "plain: no words yet"
            ]
        );
        hands.pages = 3;
        assert_eq!(said(hands)[0], "bad: paged 3 times, nobody has answered");
        hands.acknowledged = Some("Duty phone");
        hands.due = Some(At(725_000));
        assert_eq!(
            said(hands),
            [
                "good: acknowledged by Duty phone",
                "care: to be claimed within 2 min 05 s",
                "plain: no words yet"
            ]
        );
        hands.claimed = Some(("First", At(590_000)));
        hands.due = Some(At(600_000));
        assert_eq!(
            said(hands)[1..],
            ["good: claimed by First", "bad: first words now"]
        );
        hands.answered = Some(At(595_000));
        assert_eq!(said(hands)[2], "good: wrote 5 s ago");
        assert!(!is_long(At(300_001), At(600_000)) && is_long(At(300_000), At(600_000)));
    }
}
