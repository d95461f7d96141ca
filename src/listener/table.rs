//! All open connections: who gets a place, and who makes room. Part of `listener`: floor 5.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::line::Line;
use super::{Limits, is_in};
use crate::http::Narrow;

/// How long who has just come is left in peace while there are places: a hook that was let in must be read
/// before it could be sent away.
const GRACE: Duration = Duration::from_secs(1);
/// How long when there is no place at all: the bytes of a hook come with the end of its handshake. Others who
/// come meanwhile wait outside, where nothing of theirs is lost.
const BRIEF: Duration = Duration::from_millis(100);

/// All open connections.
pub(super) struct Table {
    limits: Limits,
    open: Mutex<Open>,
    /// Somebody has left, or could by now.
    left: Arc<Notify>,
}

#[derive(Default)]
struct Open {
    next: u64,
    lines: HashMap<u64, Arc<Line>>,
    of_address: HashMap<IpAddr, usize>,
}

/// A place at the table, until it is dropped.
pub(super) struct Place {
    table: Arc<Table>,
    line: Arc<Line>,
    number: u64,
    narrow: Option<Narrow>,
}

impl Place {
    pub(super) fn line(&self) -> Arc<Line> {
        Arc::clone(&self.line)
    }

    /// Whether who sits here must make room after all. Nobody whom we are answering by now does: their
    /// request would be lost. Then somebody else is looked for.
    pub(super) fn leaves(&self) -> bool {
        let leaves = self.line.leaves();
        if !leaves {
            self.table.left.notify_one();
        }
        leaves
    }

    /// Whom it is kept for, if for somebody.
    pub(super) const fn narrow(&self) -> Option<Narrow> {
        self.narrow
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.table.open();
        open.lines.remove(&self.number);
        if let Some(count) = open.of_address.get_mut(&self.line.peer) {
            *count -= 1;
            if *count == 0 {
                open.of_address.remove(&self.line.peer);
            }
        }
        drop(open);
        self.table.left.notify_one();
    }
}

impl Table {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            open: Mutex::default(),
            left: Arc::default(),
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when there is a place. If all are taken, somebody is made to leave; if all wait for us, the first
    /// whom we have answered; if the others have only just come, one of them who then still says nothing.
    pub(super) async fn room(&self) {
        loop {
            let left = self.left.notified();
            if self.open().lines.len() < self.limits.most {
                return;
            }
            if self.send_away(BRIEF) {
                left.await;
            } else {
                // Nothing tells that somebody has been silent for long enough by now.
                let _ = tokio::time::timeout(BRIEF, left).await;
            }
        }
    }

    /// Returns when somebody has left, or could by now.
    pub(super) async fn somebody_left(&self) {
        self.left.notified().await;
    }

    /// Who has waited longest leaves; nobody when all wait for us.
    pub(super) fn make_room(&self) {
        self.send_away(Duration::ZERO);
    }

    /// Whether there is somebody who has waited for so long, and leaves.
    fn send_away(&self, least: Duration) -> bool {
        let open = self.open();
        let longest = open.longest(None, least);
        if let Some(line) = longest {
            line.send_away();
        }
        longest.is_some()
    }

    /// Gives a caller a place. The last tenth of the places, and those of an address that has too many
    /// already and waits for us in all of them, are kept for gateways and monitors; the last half of that
    /// tenth for gateways alone.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Place {
        let peer = peer.to_canonical();
        let mut open = self.open();
        let reserve = (self.limits.most / 10).max(1);
        let free = self.limits.most.saturating_sub(open.lines.len());
        let is_full = free <= reserve;
        let mut narrow = is_full.then_some(if free <= reserve.div_ceil(2) {
            Narrow::Gateways
        } else {
            Narrow::Machines
        });
        let of_address = open.of_address.get(&peer).copied().unwrap_or(0);
        if of_address >= self.limits.per_address && !is_in(peer, &self.limits.proxies) {
            match open.longest(Some(peer), Duration::ZERO) {
                Some(line) => line.send_away(),
                None => narrow = narrow.or(Some(Narrow::Machines)),
            }
        }
        if is_full && let Some(line) = open.longest(None, GRACE) {
            line.send_away();
        }
        let number = open.next;
        open.next += 1;
        let line = Arc::new(Line::new(peer, Arc::clone(&self.left)));
        open.lines.insert(number, Arc::clone(&line));
        *open.of_address.entry(peer).or_default() += 1;
        Place {
            table: Arc::clone(self),
            line,
            number,
            narrow,
        }
    }
}

