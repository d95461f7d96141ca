//! The loop-back gateway of drills: it takes what goes to a drill's made-up texter, inside the
//! program. Floor 2.
//!
//! It deliberately reaches nothing and has no hook of its own: no provider, no phone. A drill knocks at the
//! door of a real gateway with a hook that this program has marked; nobody outside can make
//! such a mark, so nobody can pass a person in need off as a drill. The number of the texter is one that no
//! carrier gives out.

use axum::http::{HeaderMap, Method};
use uuid::Uuid;

use super::wire::JSON;
use super::{
    ApiRequest, ApiResult, Caps, Event, Gateway, HookReply, Inbound, InlineReply, Outgoing,
    RawRequest, SendOutcome, Verified, VerifyError,
};
use crate::phone::PhoneNumber;
use crate::text::MessageBody;

/// The name of the gateway; no configured one may have it.
pub const NAME: &str = "drill";

/// What the gateway's ids begin with.
const PREFIX: &str = "drill-";

/// The loop-back gateway, with the ways of the gateway whose place it takes.
#[derive(Clone, Copy, Debug)]
pub struct Loopback {
    caps: Caps,
}

impl Default for Loopback {
    /// With the ways of a gateway that can do the most: the reply goes back in the response.
    fn default() -> Self {
        Self::like(super::sandbox::CAPS)
    }
}

impl Loopback {
    /// With the ways of another gateway.
    #[must_use]
    pub const fn like(caps: Caps) -> Self {
        Self { caps }
    }
}

/// The event of a hook as one of a drill: what came in as a text of the gateway is the drill's.
#[must_use]
pub fn as_drill(drill: Uuid, event: Event) -> Event {
    match event {
        Event::Inbound(text) => Event::Inbound(inbound(drill, text.body.reveal())),
        other => other,
    }
}

/// What a drill texts: its gateway's id names the drill, so that it is one wherever the text goes,
/// through the spool too.
#[must_use]
pub fn inbound(drill: Uuid, words: &str) -> Inbound {
    Inbound {
        gateway_ref: drill.to_string(),
        from: texter(drill),
        to: PhoneNumber::of_sender(NAME),
        body: MessageBody::new(words),
        media: 0,
        keyword_handled: None,
        part: None,
    }
}

/// The made-up texter of a drill: a number from 555-0100 to 555-0199, which the North American plan
/// keeps for fiction, in the area code 555, which it gives to nobody.
#[must_use]
pub fn texter(drill: Uuid) -> PhoneNumber {
    PhoneNumber::of_sender(&format!("+15555550{}", 100 + drill.as_u128() % 100))
}

/// The drill that an inbound text belongs to, if it is one.
#[must_use]
pub fn drill_of(gateway: &str, inbound: &Inbound) -> Option<Uuid> {
    (gateway == NAME)
        .then(|| Uuid::try_parse(&inbound.gateway_ref).ok())
        .flatten()
}

/// How a send ends that only seems to leave.
#[must_use]
pub fn taken(outbox_id: Uuid) -> SendOutcome {
    SendOutcome::Accepted {
        gateway_ref: format!("{PREFIX}{outbox_id}"),
    }
}

impl Gateway for Loopback {
    fn name(&self) -> &str {
        NAME
    }

    fn caps(&self) -> Caps {
        self.caps
    }

    fn verify(&self, _: &RawRequest<'_>) -> Result<Verified, VerifyError> {
        Err(VerifyError::Missing)
    }

    fn parse(&self, _: &RawRequest<'_>, _: Verified) -> Vec<Event> {
        vec![Event::Ignored("a drill has no hook")]
    }

    fn acknowledge(&self, _: Option<InlineReply<'_>>) -> HookReply {
        HookReply::new(JSON, "{}")
    }

    fn take(&self, message: &Outgoing<'_>) -> Option<SendOutcome> {
        Some(taken(message.outbox_id))
    }

    /// Never carried out, because [`Gateway::take`] comes first: without an address it leads nowhere.
    fn build_send(&self, _: &Outgoing<'_>) -> ApiRequest {
        ApiRequest {
            method: Method::POST,
            url: String::new(),
            headers: HeaderMap::new(),
            body: Vec::new(),
        }
    }

    fn read_send(&self, _: Uuid, _: ApiResult<'_>) -> SendOutcome {
        SendOutcome::Retry {
            after_s: None,
            code: NAME.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::At;
    use crate::gateway::sandbox::{Sandbox, SandboxConfig};
    use crate::gateway::signalwire::{self, SignalWireConfig};
    use crate::gateway::twilio::{Twilio, TwilioConfig};

    #[test]
    fn the_texter_of_a_drill_has_a_number_that_nobody_has() {
        for n in [0, 7, 99, 100, u128::MAX] {
            let number = texter(Uuid::from_u128(n));
            let digits = number.reveal().strip_prefix("+1555555").unwrap();
            let last: u16 = digits.parse().unwrap();
            assert!((100..200).contains(&last) && digits.len() == 4, "{digits}");
            assert!(number.is_reachable());
        }
    }

    #[test]
    fn a_hook_that_is_made_here_holds_and_says_what_was_texted() {
        let twilio = TwilioConfig {
            name: "main".to_owned(),
            account_sid: "AC1".to_owned(),
            auth_tokens: vec!["token".into()],
            sender: "+15550100".to_owned(),
            calls_from: None,
            api_url: String::new(),
        };
        let signalwire = SignalWireConfig {
            name: "main".to_owned(),
            project_id: "p".to_owned(),
            api_token: "token".into(),
            signing_keys: vec!["key".into()],
            sender: "+15550100".to_owned(),
            calls_from: None,
            api_url: String::new(),
        };
        let sandbox = SandboxConfig {
            name: "main".to_owned(),
            secret: "secret".into(),
            sender: "+15550100".to_owned(),
            api_url: String::new(),
        };
        let gateways: [Box<dyn Gateway>; 3] = [
            Box::new(Twilio::new(twilio)),
            Box::new(signalwire::gateway(signalwire)),
            Box::new(Sandbox::new(sandbox)),
        ];
        let (drill, url) = (
            Uuid::from_u128(7),
            "https://line.example.org/hooks/main/inbound",
        );
        let text = inbound(drill, "DRILL: ¿qué? & + %");
        for gateway in gateways {
            let hook = gateway.build_hook(url, &text).unwrap();
            let request = RawRequest {
                method: &hook.method,
                url,
                headers: &hook.headers,
                body: &hook.body,
                now: At(0),
            };
            let verified = gateway.verify(&request).unwrap();
            let events = gateway.parse(&request, verified);
            let [Event::Inbound(came)] = &events[..] else {
                panic!("{events:?}");
            };
            assert_eq!((&came.body, &came.from), (&text.body, &text.from));
            let Event::Inbound(drilled) = as_drill(drill, events[0].clone()) else {
                panic!("it is a text");
            };
            assert_eq!(drill_of(NAME, &drilled), Some(drill));
        }
    }

    #[test]
    fn a_drill_is_known_by_its_gateway_and_id_alone() {
        let drill = Uuid::from_u128(7);
        let text = inbound(drill, "words");
        assert_eq!(drill_of(NAME, &text), Some(drill));
        assert_eq!(drill_of("main", &text), None);
    }
}
