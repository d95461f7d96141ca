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
    let mut said: Vec<&ThreadMessage> = messages.iter().collect();
    said.sort_by_key(|message| (message.at, message.id));
    let said = said.iter().map(|message| (message.author, message.at));
    let since = unanswered(said).filter(|_| tier >= Tier::High);
    since.filter(|since| now.since(*since) >= LONG)
}

/// The first words of the team after the last of the texter.
fn unanswered(said: impl Iterator<Item = (Author, At)>) -> Option<At> {
    said.fold(None, |since, (author, at)| match author {
        Author::Texter => None,
        Author::Line => since,
        Author::Staff => since.or(Some(at)),
    })
}

#[cfg(test)]
mod tests {
    use super::Author::{Line, Staff, Texter};
    use super::*;

    #[test]
    fn a_gap_counts_from_the_first_words_that_were_not_answered() {
        for (said, expected) in [
            (&[(Texter, 1), (Line, 2)][..], None),
            (&[(Texter, 1), (Staff, 1), (Staff, 5)], Some(At(1))),
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
