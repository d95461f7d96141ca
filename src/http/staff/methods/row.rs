//! A contact method in words.

use uuid::Uuid;

use super::super::readiness::{Mark, channel, of_method};
use super::super::when::Wall;
use crate::oncall::{Method, Uses};
use crate::people::Profile;

/// A contact method, in words.
pub(in crate::http::staff) struct Row {
    pub(in crate::http::staff) id: Uuid,
    pub(in crate::http::staff) label: String,
    /// How it is reached.
    pub(in crate::http::staff) channel: &'static str,
    /// Where it leads, as much of it as may be seen.
    pub(in crate::http::staff) shown: String,
    /// Which pages it is for.
    pub(in crate::http::staff) uses: &'static str,
    /// Whether a page would arrive.
    pub(in crate::http::staff) mark: Mark,
    /// When somebody last answered on it.
    pub(in crate::http::staff) tested: String,
}

impl Row {
    pub(super) fn new(method: &Method, wall: &Wall) -> Self {
        let tested = method.tested_at.max(method.verified_at);
        Self {
            id: method.id,
            label: method.label.clone(),
            channel: channel(method.channel),
            shown: method.shown(),
            uses: uses(method.uses),
            mark: of_method(method, wall.now()),
            tested: tested.map_or_else(String::new, |at| wall.moment(at)),
        }
    }
}

/// All of somebody's methods.
pub(in crate::http::staff) fn rows(profile: &Profile, wall: &Wall) -> Vec<Row> {
    let methods = profile.person.methods.iter();
    methods.map(|method| Row::new(method, wall)).collect()
}

/// Which pages a method is for, in words.
pub(super) const fn uses(uses: Uses) -> &'static str {
    match uses {
        Uses::All => "every page and notice",
        Uses::Crisis => "pages for a crisis only",
        Uses::Other => "everything but a crisis",
    }
}
