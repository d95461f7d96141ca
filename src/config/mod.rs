//! The configuration: `harborline.toml`, then environment, checked before anything starts.
//! Floor 2.
//!
//! Every key has a default but those of a real gateway, so that `harborline serve` runs on
//! nothing at all. An unknown key is refused: a typo must not switch a safety setting off.

mod audit;
mod check;
mod database;
mod drills;
mod environment;
mod gateways;
mod heartbeat;
mod limits;
mod load;
mod pagers;
mod retention;
mod telemetry;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};

pub use audit::AuditSection;
pub use database::Database;
pub use drills::{DrillSection, DrillsSection};
pub use gateways::{
    AndroidSection, GatewaySection, SandboxSection, SignalWireSection, TelnyxSection,
    TwilioSection, VonageSection,
};
pub use heartbeat::{ExpectSection, HeartbeatSection, PingMethod, host_of};
pub use limits::LimitsSection;
pub use load::{ConfigError, load, read};
pub use pagers::{SmtpSection, WebhooksSection};
pub use retention::RetentionSection;
pub use telemetry::TelemetrySection;

use crate::locale::Locale;
use crate::oncall::{Clocks, Timing};
use crate::staff::Role;

/// Everything that an operator can set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The URL under which the gateway and the staff reach this server. The gateway signs it.
    pub public_url: Option<String>,
    /// Where the server listens.
    pub listen: Listen,
    /// What callers may take of it.
    pub limits: LimitsSection,
    /// Where the data is.
    pub database: Database,
    /// Where the master key is.
    pub keys: Keys,
    /// What texters are told about the line.
    pub line: LineSection,
    /// The SMS gateways, by name.
    pub gateways: BTreeMap<String, GatewaySection>,
    /// How texts are judged.
    pub triage: TriageSection,
    /// What texters are told.
    pub content: ContentSection,
    /// Who is paged.
    pub oncall: OnCall,
    /// How mail leaves; without it nobody is paged by e-mail.
    pub smtp: Option<SmtpSection>,
    /// Where webhooks may go.
    pub webhooks: WebhooksSection,
    /// Who looks after the program.
    pub operator: OperatorSection,
    /// Looking for texts that no hook brought.
    pub reconcile: ReconcileSection,
    /// Where texts are kept that the database cannot take.
    pub spool: SpoolSection,
    /// The audit's ping, and the pings that are expected.
    pub heartbeat: HeartbeatSection,
    /// How the staff sign in.
    pub staff: StaffSection,
    /// Drills, and when they are held by themselves.
    pub drills: DrillsSection,
    /// Where the end of the audit log is kept.
    pub audit: AuditSection,
    /// For how long what is kept.
    pub retention: RetentionSection,
    /// Where traces go.
    pub telemetry: TelemetrySection,
}

/// `[listen]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// Address and port of the server.
    pub address: SocketAddr,
    /// Address and port of the metrics, on which nothing else is answered; without it there are none.
    pub metrics: Option<SocketAddr>,
    /// The proxies in front of it: what they say of where a request came from is believed.
    #[serde(deserialize_with = "proxies")]
    pub proxies: Vec<IpNet>,
    /// Whether browsers are told that the hosts below that of `public_url` answer over TLS alone, too (RFC
    /// 6797, `includeSubDomains`).
    pub hsts_subdomains: bool,
}

/// Reads addresses and ranges of addresses.
fn proxies<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let written = Vec::<String>::deserialize(deserializer)?;
    let read = |text: String| match (text.parse::<IpNet>(), text.parse::<IpAddr>()) {
        // Whoever believes everybody's `X-Forwarded-For` counts no caller's tries.
        (Ok(net), _) if net.prefix_len() > 0 => Ok(net),
        (_, Ok(address)) => Ok(IpNet::from(address)),
        _ => Err(D::Error::invalid_value(
            Unexpected::Str(&text),
            &"addresses or ranges, like [\"10.0.0.2\", \"172.16.0.0/12\"]",
        )),
    };
    written.into_iter().map(read).collect()
}

/// `[staff]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StaffSection {
    /// The roles that need a second factor. By default supervisors and administrators; with the sandbox
    /// alone nobody, because no texter is there yet.
    pub require_totp: Option<Vec<Role>>,
}

