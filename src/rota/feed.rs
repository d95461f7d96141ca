//! The address of a person's calendar: made, made anew, and taken back; and what is read there.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::Rota;
use crate::clock::At;
use crate::credential::{Token, token_hash};
use crate::oncall::{Cover, Schedule};
use crate::store::{Account, StoreError};

impl Rota {
    /// Makes an address for a person's own calendar, and returns its token, which is shown once. An
    /// earlier address stops working.
    ///
    /// # Errors
    /// [`StoreError`]: an earlier address still works.
    pub async fn renew_feed(&self, by: &Account) -> Result<String, StoreError> {
        let token = Token::new(&*self.ids);
        self.set_feed(by, Some(token.hash), "feed.renewed").await?;
        Ok(token.shown)
    }

    /// Takes the address of a person's own calendar back: it stops working.
    ///
    /// # Errors
    /// [`StoreError`]: it still works.
    pub async fn revoke_feed(&self, by: &Account) -> Result<(), StoreError> {
        self.set_feed(by, None, "feed.revoked").await
    }

    async fn set_feed(
        &self,
        by: &Account,
        hash: Option<Vec<u8>>,
        action: &'static str,
    ) -> Result<(), StoreError> {
        let (now, work) = (self.clock.now(), Arc::new((by.clone(), hash)));
        let unit = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (by, hash) = &*work;
                tx.set_feed(by.id, hash.as_deref()).await?;
                tx.audit(now, &by.login, action, Some(by.id), &json!({}))
                    .await
            })
        });
        unit.await
    }
}

/// How far back a calendar goes: what was, stays for a while.
const BACK: Duration = Duration::from_hours(14 * 24);
/// How far ahead it looks.
const AHEAD: Duration = Duration::from_hours(90 * 24);

/// A person's own times on call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agenda {
    /// The person.
    pub staff: Uuid,
    /// Their times, in order.
    pub times: Vec<Time>,
}

/// A time on call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Time {
    /// The schedule.
    pub schedule: Uuid,
    /// Its name.
    pub name: String,
    /// From this moment.
    pub from: At,
    /// To before this moment.
    pub until: At,
}

impl Rota {
    /// The times of whom the address of a calendar belongs to, from two weeks ago to three months ahead.
    /// `None` when it is nobody's, any more.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn agenda(&self, token: &str) -> Result<Option<Agenda>, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.read().await?;
        let Some(staff) = tx.staff_of_feed(&token_hash(token)).await? else {
            return Ok(None);
        };
        // Who is locked is on no call.
        if tx.person(staff).await?.is_none() {
            return Ok(None);
        }
        // Whole days: the same times are the same calendar all day.
        let (from, until) = (day_of(now.minus(BACK)), day_of(now.plus(AHEAD)));
        let schedules = tx.schedules(from).await?;
        let mut times = times_of(&schedules, staff, from, until);
        for time in times.iter_mut().filter(|time| time.from == from) {
            let schedule = schedules.iter().find(|one| one.id == time.schedule);
            time.from = schedule.map_or(from, |schedule| begin(schedule, staff, from));
        }
        Ok(Some(Agenda { staff, times }))
    }

    /// The times of a person from now on, for so long.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn next_times(&self, staff: Uuid, ahead: Duration) -> Result<Vec<Time>, StoreError> {
        let now = self.clock.now();
        let schedules = self.store.read().await?.schedules(now).await?;
        Ok(times_of(&schedules, staff, now, now.plus(ahead)))
    }
}

/// The first moment of a day, in UTC.
const fn day_of(at: At) -> At {
    const DAY_MS: i64 = 24 * 3_600_000;
    At(at.0 - at.0.rem_euclid(DAY_MS))
}

/// When a time began that goes on at a moment. Without it, the event of a long time would be another one
/// each day. Of somebody who has been on call for more than a year, the year.
fn begin(schedule: &Schedule, staff: Uuid, moment: At) -> At {
    let mut back = BACK;
    loop {
        let from = moment.minus(back);
        let before = schedule.coverage(from, moment).into_iter();
        let mut before = before.filter(|cover| cover.staff == staff && cover.until == moment);
        match before.next() {
            None => return moment,
            Some(cover) if cover.from > from => return cover.from,
            Some(_) if back > Duration::from_hours(366 * 24) => return from,
            Some(_) => back *= 2,
        }
    }
}

/// The times of a person on any schedule, in order. Two turns in a row are one time.
fn times_of(schedules: &[Schedule], staff: Uuid, from: At, until: At) -> Vec<Time> {
    let of = |schedule: &Schedule| {
        let theirs = schedule.coverage(from, until).into_iter();
        let theirs = theirs.filter(|cover| cover.staff == staff);
        let (id, name) = (schedule.id, schedule.name.clone());
        let time = move |cover: Cover| Time {
            schedule: id,
            name: name.clone(),
            from: cover.from,
            until: cover.until,
        };
        theirs.map(time).collect::<Vec<_>>()
    };
    let mut times: Vec<Time> = schedules.iter().flat_map(of).collect();
    times.sort_by_key(|time| (time.from, time.until, time.schedule));
    times
}
