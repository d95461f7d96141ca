//! What each kind of incident means, what to do about it, and when it is over. Floor 4.

use crate::http::words::phrase;
use crate::oncall::IncidentKind;

/// A kind of incident, in words.
pub(super) struct Kind {
    /// Its name.
    pub(super) name: &'static str,
    /// What it means for the people who text.
    pub(super) means: &'static str,
    /// What to do.
    pub(super) fix: &'static str,
    /// When it is over.
    pub(super) over: &'static str,
    /// Where one looks at it, and what the link says.
    pub(super) place: Option<(&'static str, &'static str)>,
}

const QUEUE: Option<(&str, &str)> = Some(("/", phrase!("To the queue")));
const ON_CALL: Option<(&str, &str)> = Some(("/on-call", phrase!("To on call")));
const SCHEDULES: Option<(&str, &str)> = Some(("/schedules", phrase!("To the schedules")));
const DRILLS: Option<(&str, &str)> = Some(("/drills", phrase!("To the drills")));
const HEARTBEAT: Option<(&str, &str)> = Some(("/on-call#heartbeat", phrase!("To the heartbeat")));
/// Of what happens rather than lasts.
const QUIET: &str = phrase!(
    "It is over by itself when it has not happened again for a while, or when you close it."
);

/// The words of a kind.
#[expect(clippy::too_many_lines, reason = "one entry a kind, side by side")]
pub(super) const fn kind(kind: IncidentKind) -> Kind {
    match kind {
        IncidentKind::Overdue => Kind {
            name: phrase!("Texts without an answer"),
            means: phrase!(
                "Somebody texted and got no answer in time. No person is in their conversation."
            ),
            fix: phrase!(
                "Look at the gateway's account and status, then at /readyz. If texts do not leave, tell your team: people can be called from the queue."
            ),
            over: phrase!("It is over by itself when all of them are answered."),
            place: QUEUE,
        },
        IncidentKind::Unanswered => Kind {
            name: phrase!("Texts wait for the person who has them"),
            means: phrase!("A person has the conversation, and has not answered for ten minutes."),
            fix: phrase!(
                "Ask who has it to answer, hand it on or close it. A supervisor can take it over."
            ),
            over: phrase!(
                "It is over by itself when they are answered or the conversation is closed."
            ),
            place: QUEUE,
        },
        IncidentKind::Unowed => Kind {
            name: phrase!("A text without a planned answer"),
            means: phrase!(
                "A fault of the program: a text was kept, and nothing was planned as its answer. It is owed one from now on."
            ),
            fix: phrase!("Look whether it was answered, and report the fault."),
            over: QUIET,
            place: QUEUE,
        },
        IncidentKind::Stalled => Kind {
            name: phrase!("A case without a next page"),
            means: phrase!(
                "A fault of the program: a case was open with nobody and no next page. It was paged at once when it was found."
            ),
            fix: phrase!("Look whether somebody has it, and report the fault."),
            over: QUIET,
            place: ON_CALL,
        },
        IncidentKind::Exhausted => Kind {
            name: phrase!("Nobody takes a case"),
            means: phrase!(
                "Every rung was paged in vain. Everyone who can be reached is paged until somebody comes."
            ),
            fix: phrase!("Call your team by phone now, or take the case yourself."),
            over: phrase!("It is over by itself when somebody has each of them."),
            place: ON_CALL,
        },
        IncidentKind::Signature => Kind {
            name: phrase!("Hooks whose signature does not hold"),
            means: phrase!(
                "The gateway brings texts that we cannot trust: it may be somebody else, or a token that has changed. Under enforce they are refused, and may be lost."
            ),
            fix: phrase!(
                "Compare the gateway's token or key and public_url with the configuration. Until that is done, signature = \"quarantine\" keeps what comes."
            ),
            over: QUIET,
            place: None,
        },
        IncidentKind::MissedHook => Kind {
            name: phrase!("Texts that no hook brought"),
            means: phrase!("They were found at the provider and answered late."),
            fix: phrase!(
                "Look at the address of the webhook at the provider: harborline doctor says what it should be."
            ),
            over: QUIET,
            place: None,
        },
        IncidentKind::Listing => Kind {
            name: phrase!("The provider cannot be asked"),
            means: phrase!("Texts that no hook brings would not be found."),
            fix: phrase!("Look at the credentials and the provider's status: harborline doctor."),
            over: phrase!("It is over by itself when it can be asked again."),
            place: None,
        },
        IncidentKind::Unfetched => Kind {
            name: phrase!("Missed texts that cannot be taken in"),
            means: phrase!(
                "The provider names texts that never reached us, and does not hand out their words, or our database refuses them."
            ),
            fix: phrase!("Look for them in the provider's own message log, and answer there."),
            over: QUIET,
            place: None,
        },
        IncidentKind::Quarantine => Kind {
            name: phrase!("Texts are held"),
            means: phrase!(
                "Their signature did not hold. A crisis among them was answered and paged."
            ),
            fix: phrase!("Run harborline quarantine list, then release or discard."),
            over: phrase!("It is over by itself when nothing is held."),
            place: None,
        },
        IncidentKind::QuarantineFull => Kind {
            name: phrase!("No more texts can be held"),
            means: phrase!(
                "A text came whose signature did not hold, and too many are held already. It was not kept. A crisis was answered and paged all the same."
            ),
            fix: phrase!(
                "Run harborline quarantine list, then release or discard. Look in the gateway's own message log for texts that are missing."
            ),
            over: QUIET,
            place: None,
        },
        IncidentKind::Unreadable => Kind {
            name: phrase!("Hooks that cannot be read"),
            means: phrase!(
                "What the gateway brought was too large or broken. If a text was in it, nobody has read or answered it."
            ),
            fix: phrase!("Look for it in the gateway's own message log, and answer there."),
            over: QUIET,
            place: None,
        },
        IncidentKind::NotKept => Kind {
            name: phrase!("Something was not kept"),
            means: phrase!(
                "Neither the database nor the spool took what a gateway brought. A crisis was answered all the same."
            ),
            fix: phrase!(
                "Look for lost texts in the gateway's own message log. Then look at disk and database: harborline doctor."
            ),
            over: QUIET,
            place: None,
        },
        IncidentKind::SetAside => Kind {
            name: phrase!("Something of the spool was set aside"),
            means: phrase!(
                "It could not be opened, or the database refused it. Nobody has read it. Nothing deletes it."
            ),
            fix: phrase!("harborline doctor says which and what to do."),
            over: QUIET,
            place: None,
        },
        IncidentKind::Spooled => Kind {
            name: phrase!("The spool is not emptied"),
            means: phrase!(
                "The database is well, and texts still wait in the spool: unanswered, or unread."
            ),
            fix: phrase!("Read the server's log, then harborline doctor."),
            over: QUIET,
            place: None,
        },
        IncidentKind::ShiftNotTaken => Kind {
            name: phrase!("Nobody has taken a shift"),
            means: phrase!(
                "It has begun, and who is on call did not say that they are there. Pages may go unanswered."
            ),
            fix: phrase!("Find out who is there, or put somebody else there."),
            over: phrase!("It is over by itself when somebody takes it, or it ends."),
            place: SCHEDULES,
        },
        IncidentKind::Audit => Kind {
            name: phrase!("The heartbeat is withheld"),
            means: phrase!(
                "The audit found something that nobody else tells of, so the monitor outside is not told that all is well."
            ),
            fix: phrase!("Look at what it found, and at /readyz."),
            over: phrase!("It is over by itself when the audit does not find it any more."),
            place: HEARTBEAT,
        },
        IncidentKind::AuditLog => Kind {
            name: phrase!("The audit log does not hold"),
            means: phrase!(
                "Entries of the audit log were changed or removed, or its end could not be kept elsewhere."
            ),
            fix: phrase!(
                "Run harborline audit verify, which names the first bad entry. Keep a copy of the database, and look who has access to it."
            ),
            over: phrase!("It is over by itself when a check of the whole log finds nothing."),
            place: Some(("/audit", phrase!("To the audit log"))),
        },
        IncidentKind::Heartbeat => Kind {
            name: phrase!("A sign of life did not come"),
            means: phrase!("Something that we expect to hear of is silent."),
            fix: phrase!("Look whether it still runs, and whether it reaches us."),
            over: phrase!("It is over by itself when it comes again."),
            place: HEARTBEAT,
        },
        IncidentKind::Drill => Kind {
            name: phrase!("A drill failed"),
            means: phrase!("What it showed would fail for a person in need, too."),
            fix: phrase!("Read its report, mend what it names, and hold it again."),
            over: phrase!("It is over by itself when a drill of this kind passes."),
            place: DRILLS,
        },
        IncidentKind::DrillMissed => Kind {
            name: phrase!("A drill was not held"),
            means: phrase!("Cases were open, or the server was down, for six hours from its time."),
            fix: phrase!("Hold one soon."),
            over: phrase!("It is over by itself when the next one is held."),
            place: DRILLS,
        },
        IncidentKind::NobodyOnCall => Kind {
            name: phrase!("Soon nobody is on call"),
            means: phrase!(
                "Within a day there is a time in which a case would page nobody who is on call."
            ),
            fix: phrase!("Put somebody there."),
            over: phrase!("It is over by itself when somebody is."),
            place: ON_CALL,
        },
        IncidentKind::Uncovered => Kind {
            name: phrase!("A gap in a schedule"),
            means: phrase!(
                "Within a day there is a time without anybody on a schedule that is paged."
            ),
            fix: phrase!("Put somebody there."),
            over: phrase!("It is over by itself when it is filled."),
            place: SCHEDULES,
        },
        IncidentKind::ResponderUnreachable => Kind {
            name: phrase!("A responder's phone cannot be texted"),
            means: phrase!("It sent STOP, or its carrier blocks us: no page reaches it."),
            fix: phrase!(
                "Call them and ask them to text START. Until then look who else is on call."
            ),
            over: phrase!(
                "It is over by itself when START comes from it, or the method is removed."
            ),
            place: ON_CALL,
        },
        IncidentKind::PageFailed => Kind {
            name: phrase!("A page did not arrive"),
            means: phrase!(
                "It was given up, did not arrive, or rang in vain while its case waited. The ladder went on."
            ),
            fix: phrase!("Ask whose it was to mend and test this contact method."),
            over: QUIET,
            place: ON_CALL,
        },
    }
}
