//! Who is on call at a moment, and from when to when.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;
use uuid::Uuid;

use super::{Change, Override, Schedule, wall};
use crate::clock::At;

/// Why somebody is on call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// It is their turn in this rotation.
    Rotation(Uuid),
    /// They have this fixed shift.
    Shift(Uuid),
    /// This override put them there.
    Override(Uuid),
}

/// A time in which somebody is on call without a break, for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Who.
    pub staff: Uuid,
    /// From this moment.
    pub from: At,
    /// To before this moment.
    pub until: At,
    /// Why. Who is on call for several reasons has the first: rotations, then shifts.
    pub source: Source,
}

/// A time in which somebody is on call without a break, whatever the reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cover {
    /// Who.
    pub staff: Uuid,
    /// From this moment.
    pub from: At,
    /// To before this moment.
    pub until: At,
}

/// Who is on call, and why.
type Holders = BTreeMap<Uuid, Source>;

impl Schedule {
    /// Who is on call at a moment.
    #[must_use]
    pub fn on_call(&self, at: At) -> BTreeSet<Uuid> {
        self.holders(at).into_keys().collect()
    }

    /// Who has the turn of one rotation at a moment; or who took it from them by an override.
    #[must_use]
    pub fn on_rotation(&self, rotation: Uuid, at: At) -> Option<Uuid> {
        let rotation = self.rotations.iter().find(|one| one.id == rotation)?;
        let mut holder = rotation.holder(&self.zone, at);
        for one in self.overrides.iter().filter(|one| one.holds(at)) {
            holder = match (one.change, holder) {
                (Change::Remove(out), Some(now)) if out == now => None,
                (Change::Replace(out, by), Some(now)) if out == now => Some(by),
                _ => holder,
            };
        }
        holder
    }

    /// Who is on call from one moment to before another, in order of time, then of people. Spans are cut
    /// at both ends; those of one person never overlap, and meet only where the reason changes.
    #[must_use]
    pub fn spans(&self, from: At, until: At) -> Vec<Span> {
        let mut done: Vec<Span> = Vec::new();
        let mut open: BTreeMap<Uuid, Span> = BTreeMap::new();
        for (begins, ends, holders) in self.pieces(from, until) {
            let mut still = BTreeMap::new();
            for (staff, source) in holders {
                let before = open.remove(&staff);
                let (goes_on, broken) = match before {
                    Some(span) if span.source == source => (Some(span), None),
                    other => (None, other),
                };
                done.extend(broken);
                let fresh = Span {
                    staff,
                    from: begins,
                    until: ends,
                    source,
                };
                let span = goes_on.map_or(fresh, |span| Span {
                    until: ends,
                    ..span
                });
                still.insert(staff, span);
            }
            done.extend(open.into_values());
            open = still;
        }
        done.extend(open.into_values());
        done.sort_by_key(|span| (span.from, span.staff));
        done
    }

    /// The same as [`spans`](Self::spans) whatever the reasons: those of one person never meet.
    #[must_use]
    pub fn coverage(&self, from: At, until: At) -> Vec<Cover> {
        let mut covers: Vec<Cover> = Vec::new();
        let mut last: BTreeMap<Uuid, usize> = BTreeMap::new();
        for span in self.spans(from, until) {
            let before = last.get(&span.staff).and_then(|at| covers.get_mut(*at));
            match before {
                Some(before) if before.until == span.from => before.until = span.until,
                _ => {
                    last.insert(span.staff, covers.len());
                    covers.push(Cover {
                        staff: span.staff,
                        from: span.from,
                        until: span.until,
                    });
                }
            }
        }
        covers
    }

    /// When somebody is the holder of one rotation ([`on_rotation`](Self::on_rotation)), from one moment
    /// to before another.
    #[must_use]
    pub fn rotation_coverage(&self, rotation: Uuid, from: At, until: At) -> Vec<Cover> {
        let mut covers: Vec<Cover> = Vec::new();
        for (begins, ends, _) in self.pieces(from, until) {
            let Some(staff) = self.on_rotation(rotation, begins) else {
                continue;
            };
            match covers.last_mut() {
                Some(last) if last.staff == staff && last.until == begins => last.until = ends,
                _ => covers.push(Cover {
                    staff,
                    from: begins,
                    until: ends,
                }),
            }
        }
        covers
    }

