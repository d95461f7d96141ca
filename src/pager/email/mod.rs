//! Pages by e-mail, through the mail server of the organization.
//!
//! Sources: RFC 5321 (SMTP), RFC 5322 (messages), RFC 3834 (automatic messages), RFC 2156 (`Importance`,
//! `Priority`), RFC 4954 (signing in), RFC 8314 (TLS). It keeps no connection and tries once: when to
//! try again is a column of the outbox. Part of `pager`: floor 2.

#[cfg(test)]
mod tests;

use std::error::Error as StdError;
use std::io;
use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{Address, AsyncTransport as _, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Carried, Page, Urgency};
use crate::clock::At;
use crate::gateway::SendOutcome;

/// How long a mail may take in all: a server that is asked to look up senders takes its time.
const LIMIT: Duration = Duration::from_secs(25);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// How the way to the mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// The connection becomes TLS before anything is said, or nothing is said (port 587).
    #[default]
    Starttls,
    /// TLS from the first byte (port 465).
    Tls,
    /// In clear: for a mail server on this machine (port 25).
    None,
}

impl Security {
    /// The port that goes with it.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// How mail leaves. No `Debug`: it holds a password.
pub struct SmtpConfig {
    /// The mail server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way to it is protected.
    pub security: Security,
    /// Who we are to it: user name and password; without them it is not asked to know us.
    pub credentials: Option<(String, SecretString)>,
    /// Whom mail comes from: an address, or a name with an address in angle brackets.
    pub from: String,
    /// The certificate (PEM) of an authority of the organization's own.
    pub authority: Option<Vec<u8>>,
}

/// Why mail cannot leave with these settings: half of a sentence, and the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("smtp.{key}: {why}")]
pub struct NotUsable {
    /// The key.
    pub key: &'static str,
    /// What is wrong.
    pub why: &'static str,
}

/// The mail server, configured.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    /// Reads the settings. Nothing is connected yet.
    ///
    /// # Errors
    /// [`NotUsable`] for the first key that cannot work.
    pub fn new(config: &SmtpConfig) -> Result<Self, NotUsable> {
        let not = |key, why| NotUsable { key, why };
        let from: Mailbox = config
            .from
            .parse()
            .map_err(|_| not("from", "this is no e-mail address"))?;
        let tls = || tls(config);
        let tls = match config.security {
            Security::None => Tls::None,
            Security::Starttls => Tls::Required(tls()?),
            Security::Tls => Tls::Wrapper(tls()?),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port)
            .tls(tls)
            .timeout(Some(CONNECT))
            .hello_name(ClientId::Domain(from.email.domain().to_owned()));
        if let Some((user, password)) = &config.credentials {
            let password = password.expose_secret().to_owned();
            transport = transport.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self {
            transport: transport.build(),
            from,
        })
    }

    /// Sends a page, once.
    pub async fn send(&self, page: &Page<'_>) -> Carried {
        let Some(message) = build(page, &self.from) else {
            return Carried::not_tried("address-refused");
        };
        let asked = format!(
            "mail to 1 address, {} bytes, subject ({} chars)",
            message.formatted().len(),
            page.headline().chars().count()
        );
        let sent = tokio::time::timeout(LIMIT, self.transport.send(message)).await;
        let (outcome, status, answered) = match sent {
            Ok(Ok(response)) => {
                let accepted = SendOutcome::Accepted {
                    gateway_ref: page.id.to_string(),
                };
                let code = u16::from(response.code());
                (accepted, Some(code), code.to_string())
            }
            Ok(Err(error)) => {
                let code = error.status().map(u16::from);
                let answered =
                    code.map_or_else(|| kind(&error).to_owned(), |code| code.to_string());
                (read(&error), code, answered)
            }
            Err(_) => (SendOutcome::Ambiguous, None, "no answer in time".to_owned()),
        };
        Carried {
            outcome,
            status,
            asked,
            answered,
        }
    }

    /// Connects, protects the way and says who we are, without sending anything.
    ///
    /// # Errors
    /// What goes wrong, as half of a sentence.
    pub async fn try_out(&self) -> Result<(), String> {
        match tokio::time::timeout(LIMIT, self.transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err("the mail server hangs up".to_owned()),
            Ok(Err(error)) => Err(match error.status().map(u16::from) {
                Some(code) if is_about_us(code) => {
                    format!("the mail server does not accept user name and password ({code})")
                }
                Some(code) => format!("the mail server refuses us ({code})"),
                None => format!("the mail server cannot be used: {}", kind(&error)),
            }),
            Err(_) => Err("the mail server does not answer".to_owned()),
        }
    }
}

