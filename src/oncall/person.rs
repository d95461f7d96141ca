//! People on call: how each is reached, and the rules of their own.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::contact::{Address, Secret};
use crate::clock::At;

/// How a page reaches a person.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Channel {
    /// A text, through a gateway.
    Sms,
    /// A call that is answered with a key, through a gateway that can call.
    Voice,
    /// An e-mail.
    Email,
    /// A signed request to a receiver of notifications.
    Webhook,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 4] = [Self::Sms, Self::Voice, Self::Email, Self::Webhook];

    /// The channel of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.word() == word)
    }

    /// The word for it in tables, logs and pages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Voice => "voice",
            Self::Email => "email",
            Self::Webhook => "webhook",
        }
    }
}

/// Which pages a contact method is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Uses {
    /// Every page and notice.
    All,
    /// Pages for a crisis only.
    Crisis,
    /// Everything but a crisis; a crisis uses it all the same where nothing else is left.
    Other,
}

impl Uses {
    /// Every use.
    pub const ALL: [Self; 3] = [Self::All, Self::Crisis, Self::Other];

    /// The word for it in tables, forms and logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Crisis => "crisis",
            Self::Other => "other",
        }
    }

    /// The use of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|uses| uses.word() == word)
    }
}

/// One way to reach a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// The row.
    pub id: Uuid,
    /// Whose it is.
    pub staff_id: Uuid,
    /// How it is reached.
    pub channel: Channel,
    /// What its owner calls it, as in "my phone".
    pub label: String,
    /// The gateway of a text or a call; without one, the gateway of all pages.
    pub gateway: Option<String>,
    /// The shape of a webhook's body.
    pub preset: Option<String>,
    /// Where it leads.
    pub address: Address,
    /// What a webhook is signed with, or its receiver's key.
    pub secret: Option<Secret>,
    /// Which pages it is for.
    pub uses: Uses,
    /// When its owner proved that it reaches them.
    pub verified_at: Option<At>,
    /// When a page or a test on it was last answered.
    pub tested_at: Option<At>,
    /// When its owner texted STOP from it, or a carrier said so.
    pub stopped_at: Option<At>,
    /// When it was switched off by a person.
    pub disabled_at: Option<At>,
}

impl Method {
    /// Where it leads, as much of it as others may see.
    #[must_use]
    pub fn shown(&self) -> String {
        self.address.masked(self.channel)
    }

    /// Whether a page may be expected to arrive by it: verified, not stopped, not switched off.
    #[must_use]
    pub const fn works(&self) -> bool {
        self.verified_at.is_some() && self.stopped_at.is_none() && self.disabled_at.is_none()
    }
}

/// The hours in which a person is not woken for anything but a crisis, in minutes after local
/// midnight; `from` later than `until` goes over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// The first minute.
    pub from: u16,
    /// The first minute after it.
    pub until: u16,
}

/// A time of day in minutes after midnight, from "20:00"; "24:00" is the end of the day.
#[must_use]
pub fn minutes_of(typed: &str) -> Option<u16> {
    let (hours, minutes) = typed.trim().split_once(':')?;
    let two = |digits: &str| {
        (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
    };
    if !two(hours) || minutes.len() != 2 || !two(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let all = hours * 60 + minutes;
    (minutes < 60 && all <= 24 * 60).then_some(all)
}

impl Quiet {
    /// These hours, as in "22:00 – 07:00".
    #[must_use]
    pub fn words(&self) -> String {
        let shown = |all: u16| format!("{:02}:{:02}", all / 60, all % 60);
        format!("{} – {}", shown(self.from), shown(self.until))
    }

    /// Whether these hours are at this moment, in a time zone.
    #[must_use]
    pub fn covers(&self, at: At, zone: &TimeZone) -> bool {
        let Ok(moment) = Timestamp::from_millisecond(at.0) else {
            return false;
        };
        let time = moment.to_zoned(zone.clone()).time();
        let minute =
            u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs());
        if self.from <= self.until {
            (self.from..self.until).contains(&minute)
        } else {
            minute >= self.from || minute < self.until
        }
    }

    /// The next moment after this one at which the wall shows the end of these hours. Where spring leaves
    /// that time out, the moment of the jump.
    #[must_use]
    pub fn ends(&self, at: At, zone: &TimeZone) -> At {
        let end = |days: i32| {
            let moment = Timestamp::from_millisecond(at.0).ok()?;
            let day = moment.to_zoned(zone.clone()).date();
            let day = day.checked_add(days.days()).ok()?;
            let (hour, minute) = (self.until / 60 % 24, self.until % 60);
            let wall = day.at(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0);
            let end = zone.to_timestamp(wall).ok()?;
            Some(At(end.as_millisecond())).filter(|end| *end > at)
        };
        // The time may be over for today, and in the year of a far away clock there is none.
        end(0).or_else(|| end(1)).unwrap_or(at)
    }
}

/// A person who can be on call.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// The account.
    pub id: Uuid,
    /// What others see.
    pub name: String,
    /// Where they live, for quiet hours and for times in pages.
    pub zone: TimeZone,
    /// When they are not woken for anything but a crisis.
    pub quiet: Option<Quiet>,
    /// Every way to reach them.
    pub methods: Vec<Method>,
}

impl Person {
    /// The methods that a page goes out on now. A crisis starts all of them at once, quiet hours or
    /// not; where nothing is left that is meant for it, whatever works is used rather than nothing.
    #[must_use]
    pub fn reached_by(&self, crisis: bool, now: At) -> Vec<&Method> {
        let working = || self.methods.iter().filter(|method| method.works());
        if !crisis
            && self
                .quiet
                .is_some_and(|quiet| quiet.covers(now, &self.zone))
        {
            return Vec::new();
        }
        let not_for_it = if crisis { Uses::Other } else { Uses::Crisis };
        let meant: Vec<&Method> = working()
            .filter(|method| method.uses != not_for_it)
            .collect();
        if crisis && meant.is_empty() {
            return working().collect();
        }
        meant
    }

