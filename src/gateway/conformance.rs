//! What every gateway must do, whoever is behind it. An adapter's tests say how its provider calls
//! ([`Provider`]) and get these with `conforms!`.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use uuid::Uuid;

use super::{
    ApiResult, Delivery, Event, Gateway, Inbound, InlineReply, Outgoing, RawRequest, Verified,
    VerifyError, redact,
};
use crate::clock::At;
use crate::lane::Lane;
use crate::phone::PhoneNumber;
use crate::text::MessageBody;

/// When hooks are signed and come in: 2026-01-01 00:00 UTC.
pub(super) const NOW: At = At(1_767_225_600_000);

/// A hook that owns what [`RawRequest`] borrows.
#[derive(Clone)]
pub(super) struct Hook {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Hook {
    pub(super) fn post(url: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            method: Method::POST,
            url: url.to_owned(),
            headers: HeaderMap::new(),
            body: body.into(),
        }
    }

    pub(super) fn get(url: &str) -> Self {
        Self {
            method: Method::GET,
            ..Self::post(url, "")
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).unwrap();
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    pub(super) fn raw(&self) -> RawRequest<'_> {
        RawRequest {
            method: &self.method,
            url: &self.url,
            headers: &self.headers,
            body: &self.body,
            now: NOW,
        }
    }

    /// The same hook with one character of its query changed, for each of them; of a `GET`, that is all it says.
    pub(super) fn with_another_query(&self) -> impl Iterator<Item = Self> {
        let query = self.url.find('?').map_or(self.url.len(), |at| at + 1);
        (query..self.url.len()).map(|at| {
            let mut url = self.url.clone().into_bytes();
            url[at] ^= 1;
            Self {
                url: String::from_utf8(url).unwrap(),
                ..self.clone()
            }
        })
    }

    pub(super) fn verified(&self, gateway: &dyn Gateway) -> Result<(), VerifyError> {
        gateway.verify(&self.raw()).map(drop)
    }

    pub(super) fn events(&self, gateway: &dyn Gateway) -> Vec<Event> {
        gateway.parse(&self.raw(), Verified(()))
    }

    /// The only event.
    pub(super) fn event(&self, gateway: &dyn Gateway) -> Event {
        let mut events = self.events(gateway);
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }

    pub(super) fn inbound(&self, gateway: &dyn Gateway) -> Inbound {
        match self.event(gateway) {
            Event::Inbound(inbound) => inbound,
            other => panic!("{other:?}"),
        }
    }
}

/// What of a hook a signature covers.
pub(super) struct Covers {
    pub(super) url: bool,
    pub(super) body: bool,
    pub(super) time: bool,
    /// The headers without which, or with another value, nothing is taken.
    pub(super) headers: &'static [&'static str],
}

/// How a provider calls us.
pub(super) struct Provider {
    pub(super) gateway: fn() -> Box<dyn Gateway>,
    /// A signed text with this id and these words.
    pub(super) text: fn(&str, &str) -> Hook,
    /// A signed receipt of a text of ours, with the provider's word for how far it has come.
    pub(super) receipt: fn(&str, &str) -> Hook,
    pub(super) covers: Covers,
    /// The provider's words for a text on its way: taken by the gateway, sent, delivered.
    pub(super) journey: &'static [&'static str],
}

/// Words that a phone sends and a careless parser loses.
const WORDS: &[&str] = &[
    "I feel alone",
    "😔 & can't sleep = 100% <b> \"quoted\"\r\n",
    "",
    "  spaces stay  ",
    "no puedo dormir, ¿qué hago?",
    "a\0b",
    "\u{200b}\u{202e}مرحبا 漢字",
];

impl Provider {
    pub(super) fn every_text_is_read_as_it_was_written(&self) {
        let gateway = (self.gateway)();
        let long = "a".repeat(gateway.caps().max_chars.min(5000));
        for words in WORDS.iter().copied().chain([long.as_str()]) {
            let hook = (self.text)("text-1", words);
            assert_eq!(hook.verified(&*gateway), Ok(()), "{words:?}");
            let inbound = hook.inbound(&*gateway);
            assert_eq!(inbound.body.reveal(), words);
            assert_eq!(inbound.from.reveal(), "+15005550006");
            let shown = format!("{inbound:?}");
            assert!(words.len() < 6 || !shown.contains(words), "{shown}");
        }
    }