fn tls(config: &SmtpConfig) -> Result<TlsParameters, NotUsable> {
    // lettre takes the provider of the process where there is one: see src/gateway/client.rs.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut tls = TlsParameters::builder(config.host.clone());
    if let Some(pem) = &config.authority {
        let none = NotUsable {
            key: "ca_file",
            why: "there is no certificate in it",
        };
        // A file without any is no error of the reader's.
        let begins = b"-----BEGIN CERTIFICATE-----";
        if !pem.windows(begins.len()).any(|window| window == begins) {
            return Err(none);
        }
        let authority = Certificate::from_pem(pem).map_err(|_| none)?;
        tls = tls.add_root_certificate(authority);
    }
    tls.build_rustls().map_err(|_| NotUsable {
        key: "host",
        why: "TLS cannot be used with it",
    })
}

/// The mail that carries a page; none when its address is not one.
fn build(page: &Page<'_>, from: &Mailbox) -> Option<Message> {
    let to: Address = page.to.address.reveal().parse().ok()?;
    let domain = from.email.domain();
    // Mails about one case stand together, whatever their subjects.
    let thread = format!("<{}@{domain}>", page.subject());
    let (x_priority, importance, priority) = match page.urgency() {
        Urgency::Now => ("1", "high", "urgent"),
        Urgency::Soon => ("2", "high", "urgent"),
        Urgency::News => ("3", "normal", "normal"),
    };
    let mut message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .date(moment(page.at))
        .message_id(Some(format!("<{}.{}@{domain}>", page.id, page.kind.word())))
        .references(thread.clone())
        .in_reply_to(thread)
        .subject(page.headline())
        .header(ContentType::TEXT_PLAIN);
    for (name, value) in [
        ("Auto-Submitted", "auto-generated"),
        // What Exchange answers by itself while its owner is away ([MS-OXCMAIL]).
        ("X-Auto-Response-Suppress", "All"),
        ("X-Priority", x_priority),
        ("Importance", importance),
        ("Priority", priority),
    ] {
        let name = HeaderName::new_from_ascii_str(name);
        message = message.raw_header(HeaderValue::new(name, value.to_owned()));
    }
    message.body(body(page)).ok()
}

fn body(page: &Page<'_>) -> String {
    format!(
        "{headline}\n\n{invitation}: {url}\n\n-- \n{line}, sent automatically. Nobody reads replies to this address.\n",
        headline = page.headline(),
        invitation = page.invitation(),
        url = page.url(),
        line = page.line,
    )
}

fn moment(at: At) -> SystemTime {
    SystemTime::UNIX_EPOCH + at.since(At(0))
}

/// What an error of the mail server means.
fn read(error: &Error) -> SendOutcome {
    if let Some(code) = error.status().map(u16::from) {
        return of_code(code);
    }
    let misconfigured = |code: &str| SendOutcome::Misconfigured {
        code: code.to_owned(),
    };
    match kind(error) {
        kind @ ("tls" | "refused by ourselves") => misconfigured(kind),
        kind @ "no connection" => SendOutcome::Retry {
            after_s: None,
            code: kind.to_owned(),
        },
        _ => SendOutcome::Ambiguous,
    }
}

/// What a reply code means (RFC 5321 section 4.2, RFC 4954 section 6).
fn of_code(status: u16) -> SendOutcome {
    let code = format!("smtp-{status}");
    match status {
        _ if is_about_us(status) => SendOutcome::Misconfigured { code },
        500.. => SendOutcome::Permanent { code },
        _ => SendOutcome::Retry {
            after_s: None,
            code,
        },
    }
}

/// The server wants us to sign in, in another way, or does not know us.
const fn is_about_us(status: u16) -> bool {
    matches!(status, 530 | 534 | 535 | 538)
}

/// What went wrong where no reply says so.
fn kind(error: &Error) -> &'static str {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
    if error.is_tls() {
        return "tls";
    }
    // Such as a server that offers no STARTTLS, or no way to sign in that we know.
    if error.is_client() {
        return "refused by ourselves";
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>();
        match io.map(io::Error::kind) {
            Some(ConnectionRefused | HostUnreachable | NetworkUnreachable) => {
                return "no connection";
            }
            _ if io
                .and_then(io::Error::get_ref)
                .is_some_and(<dyn StdError + Send + Sync>::is::<rustls::Error>) =>
            {
                return "tls";
            }
            _ => cause = error.source(),
        }
    }
    "the line broke"
}