impl StaffSection {
    /// The roles that need a second factor.
    #[must_use]
    pub fn required(&self) -> Vec<Role> {
        let default = || vec![Role::Supervisor, Role::Administrator];
        self.require_totp.clone().unwrap_or_else(default)
    }
}

/// `[keys]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// The file with the master key; made on the first start.
    pub file: PathBuf,
    /// The variable of the environment that holds it, instead of a file.
    pub variable: Option<String>,
    /// A program and its arguments that print it, instead of a file: for a key management service.
    pub command: Vec<String>,
    /// The folder with the seeds of texters' keys, shared by all replicas; by default beside the spool. No
    /// backup of the database may hold it.
    pub keystore: Option<PathBuf>,
}

impl Config {
    /// The folder with the seeds of texters' keys.
    #[must_use]
    pub fn keystore(&self) -> PathBuf {
        let beside = || self.spool.directory.with_file_name("keystore");
        self.keys.keystore.clone().unwrap_or_else(beside)
    }
}

/// `[line]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LineSection {
    /// The name that texters see.
    pub name: String,
    /// Where questions about the line go: an e-mail address or phone number.
    pub contact: String,
    /// The language of the first answer.
    pub default_locale: Locale,
    /// Whether texts cost the sender nothing (an FTEU short code).
    pub free_to_end_user: bool,
    /// Where the operator offers care of their own: an address such as `example.org/care`, named on
    /// the page about finding care. Empty for none.
    pub care: String,
}

/// `[content]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContentSection {
    /// A folder with edited packs, `en.toml`, `es.toml` or `resources.toml`; without it, the built-in
    /// ones.
    pub directory: Option<PathBuf>,
}

/// `[triage]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TriageSection {
    /// A folder with edited rule files, `en.toml` or `es.toml`; without it, the built-in rules.
    pub directory: Option<PathBuf>,
}

/// `[spool]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpoolSection {
    /// The folder; each replica needs one of its own.
    pub directory: PathBuf,
    /// The most texts and receipts in it.
    pub max_entries: usize,
    /// The most bytes in it.
    pub max_bytes: u64,
}

/// `[oncall]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OnCall {
    /// The gateway that pages leave by; needed only when there are several.
    pub gateway: Option<String>,
    /// The phones that are paged until somebody is there.
    pub fallback: Vec<FallbackContact>,
    /// Seconds from one page to the next while nobody acknowledges; at least 15.
    pub repage_s: u64,
    /// Seconds from an acknowledgement to the claim, then the case is paged again.
    pub claim_s: u64,
    /// Seconds from the claim to the first human message, then the case is paged again.
    pub answer_s: u64,
    /// Seconds for which a claim holds while nothing is done in the conversation, then the case is paged
    /// again.
    pub lease_s: u64,
    /// Seconds in which somebody whose shift begins takes it, then others are told; at least 60.
    pub take_shift_s: u64,
    /// How many seconds before a shift its person is told that it comes; 0 for not at all.
    pub shift_notice_s: u64,
    /// The time zone of times that responders are told, for who has none of their own.
    pub time_zone: String,
    /// Whether responders may read and write conversations from their phones, by text.
    pub by_phone: bool,
    /// Other clocks for danger now.
    pub imminent: ClocksSection,
    /// Other clocks for a crisis.
    pub high: ClocksSection,
    /// Other clocks for a question without a clear answer.
    pub concern: ClocksSection,
    /// Other clocks for who asks for a person.
    pub wants_human: ClocksSection,
}

/// `[oncall.imminent]`, `[oncall.high]`, `[oncall.concern]`, `[oncall.wants_human]`: what is not set is
/// as in `[oncall]`, and for `imminent` not slower than [`IMMINENT`].
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClocksSection {
    /// See [`OnCall::repage_s`].
    pub repage_s: Option<u64>,
    /// See [`OnCall::claim_s`].
    pub claim_s: Option<u64>,
    /// See [`OnCall::answer_s`].
    pub answer_s: Option<u64>,
    /// See [`OnCall::lease_s`].
    pub lease_s: Option<u64>,
}

/// The clocks for danger now, in seconds, where they are not set: whoever took it writes within minutes.
pub const IMMINENT: [u64; 4] = [60, 120, 180, 1800];

/// `[operator]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OperatorSection {
    /// Who is told when the program cannot mend something alone; without any, the contacts of
    /// `[[oncall.fallback]]`.
    pub contacts: Vec<FallbackContact>,
    /// Seconds from one text about an open incident to the next.
    pub repeat_s: u64,
}

