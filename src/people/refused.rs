//! Why something was refused.

use crate::oncall::{CODE_TRIES, LONGEST_NAME, PROOFS_A_DAY};
use crate::text::name::OddName;

/// The most methods of one person.
pub(super) const MOST_METHODS: usize = 10;
/// The longest name of a method, in characters.
pub const LONGEST_LABEL: usize = 40;

/// Why something was refused; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nobody is there, or they have left or are locked.
    #[error("There is no such person, or they have left the team or are locked.")]
    UnknownPerson,
    /// It is somebody else's.
    #[error("This is not yours to change. Ask the person themselves, or an administrator.")]
    NotYours,
    /// There is no such method.
    #[error("This contact method is not there any more. Look at the list again.")]
    UnknownMethod,
    /// Nothing to call it by, or too much.
    #[error("Give it a name of up to {LONGEST_LABEL} characters on one line, like “my phone”.")]
    Label,
    /// It is not what it looks like.
    #[error(transparent)]
    OddName(#[from] OddName),
    /// More than anybody overlooks.
    #[error("Nobody can have more than {MOST_METHODS} contact methods. Remove one first.")]
    TooMany,
    /// They have it.
    #[error("This one is there already. Give another one, or look at the list.")]
    Known,
    /// No number that can be texted or called.
    #[error("This is no phone number. Write it in international form, like +15550100.")]
    Number,
    /// The line itself.
    #[error(
        "This is a number of the line itself, which would text itself. Give the number of a person."
    )]
    OwnNumber,
    /// No gateway of this name.
    #[error("There is no gateway “{0}” here. Choose {1}.")]
    Gateway(String, String),
    /// No gateway that can call.
    #[error(
        "No gateway of this line can make calls. Add a text, an e-mail address or a webhook instead."
    )]
    NoCalls,
    /// This one cannot call.
    #[error("The gateway “{0}” cannot make calls. Choose {1}.")]
    CannotCall(String, String),
    /// No address.
    #[error("This is no e-mail address. Write it like first@example.org.")]
    Mail,
    /// No mail server.
    #[error(
        "This line has no mail server yet, so that no mail would leave. Ask the operator to set [smtp] in the configuration."
    )]
    NoMail,
    /// A URL that is not called.
    #[error(
        "This address cannot be called: {0}. Copy the https:// address that the receiver shows."
    )]
    Url(&'static str),
    /// No such shape.
    #[error("There is no kind of webhook “{0}”. Choose {1}.")]
    Preset(String, String),
    /// The receiver needs a key.
    #[error(
        "PagerDuty needs the integration key of the service: 32 letters and digits, under Integrations, Events API v2."
    )]
    Key,
    /// No secret that can be sent.
    #[error(
        "This key or token cannot be sent: use up to 500 letters, digits and signs of a keyboard, without spaces."
    )]
    Secret,
    /// It does not use a secret.
    #[error(
        "This kind of webhook takes no key: what is secret is its address. Leave the key empty."
    )]
    NoSecret,
    /// A code or test just went out.
    #[error("Something was sent there less than a minute ago. Wait a minute, then send again.")]
    TooSoon,
    /// Too many went out.
    #[error(
        "{PROOFS_A_DAY} codes and tests were sent to this person within a day. Wait until tomorrow."
    )]
    TooOften,
    /// The number texted STOP.
    #[error(
        "This phone has texted STOP, so that we may not text or call it. Text START from it to the line first."
    )]
    Stopped,
    /// It is switched off.
    #[error("This method is switched off. Switch it on first.")]
    Off,
    /// It is proved.
    #[error("This method is verified already. Send a test instead.")]
    Verified,
    /// It is not proved.
    #[error("This method is not verified yet. Send the code first: entering it is the test.")]
    NotVerified,
    /// No code waits.
    #[error("No code waits to be entered, or it is too old. Send another one.")]
    NoCode,
    /// Another code.
    #[error("This is not the code that was sent last. Tries that are left: {0}.")]
    WrongCode(i32),
    /// Too many wrong codes.
    #[error("That were {CODE_TRIES} wrong codes. Send another one.")]
    CodeSpent,
    /// No test waits for an answer.
    #[error("No test was sent there within a day. Send one first.")]
    NoTest,
    /// No such zone.
    #[error(
        "There is no time zone “{0}”. Write the name of a city's zone, like Europe/Berlin or America/New_York."
    )]
    Zone(String),
    /// No time of day.
    #[error("Write both times of quiet hours like 22:00 and 07:00, or leave both empty.")]
    Quiet,
    /// All day, or no time at all.
    #[error(
        "Quiet hours that begin and end at the same time would be none. Choose another end, or leave both empty."
    )]
    QuietSame,
}

impl Refused {
    /// The field of a form that it is about; empty when it is about the whole.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Known | Self::Number | Self::OwnNumber | Self::Mail | Self::Url(_) => "address",
            Self::Gateway(..) | Self::CannotCall(..) => "gateway",
            Self::Preset(..) => "preset",
            Self::Key | Self::Secret | Self::NoSecret => "secret",
            Self::NoCode | Self::WrongCode(_) | Self::CodeSpent => "code",
            Self::Zone(_) => "zone",
            Self::Quiet | Self::QuietSame => "quiet_from",
            _ => "",
        }
    }
}

/// What was typed, short enough to be said again.
pub(super) fn quoted(typed: &str) -> String {
    typed.trim().chars().take(LONGEST_NAME).collect()
}
