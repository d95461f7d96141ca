//! The feed: who must look again. Signals only, never data. Floor 2.
//!
//! It is the feed of one process. What the other replicas must hear is kept as [`News`] until it is taken
//! to them.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, broadcast};
use uuid::Uuid;

use crate::lane::Lane;
use crate::oncall::Channel;

/// Something changed; whoever shows it reads it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// The queue.
    Queue,
    /// One conversation.
    Conversation(Uuid),
    /// Who is on call, and when.
    OnCall,
    /// The phones of the simulator.
    Simulator,
    /// What happened for a while is not known: everything is to be read again.
    Everything,
}

/// What another replica must hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum News {
    /// There may be something urgent to send. Whatever else there is, they find within a second.
    Outbox,
    /// An alert was opened or changed.
    Ladder,
    /// What is shown changed.
    Changed(Signal),
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outbox => f.write_str("outbox"),
            Self::Ladder => f.write_str("ladder"),
            Self::Changed(Signal::Queue) => f.write_str("queue"),
            Self::Changed(Signal::Conversation(id)) => write!(f, "conversation:{id}"),
            Self::Changed(Signal::OnCall) => f.write_str("on-call"),
            Self::Changed(Signal::Simulator) => f.write_str("simulator"),
            Self::Changed(Signal::Everything) => f.write_str("everything"),
        }
    }
}

/// A word that this version does not know, as from a newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownNews;

impl FromStr for News {
    type Err = UnknownNews;

    fn from_str(word: &str) -> Result<Self, UnknownNews> {
        Ok(match word {
            "outbox" => Self::Outbox,
            "ladder" => Self::Ladder,
            "queue" => Self::Changed(Signal::Queue),
            "on-call" => Self::Changed(Signal::OnCall),
            "simulator" => Self::Changed(Signal::Simulator),
            "everything" => Self::Changed(Signal::Everything),
            _ => {
                let id = word.strip_prefix("conversation:").ok_or(UnknownNews)?;
                let id = id.parse().map_err(|_| UnknownNews)?;
                Self::Changed(Signal::Conversation(id))
            }
        })
    }
}

/// So much news is kept one by one; more than that means that everything is to be read again.
const MOST_NEWS: usize = 256;

/// How many signals are kept for a page that comes back.
const KEPT: usize = 1024;

/// A signal with its place among all signals of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// The place, from 1.
    pub number: u64,
    /// The signal.
    pub signal: Signal,
}

/// What a page that comes back has missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missed {
    /// These, in their order.
    These(Vec<Numbered>),
    /// More than is known: it must read everything again.
    Unknown,
}

/// What somebody hears from here on.
pub struct Subscription {
    /// What they missed.
    pub missed: Missed,
    /// The number of the last signal before.
    pub last: u64,
    /// What comes.
    pub signals: broadcast::Receiver<Numbered>,
}

/// Carries signals to open pages, and wakes the workers. Clones share it.
#[derive(Clone)]
pub struct Feed {
    signals: broadcast::Sender<Numbered>,
    recent: Arc<Mutex<VecDeque<Numbered>>>,
    lanes: [Arc<Notify>; Lane::ALL.len()],
    channels: [Arc<Notify>; Channel::ALL.len()],
    ladder: Arc<Notify>,
    news: Arc<Mutex<BTreeSet<News>>>,
    news_came: Arc<Notify>,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            signals: broadcast::channel(256).0,
            recent: Arc::default(),
            lanes: Default::default(),
            channels: Default::default(),
            ladder: Arc::default(),
            news: Arc::default(),
            news_came: Arc::default(),
        }
    }
}

impl Feed {
    /// Tells open pages, here and at the other replicas. Nobody may be looking: that is no error.
    pub fn signal(&self, signal: Signal) {
        self.signal_here(signal);
        self.tell(News::Changed(signal));
    }

    fn signal_here(&self, signal: Signal) {
        // Sent under the lock, so that nobody sees them in another order.
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let number = recent.back().map_or(1, |last| last.number + 1);
        let signal = Numbered { number, signal };
        recent.push_back(signal);
        if recent.len() > KEPT {
            recent.pop_front();
        }
        let _ = self.signals.send(signal);
    }

