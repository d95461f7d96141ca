//! What somebody wants of a contact method, and whether it can be one.

use std::str::FromStr;

use lettre::Address as MailAddress;

use super::refused::quoted;
use super::{LONGEST_LABEL, Refused, Ways};
use crate::oncall::{Address, Channel, Preset, Secret, Uses};
use crate::pager::guard::check_url;
use crate::pager::webhook::PAGERDUTY_URL;
use crate::phone::PhoneNumber;
use crate::text::name;

/// The longest address, in bytes.
const LONGEST_ADDRESS: usize = 1000;
/// The longest key or token, in bytes.
const LONGEST_SECRET: usize = 500;
/// The length of an integration key of `PagerDuty` (Events API v2, `routing_key`).
const ROUTING_KEY: usize = 32;

/// A contact method as somebody wants it. No `Debug`: it holds where a person is reached.
#[derive(Clone)]
pub struct MethodDraft {
    /// How it is reached.
    pub channel: Channel,
    /// What its owner calls it.
    pub label: String,
    /// The number, e-mail address or URL, as it was typed.
    pub address: String,
    /// The gateway of a text or a call; empty for the gateway of all pages.
    pub gateway: String,
    /// The kind of a webhook; empty for our own JSON.
    pub preset: String,
    /// The key or token that a webhook's receiver gave out; empty for none.
    pub secret: String,
    /// Which pages it is for.
    pub uses: Uses,
}

/// What of a method can be changed: where it leads cannot, since that would have to be proved again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodChange {
    /// What its owner calls it.
    pub label: String,
    /// The gateway of a text or a call; empty for the gateway of all pages.
    pub gateway: String,
    /// Which pages it is for.
    pub uses: Uses,
}

/// A method that can be one.
pub(super) struct Checked {
    pub(super) label: String,
    pub(super) address: Address,
    pub(super) gateway: Option<String>,
    pub(super) preset: Option<Preset>,
    pub(super) secret: Option<Secret>,
}

impl MethodDraft {
    pub(super) fn checked(&self, ways: &Ways) -> Result<Checked, Refused> {
        let label = label(&self.label)?;
        let gateway = gateway(self.channel, &self.gateway, ways)?;
        let typed = self.address.trim();
        let (mut preset, mut secret) = (None, None);
        let address = match self.channel {
            Channel::Sms | Channel::Voice => number(typed, ways)?,
            Channel::Email => mail(typed, ways)?,
            Channel::Webhook => {
                let kind = kind(&self.preset)?;
                secret = key(kind, &self.secret)?;
                preset = Some(kind);
                let empty = typed.is_empty() && kind == Preset::Pagerduty;
                url(if empty { PAGERDUTY_URL } else { typed }, kind, ways)?
            }
        };
        Ok(Checked {
            label,
            address,
            gateway,
            preset,
            secret,
        })
    }
}

/// A name that can be shown on one line.
pub(super) fn label(typed: &str) -> Result<String, Refused> {
    let label = typed.trim();
    let length = label.chars().count();
    if length == 0 || length > LONGEST_LABEL {
        return Err(Refused::Label);
    }
    name::check(label)?;
    Ok(label.to_owned())
}

/// The gateway of a text or a call, if one was named.
pub(super) fn gateway(
    channel: Channel,
    typed: &str,
    ways: &Ways,
) -> Result<Option<String>, Refused> {
    let named = typed.trim();
    match channel {
        Channel::Email | Channel::Webhook => return Ok(None),
        Channel::Voice if ways.calls.is_empty() => return Err(Refused::NoCalls),
        Channel::Sms | Channel::Voice => {}
    }
    let (all, calls) = (&ways.texts, &ways.calls);
    let is = |list: &[String], name: &str| list.iter().any(|one| one == name);
    if named.is_empty() {
        // Without a gateway of its own a call leaves by the one of all pages, if that can call.
        return match channel {
            Channel::Voice if !is(calls, &ways.usual) => Ok(calls.first().cloned()),
            _ => Ok(None),
        };
    }
    if !is(all, named) {
        return Err(Refused::Gateway(quoted(named), either(all)));
    }
    if channel == Channel::Voice && !is(calls, named) {
        return Err(Refused::CannotCall(quoted(named), either(calls)));
    }
    Ok(Some(named.to_owned()))
}

