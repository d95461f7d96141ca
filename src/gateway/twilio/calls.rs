//! Calls through Twilio, and `SignalWire` in its dialect: placed by its API, led by `TwiML`.
//!
//! Source: <https://www.twilio.com/docs/voice/api/call-resource>, <https://www.twilio.com/docs/voice/twiml/gather>,
//! <https://www.twilio.com/docs/voice/answering-machine-detection>,
//! <https://developer.signalwire.com/compatibility-api/cxml/voice/gather>. Part of `gateway`: floor 2.
//!
//! When somebody picks up, and with each key (`POST`, to the `Url` of the call; here one field a line):
//!
//! ```text
//! CallSid=CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa   CallStatus=in-progress   Direction=outbound-api
//! Digits=1                                      only when a key was pressed
//! AnsweredBy=machine_start                      only once the gateway has made up its mind
//! ```
//!
//! How it ended, to the `StatusCallback` (`…/status?ref=<outbox id>`), and who picked up, to the
//! `AsyncAmdStatusCallback`, which is the same address:
//!
//! ```text
//! CallSid=CA…   CallStatus=no-answer            completed, busy, failed, canceled
//! CallSid=CA…   AnsweredBy=human                without a CallStatus
//! ```

use axum::http::Method;
use uuid::Uuid;

use super::Twilio;
use crate::gateway::call::{Alarm, Calling, InCall, Script};
use crate::gateway::form::Form;
use crate::gateway::wire::{self, FORM, XML, escape_xml};
use crate::gateway::{ApiRequest, Delivery, Event, RawRequest, Receipt};

/// How often the words are said before the call gives up waiting for a key.
const TIMES: usize = 3;
/// How long a key is waited for after the last word, in seconds.
const WAIT_S: u8 = 10;
/// The code of a call that a machine took.
const VOICEMAIL: &str = "voicemail";

pub(super) fn build(twilio: &Twilio, call: &Calling<'_>) -> ApiRequest {
    let from = twilio.account.calls_from.as_deref().unwrap_or_default();
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("To", call.to.reveal())
        .append_pair("From", from)
        .append_pair("Url", call.script_url)
        .append_pair("Method", "POST")
        .append_pair("StatusCallback", call.receipts_url)
        .append_pair("StatusCallbackMethod", "POST")
        .append_pair("Timeout", &call.rings.as_secs().to_string())
        // A person hears the words at once: whether it is one is found out meanwhile.
        .append_pair("MachineDetection", "Enable")
        .append_pair("AsyncAmd", "true")
        .append_pair("AsyncAmdStatusCallback", call.receipts_url)
        .append_pair("AsyncAmdStatusCallbackMethod", "POST")
        .finish();
    ApiRequest {
        method: Method::POST,
        url: format!("{}/Calls.json", twilio.account_url()),
        headers: twilio.headers(Some(FORM)),
        body: body.into_bytes(),
    }
}

/// News of a call, if that is what the hook brings. Nobody is expected to call the line.
pub(super) fn event(form: &Form, outbox_id: Option<Uuid>) -> Option<Event> {
    let gateway_ref = call_sid(form)?;
    let ours = "a call that is not ours";
    let Some(outbox_id) = outbox_id else {
        return Some(Event::Ignored(ours));
    };
    let delivered = |delivery, code: Option<&str>| {
        Event::Receipt(Receipt {
            gateway_ref,
            outbox_id: Some(outbox_id),
            delivery,
            code: code.map(str::to_owned),
            opted_out: false,
        })
    };
    if is_machine(form) {
        return Some(delivered(Delivery::Failed, Some(VOICEMAIL)));
    }
    let status = form.filled("CallStatus");
    Some(
        match (status.as_deref(), form.text("AnsweredBy").as_deref()) {
            (Some("queued" | "initiated"), _) => delivered(Delivery::Accepted, None),
            // Whether a person was there is told by who picked up, and by the key.
            (Some("ringing" | "in-progress" | "completed"), _) => delivered(Delivery::Sent, None),
            (Some(ended @ ("busy" | "no-answer" | "failed" | "canceled")), _) => {
                delivered(Delivery::Failed, Some(ended))
            }
            (None, Some("human")) => delivered(Delivery::Delivered, None),
            _ => Event::Ignored("news of a call that we do not know"),
        },
    )
}

/// What came from a call that goes on.
pub(super) fn read(request: &RawRequest<'_>) -> Option<InCall> {
    let query = wire::query(request.url);
    let alarm = query.text("alarm").and_then(|word| Alarm::of(&word));
    let outbox_id = wire::outbox_id(&query);
    // Only what the signature covers is read: of a GET, the query; of a POST, the body.
    let form = if request.method == Method::GET {
        query
    } else {
        Form::parse(request.body)
    };
    Some(InCall {
        gateway_ref: call_sid(&form)?,
        outbox_id,
        key: form.filled("Digits").and_then(|keys| keys.chars().next()),
        machine: is_machine(&form),
        alarm,
    })
}

/// The words as `TwiML`.
pub(super) fn say(script: &Script) -> String {
    let said = format!("<Say>{}</Say>", escape_xml(&script.said));
    let Some(ask) = &script.asks else {
        return format!("{XML}<Response>{said}<Hangup/></Response>");
    };
    let said = vec![said; TIMES].join("<Pause length=\"2\"/>");
    let (url, missed) = (escape_xml(&ask.url), escape_xml(&ask.missed));
    format!(
        "{XML}<Response><Gather input=\"dtmf\" numDigits=\"1\" timeout=\"{WAIT_S}\" method=\"POST\" action=\"{url}\">{said}</Gather><Say>{missed}</Say><Hangup/></Response>"
    )
}

fn is_machine(form: &Form) -> bool {
    let by = form.text("AnsweredBy").unwrap_or_default();
    by.starts_with("machine") || by == "fax"
}

/// A text has an id of its own kind.
fn call_sid(form: &Form) -> Option<String> {
    let texted = ["MessageSid", "SmsSid", "SmsMessageSid", "Body"];
    let texted = texted.iter().any(|name| form.text(name).is_some());
    form.filled("CallSid").filter(|_| !texted)
}
