//! Somebody in danger who does not answer any more. Gaps are normal in texts; after a long one the page says
//! so, and what can be done.

use std::time::Duration;

use crate::clock::At;
use crate::store::{Author, ThreadMessage};
use crate::triage::Tier;

/// From when on a gap is long.
const LONG: Duration = Duration::from_mins(10);

/// Since when a texter in danger has owed an answer to a person for long: from the first words of the team
/// that they did not answer. None where they wrote last, where nobody of the team has written, and where there
/// is no danger.
pub(super) fn since(messages: &[ThreadMessage], tier: Tier, now: At) -> Option<At> {
    let said = messages.iter().map(|message| (message.author, message.at));
    let since = unanswered(said).filter(|_| tier >= Tier::High);
    since.filter(|since| now.since(*since) >= LONG)
}

/// The first words of the team after the last of the texter.
fn unanswered(said: impl Iterator<Item = (Author, At)> + Clone) -> Option<At> {
    let of = |wanted| said.clone().filter(move |(author, _)| *author == wanted);
    let heard = of(Author::Texter).map(|(_, at)| at).max();
    let team = of(Author::Staff).map(|(_, at)| at);
    team.filter(|at| heard.is_none_or(|heard| *at > heard))
        .min()
}

#[cfg(test)]
mod tests {
    use super::Author::{Line, Staff, Texter};
    use super::*;

    #[test]
    fn a_gap_counts_from_the_first_words_that_were_not_answered() {
        for (said, expected) in [
            (&[(Texter, 1), (Line, 2)][..], None),
            (&[(Texter, 1), (Staff, 3), (Staff, 5)], Some(At(3))),
            (&[(Texter, 1), (Staff, 3), (Texter, 4)], None),
            (
                &[(Texter, 1), (Staff, 3), (Texter, 4), (Line, 5), (Staff, 6)],
                Some(At(6)),
            ),
            (&[(Staff, 7)], Some(At(7))),
            (&[], None),
        ] {
            let said = said.iter().map(|(author, at)| (*author, At(*at)));
            assert_eq!(unanswered(said), expected);
        }
    }
}