    /// A phone may cut an emoji in two, and a gateway write in another encoding than it says.
    pub(super) fn half_a_character_loses_no_text(&self) {
        let gateway = (self.gateway)();
        let hook = (self.text)("text-1", "help HALF");
        let is_json = matches!(hook.body.first(), Some(b'{' | b'['));
        let halves: [&[u8]; 4] = if is_json {
            [br"\ud83d", br"\ude14", b"\xff", b"\xed\xa0\xbd"]
        } else {
            [b"%ED%A0%BD", b"%ED%B8%94", b"%FF", b"\xff"]
        };
        let at = hook.body.windows(4).position(|part| part == b"HALF");
        let (before, after) = hook.body.split_at(at.unwrap());
        for half in halves {
            let cut = Hook {
                body: [before, half, &after[4..]].concat(),
                ..hook.clone()
            };
            let inbound = cut.inbound(&*gateway);
            let words = inbound.body.reveal();
            assert!(words.starts_with("help "), "{half:?}: {words}");
            assert_eq!(inbound.from.reveal(), "+15005550006");
        }
    }

    pub(super) fn nothing_that_is_signed_can_be_changed(&self) {
        let gateway = (self.gateway)();
        let hook = (self.text)("text-1", "I feel alone");
        let refused = |hook: &Hook, what: &str| {
            assert!(hook.verified(&*gateway).is_err(), "{what} was changed");
        };
        for name in self.covers.headers {
            let mut bare = hook.clone();
            bare.headers.remove(*name);
            refused(&bare, name);
            let value = hook.headers[*name].as_bytes();
            for at in 0..value.len() {
                let mut bytes = value.to_vec();
                // Another letter or digit: the last bits of base64 mean nothing, so more than one.
                bytes[at] = if bytes[at] == b'7' { b'X' } else { b'7' };
                let mut changed = hook.clone();
                changed
                    .headers
                    .insert(*name, HeaderValue::from_bytes(&bytes).unwrap());
                refused(&changed, &format!("{name} at {at}"));
            }
        }
        if self.covers.url {
            let joint = if hook.url.contains('?') { '&' } else { '?' };
            for url in [
                hook.url.replace("line.example.org", "other.example.org"),
                hook.url.replace("https:", "http:"),
                hook.url.replace("/gw/", "/gx/"),
                format!("{}{joint}ref=1", hook.url),
            ] {
                let changed = Hook {
                    url,
                    ..hook.clone()
                };
                refused(&changed, &changed.url);
            }
        }
        if self.covers.body {
            for at in 0..hook.body.len() {
                let mut changed = hook.clone();
                changed.body[at] ^= 1;
                refused(&changed, &format!("byte {at}"));
            }
            for body in [Vec::new(), [&hook.body[..], b"&Extra=1"].concat()] {
                refused(
                    &Hook {
                        body,
                        ..hook.clone()
                    },
                    "the whole body",
                );
            }
        }
    }

    pub(super) fn a_hook_is_taken_only_near_the_time_when_it_was_signed(&self) {
        let gateway = (self.gateway)();
        let hook = (self.text)("text-1", "hi");
        for (seconds, fresh) in [
            (0, true),
            (300, true),
            (-300, true),
            (301, false),
            (-301, false),
        ] {
            let raw = RawRequest {
                now: At(NOW.0 + seconds * 1000),
                ..hook.raw()
            };
            let expected = if fresh || !self.covers.time {
                Ok(())
            } else {
                Err(VerifyError::Stale)
            };
            assert_eq!(gateway.verify(&raw).map(drop), expected, "{seconds} s");
        }
    }

    pub(super) fn a_text_that_comes_twice_has_one_id_and_two_texts_have_two(&self) {
        let gateway = (self.gateway)();
        let first = (self.text)("text-1", "hi");
        let id = first.inbound(&*gateway).gateway_ref;
        let later = RawRequest {
            now: At(NOW.0 + 60_000),
            ..first.raw()
        };
        let again = gateway.parse(&later, Verified(()));
        assert!(
            matches!(again.as_slice(), [Event::Inbound(again)] if again.gateway_ref == id),
            "{again:?}"
        );
        let other = (self.text)("text-2", "hi").inbound(&*gateway);
        assert_ne!(other.gateway_ref, id);
    }

    pub(super) fn receipts_in_any_order_end_at_the_same_place(&self) {
        let gateway = (self.gateway)();
        let rank = |status: &&str| {
            let hook = (self.receipt)("sent-1", status);
            assert_eq!(hook.verified(&*gateway), Ok(()), "{status}");
            match hook.event(&*gateway) {
                Event::Receipt(receipt) => receipt.delivery,
                other => panic!("{status}: {other:?}"),
            }
        };
        let forwards: Vec<Delivery> = self.journey.iter().map(rank).collect();
        assert!(forwards.is_sorted(), "{forwards:?}");
        assert_eq!(
            self.journey.iter().rev().map(rank).max(),
            Some(Delivery::Delivered)
        );
        let unknown = (self.receipt)("sent-1", "a status that came up later");
        let ignored = matches!(unknown.event(&*gateway), Event::Ignored(_));
        assert!(ignored, "an unknown status moves nothing");
    }