/// `[reconcile]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReconcileSection {
    /// Seconds from one look at the providers' lists to the next.
    pub every_s: u64,
    /// How many seconds each look goes back behind the one before: a provider may list a text late.
    pub look_back_s: u64,
}

/// `[[oncall.fallback]]` and `[[operator.contacts]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FallbackContact {
    /// How others see them.
    pub name: String,
    /// Where pages go; hidden in `Debug`.
    pub number: SecretString,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 8080)),
            metrics: None,
            proxies: vec![
                IpNet::from(IpAddr::from([127, 0, 0, 1])),
                IpNet::from(IpAddr::from(Ipv6Addr::LOCALHOST)),
            ],
            hsts_subdomains: false,
        }
    }
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            file: PathBuf::from("data/master.key"),
            variable: None,
            command: Vec::new(),
            keystore: None,
        }
    }
}

impl Default for LineSection {
    fn default() -> Self {
        Self {
            name: "Example Line".to_owned(),
            contact: "help@example.org".to_owned(),
            default_locale: Locale::En,
            free_to_end_user: false,
            care: String::new(),
        }
    }
}

impl Default for SpoolSection {
    fn default() -> Self {
        Self {
            directory: PathBuf::from("data/spool"),
            max_entries: 100_000,
            max_bytes: 256 * 1024 * 1024,
        }
    }
}

impl Default for OnCall {
    fn default() -> Self {
        Self {
            gateway: None,
            fallback: Vec::new(),
            repage_s: 120,
            claim_s: 300,
            answer_s: 300,
            lease_s: 3600,
            take_shift_s: 600,
            shift_notice_s: 900,
            time_zone: "UTC".to_owned(),
            by_phone: true,
            imminent: ClocksSection::default(),
            high: ClocksSection::default(),
            concern: ClocksSection::default(),
            wants_human: ClocksSection::default(),
        }
    }
}

impl Default for OperatorSection {
    fn default() -> Self {
        Self {
            contacts: Vec::new(),
            repeat_s: 900,
        }
    }
}

impl Default for ReconcileSection {
    fn default() -> Self {
        Self {
            every_s: 180,
            look_back_s: 600,
        }
    }
}

impl OnCall {
    /// The clocks of alerts.
    #[must_use]
    pub fn clocks(&self) -> Clocks {
        let base = [self.repage_s, self.claim_s, self.answer_s, self.lease_s];
        let of = |section: &ClocksSection, unset: [u64; 4]| {
            let [repage, claim, answer, lease] = [
                section.repage_s.unwrap_or(unset[0]),
                section.claim_s.unwrap_or(unset[1]),
                section.answer_s.unwrap_or(unset[2]),
                section.lease_s.unwrap_or(unset[3]),
            ]
            .map(Duration::from_secs);
            Timing {
                repage,
                claim,
                answer,
                lease,
            }
        };
        let fast: [u64; 4] = std::array::from_fn(|clock| base[clock].min(IMMINENT[clock]));
        Clocks {
            imminent: of(&self.imminent, fast),
            high: of(&self.high, base),
            concern: of(&self.concern, base),
            wants_human: of(&self.wants_human, base),
        }
    }

    /// The sections of the clocks, by name.
    pub(super) const fn clock_sections(&self) -> [(&'static str, &ClocksSection); 4] {
        [
            ("imminent", &self.imminent),
            ("high", &self.high),
            ("concern", &self.concern),
            ("wants_human", &self.wants_human),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_run_as_set_and_faster_for_danger_now() {
        let mut oncall = OnCall::default();
        let seconds = |timing: &Timing| {
            [timing.repage, timing.claim, timing.answer, timing.lease].map(|clock| clock.as_secs())
        };
        assert_eq!(seconds(&oncall.clocks().imminent), [60, 120, 180, 1800]);
        for clocks in [oncall.clocks().high, oncall.clocks().wants_human] {
            assert_eq!(seconds(&clocks), [120, 300, 300, 3600]);
        }
        oncall.claim_s = 30;
        oncall.concern.repage_s = Some(900);
        oncall.imminent.answer_s = Some(240);
        assert_eq!(seconds(&oncall.clocks().imminent), [60, 30, 240, 1800]);
        assert_eq!(seconds(&oncall.clocks().concern), [900, 30, 300, 3600]);
    }
}
