//! `[smtp]` and `[webhooks]`: the ways by which pages leave that are no gateways.

use std::net::IpAddr;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

use super::load::ConfigError;
use crate::pager::email::{NotUsable, Security, Smtp, SmtpConfig};

/// `[smtp]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpSection {
    /// The mail server.
    pub host: String,
    /// Its port; that of `security` if it is left out.
    pub port: Option<u16>,
    /// How the way to it is protected.
    #[serde(default)]
    pub security: Security,
    /// Whether mail may go in clear to another machine.
    #[serde(default)]
    pub allow_clear: bool,
    /// Who we are to it.
    pub username: Option<String>,
    /// The password that goes with it.
    pub password: Option<SecretString>,
    /// Whom mail comes from: an address, or a name with an address in angle brackets.
    pub from: String,
    /// A file with the certificate (PEM) of an authority of your own.
    pub ca_file: Option<PathBuf>,
}

/// `[webhooks]`
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhooksSection {
    /// Whether webhooks may go to addresses of the server's own network, and in clear.
    pub allow_private: bool,
}

impl SmtpSection {
    /// The mail server of this section.
    ///
    /// # Errors
    /// [`NotUsable`] for the first key that cannot work.
    pub fn smtp(&self) -> Result<Smtp, NotUsable> {
        let authority = self.ca_file.as_ref().map(std::fs::read).transpose();
        let credentials = match (&self.username, &self.password) {
            (Some(user), Some(password)) => Some((user.clone(), password.clone())),
            (None, None) => None,
            (Some(_), None) => return Err(not("username", "there is no password with it")),
            (None, Some(_)) => return Err(not("password", "there is no username with it")),
        };
        if self.security == Security::None && !self.allow_clear && !self.is_here() {
            return Err(not(
                "security",
                "mail and password would go in clear to another machine",
            ));
        }
        Smtp::new(&SmtpConfig {
            host: self.host.clone(),
            port: self.port.unwrap_or(self.security.port()),
            security: self.security,
            credentials,
            from: self.from.clone(),
            authority: authority.map_err(|_| not("ca_file", "the file cannot be read"))?,
        })
    }

    /// Whether the mail server is on this machine.
    fn is_here(&self) -> bool {
        let host = self.host.trim_matches(['[', ']']);
        let address = host.parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

const fn not(key: &'static str, why: &'static str) -> NotUsable {
    NotUsable { key, why }
}

/// The first thing in `[smtp]` that cannot work.
pub(super) fn check(
    section: Option<&SmtpSection>,
    at: &impl Fn(&str) -> String,
) -> Result<(), ConfigError> {
    let Some(section) = section else {
        return Ok(());
    };
    if section.host.trim().is_empty() {
        return Err(ConfigError::new(
            at("smtp.host"),
            "no mail server is named",
            "Write its name, like mail.example.org, or leave the section out",
        ));
    }
    let Err(NotUsable { key, why }) = section.smtp() else {
        return Ok(());
    };
    let fix = match key {
        "from" => "Write it like pages@example.org, or Example Line <pages@example.org>",
        "security" => {
            "Write starttls or tls, or allow_clear = true if you know the way between them"
        }
        "username" | "password" => "Set both, or neither",
        "ca_file" => "Name a readable file that holds a certificate in PEM form",
        _ => "Write the name that the mail server's certificate is for",
    };
    Err(ConfigError::new(at(&format!("smtp.{key}")), why, fix))
}