    pub(super) fn the_gateway_log_keeps_nothing_of_a_person(&self) {
        let gateway = (self.gateway)();
        let (to, body) = (
            PhoneNumber::of_sender("+15005550006"),
            MessageBody::new("lonely at the pier"),
        );
        let receipts =
            "https://line.example.org/gw/status?ref=01940000-0000-7000-8000-000000000001";
        let send = gateway.build_send(&Outgoing {
            outbox_id: Uuid::from_u128(1),
            key: Uuid::nil(),
            to: &to,
            body: &body,
            lane: Lane::Crisis,
            validity: Duration::from_mins(10),
            receipts_url: receipts,
        });
        let reply = gateway.acknowledge(Some(InlineReply {
            to: &to,
            body: &body,
            receipts_url: Some(receipts),
        }));
        let status = self.journey[0];
        let hooks = [
            (self.text)("text-1", body.reveal()),
            (self.receipt)("sent-1", status),
        ];
        let answer = |body| {
            redact::answer(ApiResult::Answered {
                status: 200,
                retry_after_s: None,
                body,
            })
        };
        let mut kept = vec![redact::request(&send), redact::reply(&reply)];
        kept.extend(hooks.iter().map(|hook| redact::hook(&hook.raw())));
        // What a provider says to a send is what its hooks say, and may be all of the send again.
        kept.extend(hooks.iter().map(|hook| answer(&hook.body)));
        kept.push(answer(&send.body));

        let mut canaries: Vec<String> = ["5005550006", "5005550001", "lonely", "pier"]
            .map(str::to_owned)
            .to_vec();
        for (url, headers) in hooks
            .iter()
            .map(|hook| (&hook.url, &hook.headers))
            .chain([(&send.url, &send.headers)])
        {
            let query = url.split_once('?').map_or("", |(_, query)| query);
            let values = form_urlencoded::parse(query.as_bytes()).map(|(_, value)| value);
            canaries.extend(values.map(String::from));
            let signed = self.covers.headers.iter().chain(&["authorization"]);
            let values = signed.filter_map(|name| headers.get(*name)?.to_str().ok());
            canaries.extend(values.map(str::to_owned));
        }
        for canary in canaries
            .iter()
            .filter(|word| word.len() >= 4 && *word != status)
        {
            for kept in &kept {
                assert!(!kept.contains(canary.as_str()), "{canary} in {kept}");
            }
        }
    }

    pub(super) fn no_bytes_make_it_fail(&self) {
        let gateway = (self.gateway)();
        let genuine = (self.text)("text-1", "hi");
        let bytes = proptest::collection::vec(any::<u8>(), 0..300);
        let json = "[\\[\\]{}\":,a-z0-9\\\\ ]{0,120}".prop_map(String::into_bytes);
        // Pieces of a genuine hook get further into the parser than chance does.
        let cut = (
            0..=genuine.body.len(),
            any::<prop::sample::Index>(),
            any::<u8>(),
        );
        let pieces = cut.prop_map({
            let body = genuine.body.clone();
            move |(end, at, byte)| {
                let mut body = body[..end].to_vec();
                if !body.is_empty() {
                    let at = at.index(body.len());
                    body[at] = byte;
                }
                body
            }
        });
        let input = (prop_oneof![bytes, json, pieces], ".{0,60}", any::<bool>());
        let run = TestRunner::default().run(&input, |(body, url, get)| {
            let hook = Hook {
                method: if get { Method::GET } else { Method::POST },
                url,
                body,
                ..genuine.clone()
            };
            let _ = hook.verified(&*gateway);
            let _ = hook.events(&*gateway);
            for status in [200, 400, 500] {
                let answer = ApiResult::Answered {
                    status,
                    retry_after_s: None,
                    body: &hook.body,
                };
                let _ = gateway.read_send(Uuid::nil(), answer);
                let _ = gateway.read_poll(answer);
                let _ = gateway.read_list(NOW, answer);
                let _ = gateway.read_fetch(answer);
            }
            let _ = gateway.build_poll(&hook.url);
            let _ = gateway.build_fetch(&hook.url);
            let _ = gateway.build_list(NOW, Some(&hook.url));
            Ok(())
        });
        run.unwrap();
    }
}

/// The tests of every gateway, for one.
macro_rules! conforms {
    ($provider:expr) => {
        $crate::gateway::conformance::conforms!(
            @ $provider,
            every_text_is_read_as_it_was_written
            half_a_character_loses_no_text
            nothing_that_is_signed_can_be_changed
            a_hook_is_taken_only_near_the_time_when_it_was_signed
            a_text_that_comes_twice_has_one_id_and_two_texts_have_two
            receipts_in_any_order_end_at_the_same_place
            no_bytes_make_it_fail
            the_gateway_log_keeps_nothing_of_a_person
        );
    };
    (@ $provider:expr, $($name:ident)*) => {
        const PROVIDER: $crate::gateway::conformance::Provider = $provider;
        $(
            #[test]
            fn $name() {
                PROVIDER.$name();
            }
        )*
    };
}
pub(super) use conforms;