    /// Signals from now on, and what came after the one with this number, if one is given: nothing is
    /// between the two.
    #[must_use]
    pub fn subscribe(&self, after: Option<u64>) -> Subscription {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let last = recent.back().map_or(0, |last| last.number);
        let first = recent.front().map_or(1, |first| first.number);
        let after = after.unwrap_or(last);
        let missed = if after > last || after + 1 < first {
            Missed::Unknown
        } else {
            let missed = recent.iter().filter(|one| one.number > after);
            Missed::These(missed.copied().collect())
        };
        Subscription {
            missed,
            last,
            signals: self.signals.subscribe(),
        }
    }

    /// How many pages are open that hear signals.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.signals.receiver_count()
    }

    /// There may be something to send, in any lane.
    pub fn wake_outbox(&self) {
        self.wake_lanes(Lane::ALL);
    }

    /// There may be something to send in these lanes, and in no other. It leaves from here: the other replicas
    /// hear of it only where it is urgent, because each of them would look in vain, text after text.
    pub fn wake_lanes(&self, lanes: impl IntoIterator<Item = Lane>) {
        let mut urgent = false;
        for lane in lanes {
            self.wake_lane(lane);
            urgent |= lane.prefers_twice();
        }
        if urgent {
            self.tell(News::Outbox);
        }
    }

    fn wake_lane(&self, lane: Lane) {
        // One worker of each lane and channel; it takes all that is due.
        self.lanes[lane as usize].notify_one();
        if lane == Lane::Page {
            self.channels.iter().for_each(|one| one.notify_one());
        }
    }

    fn wake_urgent_lanes(&self) {
        let urgent = Lane::ALL.into_iter().filter(|lane| lane.prefers_twice());
        urgent.for_each(|lane| self.wake_lane(lane));
    }

    /// An alert was opened or changed.
    pub fn wake_ladder(&self) {
        self.ladder.notify_one();
        self.tell(News::Ladder);
    }

    /// Another replica said this: it goes no further.
    pub fn heard(&self, news: News) {
        match news {
            News::Outbox => self.wake_urgent_lanes(),
            News::Ladder => self.ladder.notify_one(),
            News::Changed(signal) => self.signal_here(signal),
        }
    }

    /// What other replicas did for a while is not known: everybody here looks again.
    pub fn missed_others(&self) {
        for news in [
            News::Outbox,
            News::Ladder,
            News::Changed(Signal::Everything),
        ] {
            self.heard(news);
        }
    }

    fn tell(&self, news: News) {
        let mut kept = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        let everything = News::Changed(Signal::Everything);
        if kept.len() >= MOST_NEWS && !kept.contains(&news) {
            *kept = BTreeSet::from([News::Outbox, News::Ladder, everything]);
        } else if !kept.contains(&everything) || !matches!(news, News::Changed(_)) {
            kept.insert(news);
        }
        drop(kept);
        self.news_came.notify_one();
    }

    /// Waits for news for the other replicas, and takes it: each of it once, however often it was told.
    pub async fn news(&self) -> BTreeSet<News> {
        loop {
            let news = self.take_news();
            if !news.is_empty() {
                return news;
            }
            self.news_came.notified().await;
        }
    }

    fn take_news(&self) -> BTreeSet<News> {
        let mut kept = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *kept)
    }

    /// What the workers of a lane wait for, besides time: for texts one of their own each, and one for
    /// each other channel, by which nothing but pages leaves.
    #[must_use]
    pub fn outbox(&self, lane: Lane, channel: Channel) -> Arc<Notify> {
        Arc::clone(match channel {
            Channel::Sms => &self.lanes[lane as usize],
            other => &self.channels[other as usize],
        })
    }

    /// What the paging worker waits for, besides time.
    #[must_use]
    pub fn ladder(&self) -> Arc<Notify> {
        Arc::clone(&self.ladder)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn who_comes_back_gets_what_they_missed_in_its_order_or_reads_everything_again() {
        let feed = Feed::default();
        assert_eq!(feed.subscribe(Some(0)).missed, Missed::These(Vec::new()));
        assert_eq!(
            feed.subscribe(Some(1)).missed,
            Missed::Unknown,
            "of another process"
        );
        for _ in 0..3 {
            feed.signal(Signal::Queue);
        }
        let now = feed.subscribe(None);
        assert_eq!((now.missed, now.last), (Missed::These(Vec::new()), 3));
        let numbers = |after| match feed.subscribe(Some(after)).missed {
            Missed::These(these) => these.iter().map(|one| one.number).collect::<Vec<_>>(),
            Missed::Unknown => vec![0],
        };
        assert_eq!(numbers(1), [2, 3]);
        assert!(numbers(3).is_empty());
        for _ in 0..KEPT {
            feed.signal(Signal::OnCall);
        }
        assert_eq!(numbers(2), [0], "too long ago");
        assert_eq!(numbers(3).len(), KEPT);
    }

    #[tokio::test]
    async fn other_replicas_hear_each_of_it_once_and_of_too_much_that_everything_changed() {
        let feed = Feed::default();
        let one = Signal::Conversation(Uuid::from_u128(1));
        for _ in 0..3 {
            feed.signal(one);
            feed.wake_outbox();
        }
        let told = BTreeSet::from([News::Outbox, News::Changed(one)]);
        assert_eq!(feed.news().await, told);
        for n in 0..10_000 {
            feed.signal(Signal::Conversation(Uuid::from_u128(n)));
        }
        feed.wake_ladder();
        let told = feed.news().await;
        assert!(told.contains(&News::Changed(Signal::Everything)) && told.len() <= MOST_NEWS);
        assert!(told.contains(&News::Ladder));
    }

    #[tokio::test]
    async fn what_another_replica_said_is_heard_here_and_told_to_nobody() {
        let feed = Feed::default();
        let mut pages = feed.subscribe(None).signals;
        for news in [News::Outbox, News::Ladder, News::Changed(Signal::OnCall)] {
            feed.heard(news.to_string().parse().unwrap());
        }
        assert_eq!(pages.recv().await.unwrap().signal, Signal::OnCall);
        feed.ladder().notified().await;
        feed.outbox(Lane::Crisis, Channel::Sms).notified().await;
        feed.outbox(Lane::Page, Channel::Email).notified().await;
        feed.wake_ladder();
        assert_eq!(feed.news().await, BTreeSet::from([News::Ladder]));
    }

    #[tokio::test]
    async fn only_who_has_something_to_send_looks_and_other_replicas_only_for_what_is_urgent() {
        let feed = Feed::default();
        let woken = |lane, channel| feed.outbox(lane, channel).notified().now_or_never();
        feed.wake_lanes([Lane::Content]);
        assert!(woken(Lane::Content, Channel::Sms).is_some());
        for lane in [Lane::Crisis, Lane::Page, Lane::Conversation] {
            assert!(woken(lane, Channel::Sms).is_none(), "{lane:?}");
        }
        assert!(feed.take_news().is_empty());
        feed.wake_lanes([Lane::Conversation, Lane::Page]);
        assert_eq!(feed.take_news(), BTreeSet::from([News::Outbox]));
        feed.heard(News::Outbox);
        assert!(woken(Lane::Crisis, Channel::Sms).is_some());
        assert!(woken(Lane::Page, Channel::Voice).is_some());
        assert!(woken(Lane::Content, Channel::Sms).is_none());
    }

    #[test]
    fn news_is_a_word_and_an_unknown_word_is_no_news() {
        let id = Uuid::from_u128(7);
        for signal in [
            Signal::Queue,
            Signal::Conversation(id),
            Signal::OnCall,
            Signal::Simulator,
            Signal::Everything,
        ] {
            let news = News::Changed(signal);
            assert_eq!(news.to_string().parse(), Ok(news));
        }
        for word in ["", "weather", "conversation:", "conversation:7", "Queue"] {
            assert_eq!(word.parse::<News>(), Err(UnknownNews), "{word}");
        }
    }
}
