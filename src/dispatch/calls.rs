//! Pages by call: placed by a gateway that can, and led by the hook that it asks. Part of `dispatch`: floor 3.

use std::time::Duration;

use uuid::Uuid;

use super::Dispatch;
use crate::clock::At;
use crate::gateway::call::{Alarm, Calling, call_url};
use crate::gateway::{Gateway, SendOutcome, receipts_url};
use crate::oncall::Channel;
use crate::phone::PhoneNumber;
use crate::store::{Due, OutboxState, Settled};

/// How long a call rings: long enough to wake up, shorter than from one page to the next.
const RINGS: Duration = Duration::from_secs(45);

impl Dispatch {
    /// Places a call, once.
    pub(super) async fn carry_call(&self, due: &Due) -> SendOutcome {
        let Some(gateway) = self.gateways.get(&due.gateway) else {
            return SendOutcome::Misconfigured {
                code: "no such gateway".to_owned(),
            };
        };
        let number = due.to.address.number();
        self.call(gateway.as_ref(), due.id, &number, None).await
    }

    /// Places a call for an outbox row, or without the store for an `alarm`.
    pub(super) async fn call(
        &self,
        gateway: &dyn Gateway,
        id: Uuid,
        to: &PhoneNumber,
        alarm: Option<Alarm>,
    ) -> SendOutcome {
        // Never as a text: a phone that is called may not take one.
        let Some(caller) = gateway.caller() else {
            return SendOutcome::Permanent {
                code: "no-calls".to_owned(),
            };
        };
        let public_url = &self.desk.public_url;
        let request = caller.build_call(&Calling {
            to,
            script_url: &call_url(public_url, gateway.name(), id, alarm),
            receipts_url: &receipts_url(public_url, gateway.name(), id),
            rings: RINGS,
        });
        self.exchange(gateway, (id, id), request).await
    }

    /// The gateway by which a call leaves: the one that was meant, else the first that can call.
    pub(super) fn calls_by(&self, meant: &str) -> Option<&dyn Gateway> {
        let meant = self.gateways.get(meant).into_iter();
        let mut all = meant.chain(self.gateways.all());
        all.find(|gateway| gateway.caller().is_some())
            .map(|gateway| &**gateway)
    }

    /// A call whose gateway cannot call goes to one that can.
    pub(super) fn calls_elsewhere(&self, due: &Due, now: At) -> Option<Settled> {
        let calls = due.to.channel == Channel::Voice;
        let other = self.calls_by(&due.gateway).filter(|_| calls)?.name();
        (other != due.gateway).then(|| Settled {
            moves_to: Some(other.to_owned()),
            ..Settled::new(OutboxState::Queued, now)
        })
    }

    /// The gateway that stands in for calls.
    pub(super) fn other_caller<'a>(&'a self, due: &'a Due) -> Option<&'a str> {
        let other = self.routes.other(&due.gateway, due.moved_from.as_deref());
        other.filter(|other| self.can_call(other))
    }

    /// Whether a gateway places calls.
    pub(super) fn can_call(&self, gateway: &str) -> bool {
        let gateway = self.gateways.get(gateway);
        gateway.is_some_and(|gateway| gateway.caller().is_some())
    }
}