impl Open {
    /// Who has waited longest, of all or of one address, and for so long at least.
    fn longest(&self, of: Option<IpAddr>, least: Duration) -> Option<&Arc<Line>> {
        let lines = self.lines.values();
        let asked = lines.filter(|line| of.is_none_or(|of| of == line.peer));
        let waiting = asked.filter_map(|line| Some((line.could_leave()?, line)));
        let waiting = waiting.filter(|((_, since), _)| since.elapsed() >= least);
        let longest = waiting.min_by_key(|(waits, _)| *waits);
        longest.map(|(_, line)| line)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Patience;
    use super::super::line::Phase;
    use super::*;

    fn table(most: usize, per_address: usize) -> Arc<Table> {
        Arc::new(Table::new(Limits {
            patience: Patience {
                head: Duration::from_secs(1),
                body: Duration::from_secs(1),
                idle: Duration::from_secs(1),
                stalled: Duration::from_secs(1),
            },
            most,
            per_address,
            proxies: ["10.0.0.1/32".parse().unwrap()].into(),
        }))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn is_sent_away(place: &Place) -> bool {
        place.line.could_leave().is_none()
    }

    #[test]
    fn an_address_with_too_many_loses_its_longest_half_request_and_nobody_else_does() {
        let table = table(100, 3);
        let other = table.admit(address("192.0.2.9"));
        let [idle, half, newer] = [(); 3].map(|()| table.admit(address("192.0.2.1")));
        half.line.now(Phase::Head);
        newer.line.now(Phase::Body);
        let fourth = table.admit(address("::ffff:192.0.2.1"));
        assert!(is_sent_away(&half) && fourth.narrow().is_none());
        assert!(
            [&other, &idle, &newer]
                .iter()
                .all(|place| !is_sent_away(place))
        );
        // The longest in the middle of something is gone: then the next, then who waits between two requests.
        let _fifth = table.admit(address("192.0.2.1"));
        assert!(is_sent_away(&newer) && !is_sent_away(&idle));
        let _sixth = table.admit(address("192.0.2.1"));
        assert!(is_sent_away(&idle));
    }

    #[test]
    fn a_proxy_is_no_address_of_its_own() {
        let table = table(100, 3);
        let places: Vec<_> = (0..50).map(|_| table.admit(address("10.0.0.1"))).collect();
        assert!(
            places
                .iter()
                .all(|place| !is_sent_away(place) && place.narrow().is_none())
        );
    }

    #[test]
    fn whoever_waits_for_us_in_too_many_gets_only_what_is_kept_for_gateways() {
        let table = table(100, 2);
        let places = [(); 2].map(|()| table.admit(address("192.0.2.1")));
        for place in &places {
            place.line.now(Phase::Answering);
        }
        let kept_for = |of: &str| table.admit(address(of)).narrow();
        assert_eq!(kept_for("192.0.2.1"), Some(Narrow::Machines));
        assert_eq!(kept_for("192.0.2.2"), None);
        drop(places);
        assert_eq!(kept_for("192.0.2.1"), None);
        assert!(table.open().lines.is_empty() && table.open().of_address.is_empty());
    }

    #[test]
    fn of_the_places_that_are_kept_the_last_half_is_for_gateways_alone() {
        for (most, kept) in [(32, 3), (40, 4), (4096, 409)] {
            let table = table(most, most);
            let narrow: Vec<_> = (0..most)
                .map(|_| {
                    let place = table.admit(address("192.0.2.1"));
                    place.line.now(Phase::Answering);
                    (place.narrow(), place)
                })
                .collect();
            let count = |of| narrow.iter().filter(|(narrow, _)| *narrow == of).count();
            assert_eq!(count(None), most - kept);
            assert_eq!(count(Some(Narrow::Machines)), kept / 2);
            assert_eq!(count(Some(Narrow::Gateways)), kept - kept / 2);
            assert_eq!(narrow[most - 1].0, Some(Narrow::Gateways));
        }
    }

    #[tokio::test]
    async fn the_last_places_are_for_gateways_and_a_full_table_makes_room() {
        let table = table(10, 10);
        let mut places = Vec::new();
        for n in 0..9_u8 {
            table.room().await;
            let place = table.admit(IpAddr::from([192, 0, 2, n]));
            place.line.now(Phase::Answering);
            assert_eq!(place.narrow(), None, "{n}");
            places.push(place);
        }
        let last = table.admit(address("192.0.2.77"));
        assert_eq!(last.narrow(), Some(Narrow::Gateways));
        last.line.now(Phase::Head);
        let room = table.room();
        let leaves = async {
            last.line.is_to_leave().await;
            drop(last);
        };
        tokio::join!(room, leaves);
        assert_eq!(table.open().lines.len(), 9);
    }

    #[tokio::test]
    async fn who_has_just_come_leaves_a_full_table_only_if_they_go_on_saying_nothing() {
        let table = table(10, 10);
        let mut places: Vec<_> = (0..10_u8)
            .map(|n| table.admit(IpAddr::from([192, 0, 2, n])))
            .collect();
        let hook = places.pop().unwrap();
        for place in &places {
            place.line.now(Phase::Answering);
        }
        assert!(!table.send_away(Duration::from_hours(1)) && !is_sent_away(&hook));
        // Nobody else says anything to the table: it looks again by itself.
        let leaves = async {
            hook.line.is_to_leave().await;
            drop(hook);
        };
        tokio::join!(table.room(), leaves);
        assert_eq!(table.open().lines.len(), 9);
    }
}