/// Names to choose from, as a part of a sentence.
fn either<S: AsRef<str>>(names: &[S]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.split_last() {
        None => "another way".to_owned(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

fn number(typed: &str, ways: &Ways) -> Result<Address, Refused> {
    let number = PhoneNumber::parse(typed).map_err(|_| Refused::Number)?;
    // Nobody is called at a short code.
    if !number.reveal().starts_with('+') {
        return Err(Refused::Number);
    }
    if ways.senders.contains(&number) {
        return Err(Refused::OwnNumber);
    }
    Ok(Address::from(&number))
}

fn mail(typed: &str, ways: &Ways) -> Result<Address, Refused> {
    let address = MailAddress::from_str(typed).map_err(|_| Refused::Mail)?;
    if typed.len() > LONGEST_ADDRESS || !address.domain().contains('.') {
        return Err(Refused::Mail);
    }
    if !ways.mail {
        return Err(Refused::NoMail);
    }
    Ok(Address::new(typed))
}

fn kind(typed: &str) -> Result<Preset, Refused> {
    let word = typed.trim();
    if word.is_empty() {
        return Ok(Preset::default());
    }
    let words = Preset::ALL.map(Preset::word);
    Preset::of(word).ok_or_else(|| Refused::Preset(quoted(word), either(&words)))
}

fn url(typed: &str, kind: Preset, ways: &Ways) -> Result<Address, Refused> {
    if typed.len() > LONGEST_ADDRESS {
        return Err(Refused::Url("it is longer than any address"));
    }
    let url = check_url(typed, ways.private_webhooks).map_err(Refused::Url)?;
    if kind == Preset::Ntfy && url.path().trim_matches('/').is_empty() {
        return Err(Refused::Url("it names no topic after the server"));
    }
    Ok(Address::new(url.as_str()))
}

fn key(kind: Preset, typed: &str) -> Result<Option<Secret>, Refused> {
    let typed = typed.trim();
    if kind == Preset::Pagerduty {
        let plain = typed.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if typed.len() != ROUTING_KEY || !plain {
            return Err(Refused::Key);
        }
    }
    if typed.is_empty() {
        return Ok(None);
    }
    if matches!(kind, Preset::Slack | Preset::Teams) {
        return Err(Refused::NoSecret);
    }
    if typed.len() > LONGEST_SECRET || !typed.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Refused::Secret);
    }
    Ok(Some(Secret::new(typed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways() -> Ways {
        Ways {
            usual: "main".to_owned(),
            texts: vec!["main".to_owned(), "second".to_owned()],
            calls: vec!["second".to_owned()],
            mail: true,
            private_webhooks: false,
            senders: vec![PhoneNumber::of_sender("+15550100")],
        }
    }

    fn draft(channel: Channel, address: &str) -> MethodDraft {
        MethodDraft {
            channel,
            label: " my phone ".to_owned(),
            address: address.to_owned(),
            gateway: String::new(),
            preset: String::new(),
            secret: String::new(),
            uses: Uses::All,
        }
    }

    fn refused(draft: &MethodDraft, ways: &Ways) -> Refused {
        draft.checked(ways).err().expect("it is refused")
    }

    #[test]
    fn a_method_is_kept_as_it_was_meant() {
        let sms = draft(Channel::Sms, " +1 (555) 017-0123 ")
            .checked(&ways())
            .ok()
            .unwrap();
        assert_eq!(
            (sms.label.as_str(), sms.address.reveal()),
            ("my phone", "+15550170123")
        );
        assert_eq!(sms.gateway, None);
        let call = draft(Channel::Voice, "+15550170")
            .checked(&ways())
            .ok()
            .unwrap();
        assert_eq!(
            call.gateway.as_deref(),
            Some("second"),
            "the usual one cannot call"
        );
        let mail = draft(Channel::Email, "first@example.org")
            .checked(&ways())
            .ok()
            .unwrap();
        assert_eq!(mail.address.reveal(), "first@example.org");
        let duty = MethodDraft {
            preset: "pagerduty".to_owned(),
            secret: "0123456789abcdef0123456789ABCDEF".to_owned(),
            ..draft(Channel::Webhook, "")
        };
        let duty = duty.checked(&ways()).ok().unwrap();
        assert_eq!(duty.address.reveal(), PAGERDUTY_URL);
    }

    #[test]
    fn what_cannot_work_is_refused_with_the_reason_and_the_field() {
        let here = ways();
        let no_calls = Ways {
            calls: Vec::new(),
            mail: false,
            ..ways()
        };
        for (typed, field) in [
            ("", "address"),
            ("15550170", "address"),
            ("741741", "address"),
            ("+15550100", "address"),
            ("first@example.org", "address"),
        ] {
            let refused = refused(&draft(Channel::Sms, typed), &here);
            assert_eq!(refused.field(), field, "{typed}");
        }
        for typed in [
            "first",
            "first@",
            "first@localhost",
            "a b@example.org",
            "First <first@example.org>",
        ] {
            assert_eq!(
                refused(&draft(Channel::Email, typed), &here),
                Refused::Mail,
                "{typed}"
            );
        }
        assert_eq!(
            refused(&draft(Channel::Email, "first@example.org"), &no_calls),
            Refused::NoMail
        );
        assert_eq!(
            refused(&draft(Channel::Voice, "+15550170"), &no_calls),
            Refused::NoCalls
        );
        for typed in [
            "push.example.org",
            "http://push.example.org",
            "https://127.0.0.1/x",
            "https://u:p@push.example.org",
        ] {
            assert_eq!(
                refused(&draft(Channel::Webhook, typed), &here).field(),
                "address",
                "{typed}"
            );
        }
        let hook = |preset: &str, secret: &str| MethodDraft {
            preset: preset.to_owned(),
            secret: secret.to_owned(),
            ..draft(Channel::Webhook, "https://push.example.org")
        };
        let said = refused(&hook("discord", ""), &here).to_string();
        assert!(
            said.ends_with("Choose json, ntfy, slack, teams, pagerduty or alertmanager."),
            "{said}"
        );
        assert_eq!(
            refused(&hook("ntfy", ""), &here).field(),
            "address",
            "it names no topic"
        );
        assert_eq!(refused(&hook("pagerduty", "short"), &here), Refused::Key);
        assert_eq!(refused(&hook("slack", "x"), &here), Refused::NoSecret);
        assert_eq!(refused(&hook("json", "two words"), &here), Refused::Secret);
        let other = |channel, gateway: &str| MethodDraft {
            gateway: gateway.to_owned(),
            ..draft(channel, "+15550170")
        };
        let said = refused(&other(Channel::Sms, "third"), &here).to_string();
        assert_eq!(
            said,
            "There is no gateway “third” here. Choose main or second."
        );
        let said = refused(&other(Channel::Voice, "main"), &here).to_string();
        assert_eq!(said, "The gateway “main” cannot make calls. Choose second.");
        let long = MethodDraft {
            label: "x".repeat(41),
            ..draft(Channel::Sms, "+15550170")
        };
        assert_eq!(refused(&long, &here), Refused::Label);
    }
}