    /// The methods on which a person hears news that can wait, and when: at the end of their quiet hours
    /// if it is in them.
    #[must_use]
    pub fn told_on(&self, now: At) -> (Vec<&Method>, At) {
        let quiet = self.quiet.filter(|quiet| quiet.covers(now, &self.zone));
        let when = quiet.map_or(now, |quiet| quiet.ends(now, &self.zone));
        let working = self.methods.iter().filter(|method| method.works());
        let meant = working.filter(|method| method.uses != Uses::Crisis);
        (meant.collect(), when)
    }

    /// The methods on which a person is asked to take their shift. Quiet hours do not count: they have
    /// agreed to be there. Where nothing is left that is meant for it, whatever works is used.
    #[must_use]
    pub fn asked_on(&self) -> Vec<&Method> {
        let working = || self.methods.iter().filter(|method| method.works());
        let meant: Vec<&Method> = working()
            .filter(|method| method.uses != Uses::Crisis)
            .collect();
        if meant.is_empty() {
            return working().collect();
        }
        meant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NIGHT: Quiet = Quiet {
        from: 22 * 60,
        until: 7 * 60,
    };
    /// 2026-01-01 00:00 UTC.
    const MIDNIGHT: At = At(1_767_225_600_000);

    fn method(channel: Channel, uses: Uses) -> Method {
        Method {
            id: Uuid::nil(),
            staff_id: Uuid::nil(),
            channel,
            label: "phone".to_owned(),
            gateway: None,
            preset: None,
            address: Address::new("+15550170"),
            secret: None,
            uses,
            verified_at: Some(At(0)),
            tested_at: None,
            stopped_at: None,
            disabled_at: None,
        }
    }

    fn person(methods: Vec<Method>) -> Person {
        Person {
            id: Uuid::nil(),
            name: "Night".to_owned(),
            zone: TimeZone::UTC,
            quiet: Some(NIGHT),
            methods,
        }
    }

    #[test]
    fn a_crisis_starts_every_method_at_once_in_quiet_hours_too() {
        let night = person(vec![
            method(Channel::Sms, Uses::All),
            method(Channel::Voice, Uses::Crisis),
        ]);
        assert_eq!(night.reached_by(true, MIDNIGHT).len(), 2);
        assert_eq!(night.reached_by(false, MIDNIGHT).len(), 0);
        let noon = MIDNIGHT.plus(std::time::Duration::from_hours(12));
        let by_day = night.reached_by(false, noon);
        assert!(matches!(by_day[..], [sms] if sms.channel == Channel::Sms));
    }

    #[test]
    fn the_shift_is_asked_about_in_quiet_hours_and_by_what_is_left() {
        let both = person(vec![
            method(Channel::Sms, Uses::All),
            method(Channel::Voice, Uses::Crisis),
        ]);
        assert!(matches!(both.asked_on()[..], [sms] if sms.channel == Channel::Sms));
        let calls = person(vec![method(Channel::Voice, Uses::Crisis)]);
        assert_eq!(calls.asked_on().len(), 1);
    }

    #[test]
    fn news_waits_for_the_end_of_quiet_hours() {
        let night = person(vec![
            method(Channel::Sms, Uses::All),
            method(Channel::Voice, Uses::Crisis),
        ]);
        let hours = |hours| MIDNIGHT.plus(std::time::Duration::from_hours(hours));
        for (now, told) in [(0, 7), (6, 7), (7, 7), (12, 12), (22, 31), (23, 31)] {
            let (methods, when) = night.told_on(hours(now));
            assert_eq!((methods.len(), when), (1, hours(told)), "at {now}");
        }
    }

    #[test]
    fn quiet_hours_end_by_the_wall_also_when_the_clock_changes() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| At(text.parse::<Timestamp>().unwrap().as_millisecond());
        let half_past_two = Quiet {
            from: 22 * 60,
            until: 2 * 60 + 30,
        };
        for (quiet, now, ends) in [
            // Spring: the night has an hour less, and 02:30 is not on the wall.
            (NIGHT, "2026-03-28T22:00:00Z", "2026-03-29T05:00:00Z"),
            (
                half_past_two,
                "2026-03-29T00:30:00Z",
                "2026-03-29T01:30:00Z",
            ),
            // Autumn: an hour more, and 02:30 is there twice.
            (NIGHT, "2026-10-24T21:00:00Z", "2026-10-25T06:00:00Z"),
            (
                half_past_two,
                "2026-10-24T23:00:00Z",
                "2026-10-25T00:30:00Z",
            ),
        ] {
            assert_eq!(quiet.ends(at(now), &berlin), at(ends), "{now}");
        }
    }

    #[test]
    fn a_crisis_uses_what_is_left() {
        let only_other = person(vec![method(Channel::Email, Uses::Other)]);
        assert_eq!(only_other.reached_by(true, MIDNIGHT).len(), 1);
    }

    #[test]
    fn what_is_not_verified_or_was_stopped_is_not_used() {
        let unverified = Method {
            verified_at: None,
            ..method(Channel::Sms, Uses::All)
        };
        let stopped = Method {
            stopped_at: Some(At(1)),
            ..method(Channel::Sms, Uses::All)
        };
        assert!(
            person(vec![unverified, stopped])
                .reached_by(true, MIDNIGHT)
                .is_empty()
        );
    }

    #[test]
    fn an_address_is_not_shown() {
        let shown = format!("{:?}", method(Channel::Sms, Uses::All));
        assert!(!shown.contains("5550170"), "{shown}");
    }
}
