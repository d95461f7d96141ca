//! The last-known roster: who is paged when the store cannot say. Floor 2.
//!
//! It is kept in memory and, sealed, on disk, so that a start without the database knows whom to
//! page, too.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::clock::At;
use crate::crypto::{Keyring, Place};
use crate::disk;
use crate::id::IdSource;
use crate::oncall::{Address, Channel, Contact, Destination, Roster, Secret, Standby};

const PLACE: Place = Place {
    column: "roster.sealed",
    row: Uuid::nil(),
};

/// The roster as it was last known.
pub struct LastRoster {
    path: PathBuf,
    keys: Arc<Keyring>,
    ids: Arc<dyn IdSource>,
    known: RwLock<Arc<Roster>>,
    /// Whether the disk has it, too.
    written: AtomicBool,
}

impl LastRoster {
    /// Reads what an earlier run knew; nobody, where there is no file or it cannot be opened.
    #[must_use]
    pub fn load(path: PathBuf, keys: Arc<Keyring>, ids: Arc<dyn IdSource>) -> Self {
        let known = match std::fs::read(&path) {
            Ok(sealed) => opened(&keys, &sealed).unwrap_or_else(|| {
                let path = path.display();
                tracing::error!(%path, "the roster on disk cannot be opened; it is written anew");
                Roster::default()
            }),
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    let path = path.display();
                    tracing::error!(%path, %error, "the roster on disk cannot be read");
                }
                Roster::default()
            }
        };
        Self {
            path,
            keys,
            ids,
            known: RwLock::new(Arc::new(known)),
            written: AtomicBool::new(true),
        }
    }

    /// Takes over a roster that was read where it is kept. An empty one is not taken over: nobody to
    /// page is never better than those known before.
    ///
    /// # Errors
    /// What the system says: in memory it counts, on disk the one before stands.
    pub fn save(&self, roster: &Roster) -> io::Result<()> {
        if roster.fallback.is_empty() {
            return Ok(());
        }
        if *self.current() == *roster && self.written.load(Ordering::Relaxed) {
            return Ok(());
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(roster.clone());
        self.written.store(false, Ordering::Relaxed);
        if let Some(folder) = self.path.parent() {
            disk::private_folder(folder)?;
        }
        let sealed = self.keys.house().seal(&*self.ids, PLACE, &to_bytes(roster));
        disk::replace(&self.path, &sealed)?;
        self.written.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Takes over the contacts of the configuration. Who else was known to be on call stays known.
    ///
    /// # Errors
    /// As [`LastRoster::save`].
    pub fn save_fallback(&self, fallback: &[Contact]) -> io::Result<()> {
        let fallback = fallback.to_vec();
        let known = Roster::clone(&self.current());
        self.save(&Roster { fallback, ..known })
    }

    /// Whether the disk has what the memory has.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.written.load(Ordering::Relaxed)
    }

    /// Who is paged.
    #[must_use]
    pub fn current(&self) -> Arc<Roster> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One contact in the form that is sealed.
#[derive(Serialize, Deserialize)]
struct Written {
    name: String,
    #[serde(default = "texted")]
    channel: Channel,
    // What was written when there was nothing but texts.
    #[serde(alias = "number")]
    address: String,
    #[serde(default)]
    gateway: Option<String>,
    #[serde(default)]
    preset: Option<String>,
    #[serde(default)]
    secret: Option<String>,
    #[serde(default)]
    staff_id: Option<Uuid>,
    #[serde(default)]
    method_id: Option<Uuid>,
}

const fn texted() -> Channel {
    Channel::Sms
}

impl From<&Contact> for Written {
    fn from(contact: &Contact) -> Self {
        let to = &contact.to;
        Self {
            name: contact.name.clone(),
            channel: to.channel,
            address: to.address.reveal().to_owned(),
            gateway: contact.gateway.clone(),
            preset: to.preset.clone(),
            secret: to.secret.as_ref().map(|secret| secret.reveal().to_owned()),
            staff_id: contact.staff_id,
            method_id: contact.method_id,
        }
    }
}

impl From<Written> for Contact {
    fn from(written: Written) -> Self {
        Self {
            name: written.name,
            staff_id: written.staff_id,
            method_id: written.method_id,
            gateway: written.gateway,
            to: Destination {
                channel: written.channel,
                address: Address::new(written.address),
                preset: written.preset,
                secret: written.secret.map(Secret::new),
            },
        }
    }
}

/// A time on call in the form that is sealed.
#[derive(Serialize, Deserialize)]
struct WrittenStandby {
    contact: Written,
    from: At,
    until: At,
}

/// The roster in the form that is sealed. Before there was anybody on call, it was the list of the contacts of
/// the configuration.
#[derive(Serialize)]
struct Whole {
    fallback: Vec<Written>,
    standby: Vec<WrittenStandby>,
    everyone: Vec<Written>,
}

fn to_bytes(roster: &Roster) -> Vec<u8> {
    let one = |one: &Standby| WrittenStandby {
        contact: Written::from(&one.contact),
        from: one.from,
        until: one.until,
    };
    let file = Whole {
        fallback: roster.fallback.iter().map(Written::from).collect(),
        standby: roster.standby.iter().map(one).collect(),
        everyone: roster.everyone.iter().map(Written::from).collect(),
    };
    // Plain data: serialising it cannot fail.
    serde_json::to_vec(&file).unwrap_or_default()
}

fn opened(keys: &Keyring, sealed: &[u8]) -> Option<Roster> {
    let plain = keys.house().open(PLACE, sealed).ok()?;
    let contacts = |list: &Value| {
        let written = readable::<Written>(list).into_iter();
        written.map(Contact::from).collect::<Vec<_>>()
    };
    let one = |one: WrittenStandby| Standby {
        contact: one.contact.into(),
        from: one.from,
        until: one.until,
    };
    let file: Value = serde_json::from_slice(&plain).ok()?;
    match &file {
        Value::Array(_) => Some(Roster::of(contacts(&file))),
        Value::Object(_) => Some(Roster {
            fallback: contacts(&file["fallback"]),
            standby: readable(&file["standby"]).into_iter().map(one).collect(),
            everyone: contacts(&file["everyone"]),
        }),
        _ => None,
    }
}

/// What this version can read of a list that another one may have written: who can only be reached in a way
/// that it does not know is passed over, and the others are paged.
fn readable<T: DeserializeOwned>(list: &Value) -> Vec<T> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(|one| T::deserialize(one).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SeededIds;
    use crate::phone::PhoneNumber;

    fn roster(numbers: &[&str]) -> Roster {
        let contact =
            |number: &&str| Contact::texted("Duty phone", &PhoneNumber::of_sender(number));
        Roster::of(numbers.iter().map(contact).collect())
    }

    fn loaded(path: &std::path::Path, key: u8) -> LastRoster {
        let keys = Arc::new(Keyring::new(&[key; 32]));
        LastRoster::load(path.to_owned(), keys, Arc::new(SeededIds::new(1)))
    }

    #[test]
    fn a_restart_knows_who_was_on_call_and_nothing_is_in_clear() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/roster.sealed");
        let (first, second) = (roster(&["+15550199"]), roster(&["+15550199", "+15550198"]));
        let known = loaded(&path, 7);
        assert_eq!(*known.current(), Roster::default());
        known.save(&first).unwrap();
        known.save(&second).unwrap();
        let again = loaded(&path, 7);
        assert_eq!(*again.current(), second);
        again.save(&Roster::default()).unwrap();
        assert_eq!(*again.current(), second, "never nobody");
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(7).any(|window| window == b"5550199"));
    }

    #[test]
    fn every_way_to_reach_somebody_survives_and_so_does_an_older_file() {
        let mut known = roster(&["+15550199"]);
        let mut hook = known.fallback[0].clone();
        hook.staff_id = Some(Uuid::from_u128(1));
        hook.method_id = Some(Uuid::from_u128(2));
        hook.gateway = Some("second".to_owned());
        hook.to = Destination {
            channel: Channel::Webhook,
            address: Address::new("https://push.example.org/x"),
            preset: Some("ntfy".to_owned()),
            secret: Some(Secret::new("tk_1")),
        };
        known.fallback.push(hook);
        known.standby.push(Standby {
            contact: known.fallback[1].clone(),
            from: At(1),
            until: At(2),
        });
        known.everyone = known.fallback.clone();
        let keys = Keyring::new(&[7; 32]);
        let seal = |plain: &[u8]| keys.house().seal(&SeededIds::new(1), PLACE, plain);
        assert_eq!(opened(&keys, &seal(&to_bytes(&known))), Some(known));
        let older = seal(br#"[{"name":"Duty phone","number":"+15550199"}]"#);
        assert_eq!(opened(&keys, &older), Some(roster(&["+15550199"])));
    }

    #[test]
    fn what_a_newer_version_wrote_is_read_as_far_as_it_is_known() {
        let keys = Keyring::new(&[7; 32]);
        let newer = br#"{
            "fallback": [
                {"name": "Duty phone", "channel": "sms", "address": "+15550199", "mood": "calm"},
                {"name": "Night", "channel": "pigeon", "address": "the roof"}
            ],
            "standby": [], "everyone": [], "weather": {"wind": 3}
        }"#;
        let sealed = keys.house().seal(&SeededIds::new(1), PLACE, newer);
        assert_eq!(opened(&keys, &sealed), Some(roster(&["+15550199"])));
    }

    #[test]
    fn other_contacts_of_the_configuration_leave_who_is_on_call_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roster.sealed");
        let mut whole = roster(&["+15550199"]);
        whole.standby.push(Standby {
            contact: whole.fallback[0].clone(),
            from: At(1),
            until: At(2),
        });
        loaded(&path, 7).save(&whole).unwrap();
        let other = roster(&["+15550198"]).fallback;
        loaded(&path, 7).save_fallback(&other).unwrap();
        let again = loaded(&path, 7).current();
        assert_eq!((&again.fallback, &again.standby), (&other, &whole.standby));
    }

    #[test]
    fn a_damaged_file_or_another_key_is_nobody_until_it_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roster.sealed");
        loaded(&path, 7).save(&roster(&["+15550199"])).unwrap();
        assert_eq!(*loaded(&path, 8).current(), Roster::default());
        std::fs::write(&path, b"torn").unwrap();
        let known = loaded(&path, 7);
        assert_eq!(*known.current(), Roster::default());
        known.save(&roster(&["+15550198"])).unwrap();
        assert_eq!(*loaded(&path, 7).current(), roster(&["+15550198"]));
    }
}
