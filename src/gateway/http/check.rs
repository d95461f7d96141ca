//! What a mapping must fulfil before anything starts. Part of `gateway`: floor 2.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::HeaderName;
use secrecy::{ExposeSecret as _, SecretString};

use super::answers::Meaning;
use super::door::Auth;
use super::item::Path;
use super::mapping::{Format, Mapping, Verb};
use super::template::{Template, templates};

/// Why a mapping cannot work.
#[derive(Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The key below the gateway.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub fix: &'static str,
}

fn unusable<T>(
    key: impl Into<String>,
    problem: impl Into<String>,
    fix: &'static str,
) -> Result<T, Unusable> {
    let (key, problem) = (key.into(), problem.into());
    Err(Unusable { key, problem, fix })
}

/// One way in which hooks prove who they are from.
fn check_way(key: &str, auth: &Auth) -> Result<(), Unusable> {
    let Auth {
        basic,
        bearer,
        header,
        token,
        hmac,
        basic_in_url,
    } = auth;
    if basic.is_none() && bearer.is_none() && header.is_none() && token.is_none() && hmac.is_none()
    {
        let fix = "Set basic, bearer, header, hmac or token, and the same at the gateway";
        return unusable(key, "anyone could send texts in anyone's name", fix);
    }
    if basic.is_some() && bearer.is_some() {
        let fix = "Keep the one that the gateway sends";
        return unusable(key, "basic and bearer both want the same header", fix);
    }
    if *basic_in_url && basic.is_none() {
        let fix = "Set basic.username and basic.password, or leave basic_in_url out";
        return unusable(key, "there is no login to put into the address", fix);
    }
    let secrets = [
        basic.as_ref().map(|login| &login.password),
        bearer.as_ref(),
        header.as_ref().map(|header| &header.token),
        token.as_ref(),
        hmac.as_ref().map(|hmac| &hmac.secret),
    ];
    let guessable = |secret: &SecretString| secret.expose_secret().chars().count() < 16;
    if secrets.into_iter().flatten().any(guessable) {
        let fix = "Make a long random one, for example with: openssl rand -hex 24";
        return unusable(key, "a secret is shorter than 16 characters", fix);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
    if let Some((_, token)) = auth.query_token()
        && !token.chars().all(plain)
    {
        return unusable(
            format!("{key}.token"),
            "it becomes part of a web address",
            "Use letters, digits, - and _ only",
        );
    }
    let headers = [
        ("header.name", header.as_ref().map(|header| &header.name)),
        ("hmac.header", hmac.as_ref().map(|hmac| &hmac.header)),
    ];
    for (place, name) in headers {
        let Some(name) = name else { continue };
        let key = format!("{key}.{place}");
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            let problem = "this is not the name of a header";
            return unusable(key, problem, "Write it like X-Signature");
        }
        let login = basic.is_some() || bearer.is_some();
        if login && name.eq_ignore_ascii_case("authorization") {
            let problem = "basic or bearer wants this header, too";
            return unusable(key, problem, "Keep the one that the gateway sends");
        }
    }
    Ok(())
}

impl Mapping {
    /// The first thing in it that cannot work.
    ///
    /// # Errors
    /// [`Unusable`] names the key and the fix.
    pub fn check(&self) -> Result<(), Unusable> {
        self.check_auth()?;
        self.check_hooks()?;
        self.check_send()?;
        self.check_questions()?;
        if !self
            .answers
            .iter()
            .any(|rule| rule.means == Meaning::Accepted)
        {
            let fix = "Add one with means = \"accepted\", or every text is sent again and again";
            return unusable("answers", "no answer means that a text was accepted", fix);
        }
        if self
            .answers
            .iter()
            .any(|rule| rule.field.is_some() == rule.is.is_empty())
        {
            let fix = "Write both, like field = \"status\" and is = [\"0\"]";
            return unusable("answers", "`field` and `is` go together", fix);
        }
        Ok(())
    }

    fn check_auth(&self) -> Result<(), Unusable> {
        let other = self.auth_other.as_ref().map(|auth| ("auth_other", auth));
        let ways = std::iter::once(("auth", &self.auth)).chain(other);
        for (key, auth) in ways {
            check_way(key, auth)?;
            let in_query =
                self.inbound.format == Format::Query || self.receipt.format == Format::Query;
            if auth.hmac.is_some() && in_query {
                let fix = "Use token, basic or header, or let the gateway send forms or JSON";
                let key = format!("{key}.hmac");
                return unusable(key, "fields in the query are not covered by it", fix);
            }
        }
        Ok(())
    }

