//! A contact method in words.

use uuid::Uuid;

use super::super::readiness::{Mark, of_method};
use super::super::when::Wall;
use crate::http::words::{said, tr};
use crate::oncall::{Channel, Method, Uses};
use crate::people::Profile;

/// A contact method, in words.
pub(in crate::http::staff) struct Row {
    pub(in crate::http::staff) id: Uuid,
    pub(in crate::http::staff) label: String,
    /// How it is reached, where, as much of that as may be seen, and for which pages.
    pub(in crate::http::staff) leads: String,
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
            leads: leads(method),
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

/// How a page comes, where, and which pages do.
fn leads(method: &Method) -> String {
    let (place, uses) = (said(method.shown()), uses(method.uses));
    match method.channel {
        Channel::Sms => tr!("Texts to the {place}, for {uses}", place, uses),
        Channel::Voice => tr!("Calls to the {place}, for {uses}", place, uses),
        Channel::Email => tr!("Mail to {place}, for {uses}", place, uses),
        Channel::Webhook => tr!("Pushes to {place}, for {uses}", place, uses),
    }
}

/// Which pages a method is for, in words.
pub(super) fn uses(uses: Uses) -> String {
    match uses {
        Uses::All => tr!("every page and notice"),
        Uses::Crisis => tr!("pages for a crisis only"),
        Uses::Other => tr!("everything but a crisis"),
    }
}
