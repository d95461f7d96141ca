//! Neighbours: the other replicas on a database. What one of them changes, open pages of the others hear at
//! once, through PostgreSQL, and their workers where it is urgent. Floor 3.
//!
//! Nothing depends on it: every worker looks by itself each second, and a page reads itself again every
//! fifteen. Behind a pooler that shares connections between transactions, where `LISTEN` does not work,
//! that is what remains.

use std::collections::BTreeSet;
use std::time::Duration;

use uuid::Uuid;

use crate::feed::{Feed, News};
use crate::store::{NewsLine, Store, StoreError, Teller};

/// From one attempt to reach the database to the next.
const AGAIN: Duration = Duration::from_secs(2);
/// What is said within so long goes together: a commit of the database and a wake-up of every replica for each text
/// would cost all of them more than it tells them.
const TOGETHER: Duration = Duration::from_millis(100);
/// So many words go at once: with 50 bytes at most for each, they stay below the 8,000 of PostgreSQL.
const AT_ONCE: usize = 100;

/// Carries news between this replica and the others.
pub struct Neighbours {
    /// Where the others are.
    pub store: Store,
    /// What is told and heard here.
    pub feed: Feed,
    /// This replica: what it said itself is no news to it.
    pub process: Uuid,
}

impl Neighbours {
    /// Carries news for as long as it is polled. Returns only on SQLite, where there are no others.
    pub async fn carry(&self) {
        loop {
            self.store.found().await;
            match self.store.news_line().await {
                Ok(None) => return,
                Ok(Some(line)) => self.carry_over(line).await,
                Err(error) => tracing::debug!(%error, "the other replicas are out of reach"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Carries until the connection is lost and cannot be made again.
    async fn carry_over(&self, line: NewsLine) {
        // What was said before it is not known.
        self.feed.missed_others();
        let teller = line.teller();
        let heard = self.hear(line);
        let told = self.tell(teller);
        let lost = tokio::select! {
            lost = heard => lost,
            lost = told => lost,
        };
        tracing::info!(error = %lost, "the line to the other replicas is lost; it is made again");
    }

    async fn hear(&self, mut line: NewsLine) -> StoreError {
        loop {
            match line.hear().await {
                Ok(Some(words)) => heard(&words, self.process)
                    .into_iter()
                    .for_each(|news| self.feed.heard(news)),
                Ok(None) => self.feed.missed_others(),
                Err(lost) => return lost,
            }
        }
    }

    async fn tell(&self, teller: Teller) -> StoreError {
        loop {
            for words in said(&self.feed.news().await, self.process) {
                if let Err(lost) = teller.tell(&words).await {
                    return lost;
                }
            }
            // The first word goes at once.
            tokio::time::sleep(TOGETHER).await;
        }
    }
}

/// What is said: who says it, then a word for each piece of news.
fn said(news: &BTreeSet<News>, process: Uuid) -> Vec<String> {
    let news: Vec<&News> = news.iter().collect();
    news.chunks(AT_ONCE)
        .map(|some| {
            some.iter()
                .fold(process.to_string(), |said, news| format!("{said} {news}"))
        })
        .collect()
}

/// The news in what was said by another replica. A word of a newer version is no news.
fn heard(words: &str, process: Uuid) -> Vec<News> {
    let mut words = words.split(' ');
    let ours = words.next().is_some_and(|by| by.parse() == Ok(process));
    if ours {
        return Vec::new();
    }
    words.filter_map(|word| word.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Signal;

    #[test]
    fn what_one_says_the_others_hear_and_not_itself() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let conversations =
            (0..250).map(|n| News::Changed(Signal::Conversation(Uuid::from_u128(n))));
        let news: BTreeSet<News> = conversations.chain([News::Outbox, News::Ladder]).collect();
        let said = said(&news, one);
        assert!(said.iter().all(|words| words.len() < 8_000));
        let hears = |who| {
            let words = said.iter().flat_map(|words| heard(words, who));
            words.collect::<BTreeSet<_>>()
        };
        assert_eq!(hears(other), news);
        assert_eq!(hears(one), BTreeSet::new());
    }

    #[test]
    fn what_a_newer_version_says_is_heard_as_far_as_it_is_known() {
        let words = format!("{} queue weather outbox", Uuid::from_u128(1));
        let news = [News::Changed(Signal::Queue), News::Outbox];
        assert_eq!(heard(&words, Uuid::from_u128(2)), news);
        assert!(heard("", Uuid::from_u128(2)).is_empty());
    }
}
