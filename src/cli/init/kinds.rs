//! The gateways that `init` can set up: what each must be asked for, and what is to be set there. README.md says
//! the same in more words.

use super::is_number;

/// Says whether an answer can be used, and why not.
pub(super) type Judge = fn(&str) -> Result<(), String>;

/// A key of a gateway's section.
pub(super) struct Asked {
    /// Its name in the section.
    pub(super) key: &'static str,
    /// The flag that gives it.
    pub(super) flag: &'static str,
    /// The question.
    pub(super) ask: &'static str,
    /// Whether an answer can be used; without it any can.
    pub(super) check: Option<Judge>,
}

/// A kind of gateway.
pub(super) struct Kind {
    /// Its word in the configuration.
    pub(super) name: &'static str,
    /// What it is called.
    pub(super) title: &'static str,
    /// What must be known.
    pub(super) questions: &'static [Asked],
    /// What is to be set there, and the path of the address.
    pub(super) hooks: &'static [(&'static str, &'static str)],
    /// What else to think of.
    pub(super) notes: &'static [&'static str],
}

const INBOUND: &str = "/hooks/main/inbound";
const FALLBACK: &str =
    "Fallback or failover address: the file of `harborline fallback export`, on another host.";
const NO_RECEIPTS: &str = "Leave the address for receipts empty: it comes with every text.";

/// A number, a short code, or the id of a service.
fn sender(text: &str) -> Result<(), String> {
    let code = (3..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if code || text.starts_with("MG") {
        return Ok(());
    }
    is_number(text)
}

/// The id of an account at Twilio.
fn account(text: &str) -> Result<(), String> {
    let rest = text.strip_prefix("AC").unwrap_or_default();
    if rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err("write AC and the 32 digits after it, as the first page of the console shows it".to_owned())
}

/// How an account at Vonage signs, as the configuration calls it.
fn signature_method(text: &str) -> Result<(), String> {
    match text {
        "md5_hash" | "md5" | "sha1" | "sha256" | "sha512" => Ok(()),
        _ => Err("write md5_hash, md5, sha1, sha256 or sha512, as the account has it".to_owned()),
    }
}

const fn key(key: &'static str, flag: &'static str, ask: &'static str) -> Asked {
    Asked {
        key,
        flag,
        ask,
        check: None,
    }
}

const SENDER: Asked = Asked {
    key: "sender",
    flag: "--set sender",
    ask: "The number that texters write to, like +15550100",
    check: Some(sender),
};

/// Every kind, the sandbox first.
static KINDS: [Kind; 7] = [
    Kind {
        name: "sandbox",
        title: "the sandbox",
        questions: &[],
        hooks: &[],
        notes: &[],
    },
    Kind {
        name: "twilio",
        title: "Twilio",
        questions: &[
            Asked {
                check: Some(account),
                ..key("account_sid", "--set account_sid", "Account SID (AC…)")
            },
            key(
                "auth_token",
                "--set auth_token",
                "Auth token, or @ and a file that holds it",
            ),
            SENDER,
        ],
        hooks: &[(
            "Phone number or messaging service, a message comes in (POST):",
            INBOUND,
        )],
        notes: &[
            NO_RECEIPTS,
            FALLBACK,
            "Ask support to switch its own answer to STOP off: after it no crisis reply gets through.",
        ],
    },
    Kind {
        name: "signalwire",
        title: "SignalWire",
        questions: &[
            key("project_id", "--set project_id", "Project ID"),
            key(
                "api_token",
                "--set api_token",
                "API token (PT…), or @ and a file that holds it",
            ),
            key(
                "signing_key",
                "--set signing_key",
                "Signing key (PSK…), not the token, or @ and a file",
            ),
            key(
                "api_url",
                "--set api_url",
                "Address of your space, like https://example.signalwire.com",
            ),
            SENDER,
        ],
        hooks: &[(
            "Messaging of the number, when a message comes in (POST, cXML):",
            INBOUND,
        )],
        notes: &[NO_RECEIPTS, FALLBACK],
    },
    Kind {
        name: "telnyx",
        title: "Telnyx",
        questions: &[
            key(
                "api_key",
                "--set api_key",
                "API key (KEY…), or @ and a file that holds it",
            ),
            key(
                "public_key",
                "--set public_key",
                "Public key of the account (Keys & Credentials)",
            ),
            SENDER,
        ],
        hooks: &[("Messaging profile, webhook URL (API version 2):", INBOUND)],
        notes: &[
            FALLBACK,
            "Keep the clock of this machine right: hooks older than 300 seconds are refused.",
        ],
    },
    Kind {
        name: "plivo",
        title: "Plivo",
        questions: &[
            key("auth_id", "--set auth_id", "Auth ID (MA…)"),
            key(
                "auth_token",
                "--set auth_token",
                "Auth token, or @ and a file that holds it",
            ),
            SENDER,
        ],
        hooks: &[("Application of the number, message URL (POST):", INBOUND)],
        notes: &[NO_RECEIPTS],
    },
    Kind {
        name: "vonage",
        title: "Vonage",
        questions: &[
            key("api_key", "--set api_key", "API key"),
            key(
                "api_secret",
                "--set api_secret",
                "API secret, or @ and a file that holds it",
            ),
            key(
                "signature_secret",
                "--set signature_secret",
                "Signature secret, or @ and a file that holds it",
            ),
            Asked {
                check: Some(signature_method),
                ..key(
                    "signature_method",
                    "--set signature_method",
                    "Signature method of the account: md5_hash, md5, sha1, sha256 or sha512",
                )
            },
            SENDER,
        ],
        hooks: &[("The number itself, inbound webhook:", INBOUND)],
        notes: &["Ask for message signing: a hook without a signature is not taken."],
    },
    Kind {
        name: "android",
        title: "the phone (sms-gate.app)",
        questions: &[
            key(
                "username",
                "--set username",
                "User name of the app's server",
            ),
            key(
                "password",
                "--set password",
                "Its password, or @ and a file that holds it",
            ),
            key(
                "signing_key",
                "--set signing_key",
                "Signing key of its webhooks, 16 characters or more, or @ and a file",
            ),
            key(
                "messages_url",
                "--set messages_url",
                "Address that takes messages, like http://192.168.1.20:8080/message",
            ),
        ],
        hooks: &[(
            "Webhooks for sms:received, sms:sent, sms:delivered, sms:failed and mms:downloaded:",
            INBOUND,
        )],
        notes: &["Keep the phone charged, online, and its clock right."],
    },
];

/// The kind of a word.
pub(super) fn of(word: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == word)
}

/// The words, for who wrote another one.
pub(super) fn names() -> String {
    let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    names.join(", ")
}
