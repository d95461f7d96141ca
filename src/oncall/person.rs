//! People on call: how each is reached, and the rules of their own.

use jiff::Timestamp;
use jiff::tz::TimeZone;
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

impl Quiet {
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