    /// When somebody who is on call is so for two reasons at once, in order of time: two rotations have
    /// the same holder, or a shift meets their turn.
    #[must_use]
    pub fn doubled(&self, from: At, until: At) -> Vec<Cover> {
        let mut doubled: Vec<Cover> = Vec::new();
        for (begins, ends, holders) in self.pieces(from, until) {
            let turns = self.rotations.iter();
            let turns = turns.filter_map(|rotation| rotation.holder(&self.zone, begins));
            let shifts = self.shifts.iter();
            let shifts = shifts.filter(|shift| shift.starts_at <= begins && begins < shift.ends_at);
            let mut times: BTreeMap<Uuid, usize> = BTreeMap::new();
            for staff in turns.chain(shifts.map(|shift| shift.staff_id)) {
                *times.entry(staff).or_default() += 1;
            }
            for staff in holders.into_keys() {
                if times.get(&staff).is_none_or(|times| *times < 2) {
                    continue;
                }
                let goes_on = |cover: &&mut Cover| cover.staff == staff && cover.until == begins;
                match doubled.iter_mut().rev().find(goes_on) {
                    Some(cover) => cover.until = ends,
                    None => doubled.push(Cover {
                        staff,
                        from: begins,
                        until: ends,
                    }),
                }
            }
        }
        doubled
    }

    /// The times from one moment to before another in which nobody is on call.
    #[must_use]
    pub fn gaps(&self, from: At, until: At) -> Vec<(At, At)> {
        let mut gaps: Vec<(At, At)> = Vec::new();
        for (begins, ends, holders) in self.pieces(from, until) {
            match gaps.last_mut() {
                _ if !holders.is_empty() => {}
                Some(gap) if gap.1 == begins => gap.1 = ends,
                _ => gaps.push((begins, ends)),
            }
        }
        gaps
    }

    /// The moment of a date and time on the wall of this schedule. A time that spring leaves out is the
    /// moment of the jump, and of one that autumn shows twice it is the first. `None` beyond the range of
    /// the calendar.
    #[must_use]
    pub fn moment(&self, wall: DateTime) -> Option<At> {
        wall::moment(&self.zone, wall)
    }

    /// What the wall of this schedule shows at a moment. `None` beyond the range of the calendar.
    #[must_use]
    pub fn wall(&self, at: At) -> Option<DateTime> {
        wall::shown(&self.zone, at)
    }

    fn holders(&self, at: At) -> Holders {
        let mut holders = Holders::new();
        for rotation in &self.rotations {
            if let Some(staff) = rotation.holder(&self.zone, at) {
                holders
                    .entry(staff)
                    .or_insert(Source::Rotation(rotation.id));
            }
        }
        for shift in &self.shifts {
            if shift.starts_at <= at && at < shift.ends_at {
                holders
                    .entry(shift.staff_id)
                    .or_insert(Source::Shift(shift.id));
            }
        }
        for one in self.overrides.iter().filter(|one| one.holds(at)) {
            one.change(&mut holders);
        }
        holders
    }

    /// The time from one moment to before another, cut wherever anything may change.
    fn pieces(&self, from: At, until: At) -> impl Iterator<Item = (At, At, Holders)> {
        let mut edges = vec![from, until];
        for rotation in &self.rotations {
            rotation.edges(&self.zone, from, until, &mut edges);
        }
        let shifts = self.shifts.iter().map(|one| [one.starts_at, one.ends_at]);
        let overrides = self
            .overrides
            .iter()
            .map(|one| [one.starts_at, one.ends_at]);
        let fixed = shifts.chain(overrides).flatten();
        edges.extend(fixed.filter(|at| from < *at && *at < until));
        edges.sort_unstable();
        edges.dedup();
        if from >= until {
            edges.clear();
        }
        let next: Vec<At> = edges.iter().skip(1).copied().collect();
        edges
            .into_iter()
            .zip(next)
            .map(|(begins, ends)| (begins, ends, self.holders(begins)))
    }
}

impl Override {
    fn holds(&self, at: At) -> bool {
        self.starts_at <= at && at < self.ends_at
    }

    fn change(&self, holders: &mut Holders) {
        let source = Source::Override(self.id);
        match self.change {
            Change::Add(staff) => {
                holders.entry(staff).or_insert(source);
            }
            Change::Remove(staff) => {
                holders.remove(&staff);
            }
            Change::Replace(staff, by) => {
                if holders.remove(&staff).is_some() {
                    holders.entry(by).or_insert(source);
                }
            }
        }
    }
}
