//! Routes: how fast each gateway may send, and which one stands in when it fails. Floor 0.

mod bucket;
mod circuit;

use std::collections::BTreeMap;

pub use bucket::{Bucket, Rate};
pub use circuit::Circuit;

/// How texts leave by one gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// How fast its sender may send; none when the gateway itself queues what comes too fast.
    pub rate: Option<Rate>,
    /// The gateway that stands in when this one fails.
    pub failover: Option<String>,
}

/// The routes of all gateways, by name. The default has neither limits nor stand-ins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes(BTreeMap<String, Route>);

impl Routes {
    /// Takes the routes of the gateways of these names.
    #[must_use]
    pub fn new(routes: impl IntoIterator<Item = (String, Route)>) -> Self {
        Self(routes.into_iter().collect())
    }

    /// How fast a gateway may send.
    #[must_use]
    pub fn rate(&self, gateway: &str) -> Option<&Rate> {
        self.0.get(gateway)?.rate.as_ref()
    }

    /// Which other gateway a text may leave by that fails at `gateway`: the stand-in, or the one that
    /// it came from (`moved_from`). None when there is no other.
    #[must_use]
    pub fn other<'a>(&'a self, gateway: &str, moved_from: Option<&'a str>) -> Option<&'a str> {
        let stand_in = self
            .0
            .get(gateway)
            .and_then(|route| route.failover.as_deref());
        stand_in
            .or(moved_from)
            .filter(|other| *other != gateway && self.0.contains_key(*other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_goes_to_the_stand_in_and_back_to_where_it_came_from() {
        let to = |failover: &str| Route {
            rate: None,
            failover: Some(failover.to_owned()),
        };
        let routes = Routes::new([
            ("main".to_owned(), to("second")),
            ("second".to_owned(), Route::default()),
            ("odd".to_owned(), to("gone")),
        ]);
        assert_eq!(routes.other("main", None), Some("second"));
        assert_eq!(routes.other("second", Some("main")), Some("main"));
        assert_eq!(routes.other("second", None), None);
        assert_eq!(
            routes.other("odd", None),
            None,
            "a gateway that is not there"
        );
        assert_eq!(routes.other("main", Some("main")), Some("second"));
    }
}