    fn check_hooks(&self) -> Result<(), Unusable> {
        let (inbound, receipt) = (&self.inbound, &self.receipt);
        let lists = [
            (inbound.format, &inbound.items),
            (receipt.format, &receipt.items),
        ];
        if lists
            .iter()
            .any(|(format, items)| *format != Format::Json && items.is_some())
        {
            let fix = "Leave it out, or set format = \"json\"";
            return unusable("inbound.items", "only JSON holds several texts", fix);
        }
        if inbound.parts.is_some() && inbound.format != Format::Json {
            let fix = "Leave it out, or set format = \"json\"";
            return unusable("inbound.parts", "only JSON holds a text in parts", fix);
        }
        let fields = [&inbound.id, &inbound.from, &inbound.body, &receipt.status];
        let of_parts = inbound.parts.as_ref();
        let of_parts = of_parts.map(|parts| [&parts.items, &parts.body]);
        let mut fields = fields.into_iter().chain(of_parts.into_iter().flatten());
        if fields.any(Path::is_empty) {
            let fix = "Write the name of the field, or its path in JSON, like message.text";
            return unusable("inbound", "the name of a field is empty", fix);
        }
        let statuses = &receipt.statuses;
        let words: Vec<&String> = [
            &statuses.accepted,
            &statuses.sent,
            &statuses.delivered,
            &statuses.failed,
        ]
        .into_iter()
        .flatten()
        .collect();
        if words.iter().collect::<BTreeSet<_>>().len() < words.len() {
            let fix = "Leave each word in one list";
            return unusable("receipt.statuses", "a word stands in two lists", fix);
        }
        if self.ack.inline && !self.ack.body.is_empty() {
            let fix = "Leave ack.body out";
            return unusable(
                "ack",
                "the body of every response would be sent to the person",
                fix,
            );
        }
        if !(1..=60).contains(&self.hook_deadline_s) {
            let fix = "Write the seconds that the gateway waits, from 1 to 60";
            return unusable("hook_deadline_s", "this is no time to answer in", fix);
        }
        Ok(())
    }

    fn check_send(&self) -> Result<(), Unusable> {
        let send = &self.send;
        let web = |url: url::Url| {
            matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none()
        };
        if !url::Url::parse(&send.url).is_ok_and(web) {
            let fix = "Write it like https://api.example.org/messages; fields go into send.query";
            return unusable("send.url", "this is not a web address without a query", fix);
        }
        if send.form.is_some() && send.json.is_some() {
            return unusable(
                "send",
                "a body is a form or JSON, not both",
                "Keep one of form and json",
            );
        }
        if send.method == Verb::Get && (send.form.is_some() || send.json.is_some()) {
            let fix = "Move the fields to send.query, or set method = \"POST\"";
            return unusable("send.method", "a GET has no body", fix);
        }
        if send.gsm.is_empty() != send.ucs2.is_empty()
            || (send.json.is_some() && !send.gsm.is_empty())
        {
            let fix = "Set both for a form or a query, and neither for JSON, which is always UTF-8";
            return unusable("send.gsm", "send.gsm and send.ucs2 go together", fix);
        }
        let headers = send.headers.keys().chain(self.ack.inline_headers.keys());
        for name in headers {
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                let problem = format!("`{name}` is not the name of a header");
                return unusable("send.headers", problem, "Write it like Authorization");
            }
        }
        self.check_templates()
    }

    fn check_questions(&self) -> Result<(), Unusable> {
        let poll = self.poll.as_ref().map(|poll| ("poll.url", &poll.url, true));
        let check = self.check.as_ref();
        let check = check.map(|check| ("check.url", &check.url, false));
        let web = |url: url::Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        for (key, template, of_a_text) in poll.into_iter().chain(check) {
            if let Some(name) = template.missing_secret(&self.secrets) {
                let problem = format!("there is no secret `{name}`");
                return unusable(key, problem, "Add it to [gateways.NAME.secrets]");
            }
            if !template.is_question() || template.has_ref() != of_a_text {
                let fix = "Use {ref} in poll.url, and besides {secrets.NAME} and {from} nothing";
                return unusable(key, "it cannot be filled, or names no text", fix);
            }
            if !url::Url::parse(&self.asked(template, "0")).is_ok_and(web) {
                let fix = "Write it like https://api.example.org/messages/{ref}";
                return unusable(key, "this is not a web address", fix);
            }
        }
        Ok(())
    }

    fn check_templates(&self) -> Result<(), Unusable> {
        let send = &self.send;
        let mut in_json = Vec::new();
        if let Some(json) = &send.json {
            templates(json, &mut in_json);
        }
        let fields = || {
            send.query
                .values()
                .chain(send.form.iter().flat_map(BTreeMap::values))
        };
        let encodings = || send.gsm.values().chain(send.ucs2.values());
        let text_only = send
            .headers
            .values()
            .chain(self.ack.inline_headers.values());
        let text_only: Vec<&Template> = text_only.chain(in_json.iter().copied()).collect();
        let all = || fields().chain(encodings()).chain(text_only.iter().copied());
        if let Some(name) = all().find_map(|template| template.missing_secret(&self.secrets)) {
            let problem = format!("there is no secret `{name}`");
            return unusable("secrets", problem, "Add it to [gateways.NAME.secrets]");
        }
        if all().any(Template::has_ref) {
            return unusable("send", "{ref} is known only in poll.url", "Use {id}");
        }
        if text_only.iter().any(|template| template.is_binary()) {
            let fix = "Use {body} or {body_utf16_hex} there";
            return unusable(
                "send",
                "{body_utf16} is bytes, which JSON and headers cannot hold",
                fix,
            );
        }
        let everywhere = fields().chain(in_json.iter().copied());
        let both = [&send.gsm, &send.ucs2].map(|fields| fields.values().any(Template::has_body));
        if !everywhere.clone().any(Template::has_body) && both != [true, true] {
            return unusable(
                "send",
                "the words of the text are sent nowhere",
                "Put {body} into a field",
            );
        }
        if !everywhere.chain(encodings()).any(Template::has_to) {
            return unusable(
                "send",
                "nothing says whom a text goes to",
                "Put {to} or {to_digits} into a field",
            );
        }
        let odd = |secret: &&SecretString| secret.expose_secret().chars().any(char::is_control);
        if self.secrets.values().any(|secret| odd(&secret)) {
            let fix = "Copy it again; a line break at its end is the usual reason";
            return unusable("secrets", "a line break stands in a secret", fix);
        }
        Ok(())
    }
}
