//! Links to a case, for pages that are read where a link can be opened. They are sealed: who finds one
//! learns nothing from it, and has to sign in to use it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::{Store, Tx};
use crate::clock::At;
use crate::crypto::Place;

const LINK: Place = Place {
    column: "link.case",
    row: Uuid::nil(),
};

/// How long a link takes its case: a page that is older has been followed by others.
const GOOD_FOR: Duration = Duration::from_hours(24);

impl Tx {
    /// What a link to a case ends in. It is good for a day.
    #[must_use]
    pub fn link_to_case(&self, alert: Uuid, now: At) -> String {
        let until = now.plus(GOOD_FOR).0.to_be_bytes();
        let plain = [alert.as_bytes().as_slice(), &until].concat();
        let sealed = self.keys.house().seal(&*self.ids, LINK, &plain);
        URL_SAFE_NO_PAD.encode(sealed)
    }
}

impl Store {
    /// The case that a link leads to; none when the link is too old, or not one of ours.
    #[must_use]
    pub fn case_of_link(&self, link: &str, now: At) -> Option<Uuid> {
        let sealed = URL_SAFE_NO_PAD.decode(link).ok()?;
        let plain = self.keys.house().open(LINK, &sealed).ok()?;
        let (alert, until) = plain.split_at_checked(16)?;
        let until = At(i64::from_be_bytes(until.try_into().ok()?));
        (now < until).then(|| Uuid::from_slice(alert).ok())?
    }
}
