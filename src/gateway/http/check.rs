//! What a mapping must fulfil before anything starts. Part of `gateway`: floor 2.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::HeaderName;
use secrecy::{ExposeSecret as _, SecretString};

use super::answers::Meaning;
use super::mapping::{Format, Mapping, Verb};
use super::template::{Template, templates};

/// Why a mapping cannot work.
#[derive(Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The key below the gateway.
    pub key: &'static str,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub fix: &'static str,
}

fn unusable<T>(
    key: &'static str,
    problem: impl Into<String>,
    fix: &'static str,
) -> Result<T, Unusable> {
    let problem = problem.into();
    Err(Unusable { key, problem, fix })
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
        let auth = &self.auth;
        if auth.basic.is_none()
            && auth.bearer.is_none()
            && auth.token.is_none()
            && auth.hmac.is_none()
        {
            let fix = "Set token, basic, bearer or hmac, and the same at the gateway";
            return unusable("auth", "anyone could send texts in anyone's name", fix);
        }
        if auth.basic.is_some() && auth.bearer.is_some() {
            let fix = "Keep the one that the gateway sends";
            return unusable("auth", "basic and bearer both want the same header", fix);
        }
        let secrets = [
            auth.basic.as_ref().map(|login| &login.password),
            auth.bearer.as_ref(),
            auth.token.as_ref(),
            auth.hmac.as_ref().map(|hmac| &hmac.secret),
        ];
        let guessable = |secret: &SecretString| secret.expose_secret().chars().count() < 16;
        if secrets.into_iter().flatten().any(guessable) {
            let fix = "Make a long random one, for example with: openssl rand -hex 24";
            return unusable("auth", "a secret is shorter than 16 characters", fix);
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
        if let Some((_, token)) = auth.query_token()
            && !token.chars().all(plain)
        {
            let fix = "Use letters, digits, - and _ only";
            return unusable("auth.token", "it becomes part of a web address", fix);
        }
        match &auth.hmac {
            Some(hmac) if HeaderName::from_bytes(hmac.header.as_bytes()).is_err() => unusable(
                "auth.hmac.header",
                "this is not the name of a header",
                "Write it like X-Signature",
            ),
            Some(_)
                if self.inbound.format == Format::Query || self.receipt.format == Format::Query =>
            {
                let fix = "Use auth.token, or let the gateway send forms or JSON";
                unusable(
                    "auth.hmac",
                    "fields in the query are not covered by it",
                    fix,
                )
            }
            _ => Ok(()),
        }
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
        let fields = [&inbound.id, &inbound.from, &inbound.body, &receipt.status];
        if fields.iter().any(|path| path.is_empty()) {
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
