//! Whether a hook is one of a drill: this line marks it with a key of its own. Part of `drill`: floor 3.

use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::crypto::Keyring;
use crate::gateway::{ApiRequest, RawRequest};

/// The header with the mark of a drill: its id, a dot, and the mark in hex.
const HEADER: HeaderName = HeaderName::from_static("x-harborline-drill");

/// Marks hooks of drills, and knows them again. Clones share the key.
#[derive(Clone)]
pub struct Marker(Arc<Keyring>);

impl Marker {
    /// A marker with the keys of this line.
    #[must_use]
    pub const fn new(keys: Arc<Keyring>) -> Self {
        Self(keys)
    }

    /// Marks a hook as one of a drill. It covers the whole body.
    pub fn mark(&self, drill: Uuid, hook: &mut ApiRequest) {
        let mark = hex::encode(self.0.drill_mark(drill, &hook.body));
        if let Ok(value) = HeaderValue::from_str(&format!("{drill}.{mark}")) {
            hook.headers.insert(HEADER, value);
        }
    }

    /// The drill that a hook is of, if this line has marked it. Whoever asks has checked the gateway's own
    /// signature before.
    #[must_use]
    pub fn drill_in(&self, request: &RawRequest<'_>) -> Option<Uuid> {
        let value = request.headers.get(HEADER)?.to_str().ok()?;
        let (drill, mark) = value.split_once('.')?;
        let (drill, mark) = (Uuid::try_parse(drill).ok()?, hex::decode(mark).ok()?);
        let ours = self.0.drill_mark(drill, request.body);
        bool::from(ours.as_slice().ct_eq(&mark)).then_some(drill)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, Method};

    use super::*;
    use crate::clock::At;

    #[test]
    fn a_mark_holds_for_one_drill_and_one_body_and_with_our_keys_only() {
        let [ours, theirs] = [7, 8].map(|key| Marker::new(Arc::new(Keyring::new(&[key; 32]))));
        let drill = Uuid::from_u128(7);
        let mut hook = ApiRequest {
            method: Method::POST,
            url: String::new(),
            headers: HeaderMap::new(),
            body: b"words".to_vec(),
        };
        let known = |marker: &Marker, hook: &ApiRequest, body: &[u8]| {
            marker.drill_in(&RawRequest {
                method: &hook.method,
                url: "",
                headers: &hook.headers,
                body,
                now: At(0),
            })
        };
        assert_eq!(known(&ours, &hook, b"words"), None);
        ours.mark(drill, &mut hook);
        assert_eq!(known(&ours, &hook, b"words"), Some(drill));
        assert_eq!(known(&ours, &hook, b"i want to die"), None);
        assert_eq!(known(&theirs, &hook, b"words"), None);
        let other = hook.headers[HEADER].to_str().unwrap().replacen('7', "8", 1);
        for forged in [other.as_str(), "", ".", "7.00", "x.y"] {
            hook.headers.insert(HEADER, forged.parse().unwrap());
            assert_eq!(known(&ours, &hook, b"words"), None, "{forged}");
        }
    }
}
