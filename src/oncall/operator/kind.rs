//! What can go wrong: each kind of incident, whether it ends by itself, and how often it is told.

use std::time::Duration;

/// What went wrong. The words that it is kept by are those of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum IncidentKind {
    /// Texts of a gateway had no answer in time.
    Overdue,
    /// Texts wait for the person who has their conversation.
    Unanswered,
    /// A text came in, and nothing was planned as its answer.
    Unowed,
    /// An open alert had nothing scheduled and no person.
    Stalled,
    /// Cases whose ladder was climbed to its end in vain.
    Exhausted,
    /// Hooks of a gateway were signed in a way that does not hold.
    Signature,
    /// Texts were found at the provider that no hook had brought.
    MissedHook,
    /// A provider could not be asked for its texts.
    Listing,
    /// A provider names texts that no hook had brought, and does not hand out their words, or the database
    /// refuses them.
    Unfetched,
    /// Texts of a gateway are held until somebody decides.
    Quarantine,
    /// A text of a gateway was to be held, and too many are held already.
    QuarantineFull,
    /// Hooks of a gateway could not be read: a text may have been in them.
    Unreadable,
    /// What a gateway brought was kept neither in the database nor in the spool.
    NotKept,
    /// What waited in the spool was set aside: it cannot be opened, or the database refused it.
    SetAside,
    /// The database is well, and the spool is not emptied.
    Spooled,
    /// Nobody who is on call on a schedule has taken the shift.
    ShiftNotTaken,
    /// The audit found what nobody else tells of: the heartbeat is withheld.
    Audit,
    /// The audit log was tampered with, or its end could not be kept elsewhere.
    AuditLog,
    /// A sign of life that we expect did not come.
    Heartbeat,
    /// A drill failed.
    Drill,
    /// A scheduled drill was not held.
    DrillMissed,
    /// Soon nobody at all will be on call for some cases.
    NobodyOnCall,
    /// Soon nobody will be on call on a schedule.
    Uncovered,
    /// A responder cannot be texted: they sent STOP, or their carrier blocks us.
    ResponderUnreachable,
    /// Pages to a responder were given up.
    PageFailed,
}

impl IncidentKind {
    /// Every kind.
    pub const ALL: [Self; 25] = [
        Self::AuditLog,
        Self::Overdue,
        Self::Unanswered,
        Self::Unowed,
        Self::Stalled,
        Self::Exhausted,
        Self::Signature,
        Self::MissedHook,
        Self::Listing,
        Self::Unfetched,
        Self::Quarantine,
        Self::QuarantineFull,
        Self::Unreadable,
        Self::NotKept,
        Self::SetAside,
        Self::Spooled,
        Self::ShiftNotTaken,
        Self::Audit,
        Self::Heartbeat,
        Self::Drill,
        Self::DrillMissed,
        Self::NobodyOnCall,
        Self::Uncovered,
        Self::ResponderUnreachable,
        Self::PageFailed,
    ];

    /// The word for logs, metrics and `/readyz`: the same as in the table.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Unanswered => "unanswered",
            Self::Unowed => "unowed",
            Self::Stalled => "stalled",
            Self::Exhausted => "exhausted",
            Self::Signature => "signature",
            Self::MissedHook => "missed_hook",
            Self::Listing => "listing",
            Self::Unfetched => "unfetched",
            Self::Quarantine => "quarantine",
            Self::QuarantineFull => "quarantine_full",
            Self::Unreadable => "unreadable",
            Self::NotKept => "not_kept",
            Self::SetAside => "set_aside",
            Self::Spooled => "spooled",
            Self::ShiftNotTaken => "shift_not_taken",
            Self::Audit => "audit",
            Self::AuditLog => "audit_log",
            Self::Heartbeat => "heartbeat",
            Self::Drill => "drill",
            Self::DrillMissed => "drill_missed",
            Self::NobodyOnCall => "nobody_on_call",
            Self::Uncovered => "uncovered",
            Self::ResponderUnreachable => "responder_unreachable",
            Self::PageFailed => "page_failed",
        }
    }

    /// Whether it is a thing that happens, and so is over when it has not happened again for a
    /// while. The others are states: they are over when whoever found them finds them gone.
    #[must_use]
    pub const fn is_event(self) -> bool {
        matches!(
            self,
            Self::Unowed
                | Self::Stalled
                | Self::Signature
                | Self::MissedHook
                | Self::Unfetched
                | Self::QuarantineFull
                | Self::Unreadable
                | Self::NotKept
                | Self::SetAside
                // Each replica has a spool of its own: none may say for the others that it is over.
                | Self::Spooled
                // The next page that arrives does not say so.
                | Self::PageFailed
        )
    }

    /// From one text about it to the next: no sooner than the operator wants to hear. What only a day's
    /// work mends must not wake anybody every quarter of an hour.
    #[must_use]
    pub fn pace(self, repeat: Duration) -> Duration {
        match self {
            // There is a day left to put somebody there.
            Self::AuditLog | Self::Heartbeat | Self::NobodyOnCall | Self::Uncovered => {
                repeat.max(Duration::from_hours(6))
            }
            Self::Drill | Self::DrillMissed => repeat.max(Duration::from_hours(24)),
            _ => repeat,
        }
    }
}

/// Why a text that a provider names was not taken in, if not because its words are not handed out: the
/// database refuses it.
pub const REFUSED: &str = "refused";

/// The codes of a call that rang, and that no person took.
pub const UNANSWERED: [&str; 4] = ["busy", "canceled", "no-answer", "voicemail"];

/// How the subject begins of an incident about the audit log of another line that pings us.
pub const OF_ANOTHER: &str = "head:";
