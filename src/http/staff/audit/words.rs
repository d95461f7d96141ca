//! What was done, in words: each action of the audit log with the group that it is looked for in.

use crate::http::words::phrase;

/// A group of actions, as the page filters by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Numbers,
    Deletions,
    Exports,
    Searches,
    SignIn,
    People,
    OnCall,
    Cases,
    Content,
    Line,
    Texts,
}

impl Group {
    pub(super) const ALL: [Self; 11] = [
        Self::Numbers,
        Self::Deletions,
        Self::Exports,
        Self::Searches,
        Self::SignIn,
        Self::People,
        Self::OnCall,
        Self::Cases,
        Self::Content,
        Self::Line,
        Self::Texts,
    ];

    /// As addresses name it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Numbers => "numbers",
            Self::Deletions => "deletions",
            Self::Exports => "exports",
            Self::Searches => "searches",
            Self::SignIn => "sign-in",
            Self::People => "people",
            Self::OnCall => "on-call",
            Self::Cases => "cases",
            Self::Content => "content",
            Self::Line => "line",
            Self::Texts => "texts",
        }
    }

    /// As people read it.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Numbers => phrase!("Numbers shown"),
            Self::Deletions => phrase!("Deletions"),
            Self::Exports => phrase!("Exports"),
            Self::Searches => phrase!("Searches and held texts"),
            Self::SignIn => phrase!("Signing in"),
            Self::People => phrase!("Accounts and contact methods"),
            Self::OnCall => phrase!("On call"),
            Self::Cases => phrase!("Cases"),
            Self::Content => phrase!("Content and rules"),
            Self::Line => phrase!("Incidents and drills"),
            Self::Texts => phrase!("Decisions on texts"),
        }
    }

    /// The actions in it.
    pub(super) fn actions(self) -> Vec<&'static str> {
        let all = ACTIONS.iter().filter(|(_, group, _)| *group == self);
        all.map(|(action, _, _)| *action).collect()
    }
}

use Group::{
    Cases, Content, Deletions, Exports, Line, Numbers, OnCall, People, Searches, SignIn, Texts,
};

/// Every action that is written, after the name of who did it.
const ACTIONS: &[(&str, Group, &str)] = &[
    (
        "number.revealed",
        Numbers,
        phrase!("was shown the number of a texter"),
    ),
    (
        "erasure.asked",
        Deletions,
        phrase!("asked for everything to be deleted"),
    ),
    (
        "erasure.waits",
        Deletions,
        phrase!("keeps a deletion until the case is closed"),
    ),
    (
        "texter.erased",
        Deletions,
        phrase!("deleted everything of a texter"),
    ),
    (
        "audit.exported",
        Exports,
        phrase!("took entries of the audit log with them"),
    ),
    (
        "conversation.exported",
        Exports,
        phrase!("took the record of a conversation with them"),
    ),
    (
        "texter.exported",
        Exports,
        phrase!("took all that is kept about a texter with them"),
    ),
    (
        "line.exported",
        Exports,
        phrase!("took the data of the whole line with them"),
    ),
    (
        "report.exported",
        Exports,
        phrase!("took a report with them"),
    ),
    (
        "conversations.searched",
        Searches,
        phrase!("searched conversations"),
    ),
    (
        "quarantine.read",
        Searches,
        phrase!("read a text that is held"),
    ),
    (
        "quarantine.released",
        Searches,
        phrase!("released a text that was held"),
    ),
    (
        "quarantine.discarded",
        Searches,
        phrase!("dropped a text that was held"),
    ),
    ("session.started", SignIn, phrase!("signed in")),
    ("session.ended", SignIn, phrase!("ended a session")),
    (
        "sign_in.failed",
        SignIn,
        phrase!("tried to sign in, in vain"),
    ),
    (
        "password.changed",
        SignIn,
        phrase!("changed their password"),
    ),
    (
        "password.reset",
        SignIn,
        phrase!("chose a new password by a link"),
    ),
    (
        "second_factor.set_up",
        SignIn,
        phrase!("set up a second factor"),
    ),
    (
        "second_factor.removed",
        SignIn,
        phrase!("took their second factor away"),
    ),
    (
        "recovery_codes.made",
        SignIn,
        phrase!("made new recovery codes"),
    ),
    (
        "recovery_code.used",
        SignIn,
        phrase!("used a recovery code"),
    ),
    (
        "staff.first_administrator",
        People,
        phrase!("made the first account"),
    ),
    ("account.invited", People, phrase!("invited somebody")),
    (
        "account.joined",
        People,
        phrase!("came by their invitation"),
    ),
    (
        "account.link_made",
        People,
        phrase!("made a link for a new password"),
    ),
    ("account.role", People, phrase!("changed a role")),
    ("account.locked", People, phrase!("locked an account")),
    ("account.unlocked", People, phrase!("unlocked an account")),
    ("account.removed", People, phrase!("removed an account")),
    ("method.added", People, phrase!("added a contact method")),
    (
        "method.changed",
        People,
        phrase!("changed a contact method"),
    ),
    (
        "method.removed",
        People,
        phrase!("removed a contact method"),
    ),
    ("method.on", People, phrase!("switched a contact method on")),
    (
        "method.off",
        People,
        phrase!("switched a contact method off"),
    ),
    ("method.code_sent", People, phrase!("had a code sent")),
    ("method.code_wrong", People, phrase!("entered a wrong code")),
    (
        "method.verified",
        People,
        phrase!("verified a contact method"),
    ),
    ("method.test_sent", People, phrase!("sent a test page")),
    ("method.tested", People, phrase!("answered a test page")),
    (
        "method.stopped",
        People,
        phrase!("texted STOP from a contact method"),
    ),
    (
        "method.started",
        People,
        phrase!("texted START from a contact method"),
    ),
    (
        "person.hours",
        People,
        phrase!("changed quiet hours or time zone"),
    ),
    ("team.called", OnCall, phrase!("called the team for help")),
    ("page.tested", OnCall, phrase!("sent test pages")),
    ("schedule.made", OnCall, phrase!("made a schedule")),
    ("schedule.changed", OnCall, phrase!("changed a schedule")),
    ("schedule.removed", OnCall, phrase!("removed a schedule")),
    ("rotation.made", OnCall, phrase!("made a rotation")),
    ("rotation.changed", OnCall, phrase!("changed a rotation")),
    ("rotation.removed", OnCall, phrase!("removed a rotation")),
    ("shift.made", OnCall, phrase!("made a shift")),
    ("shift.changed", OnCall, phrase!("changed a shift")),
    ("shift.removed", OnCall, phrase!("removed a shift")),
    ("override.made", OnCall, phrase!("changed who is on call")),
    (
        "override.removed",
        OnCall,
        phrase!("took a change of who is on call back"),
    ),
    ("swap.offered", OnCall, phrase!("offered a swap")),
    ("swap.accepted", OnCall, phrase!("accepted a swap")),
    ("swap.declined", OnCall, phrase!("declined a swap")),
    (
        "swap.withdrawn",
        OnCall,
        phrase!("took an offer of a swap back"),
    ),
    ("policy.saved", OnCall, phrase!("saved a policy")),
    ("policy.removed", OnCall, phrase!("removed a policy")),
    (
        "policy.assigned",
        OnCall,
        phrase!("chose which policy pages"),
    ),
    (
        "feed.renewed",
        OnCall,
        phrase!("made an address for their calendar"),
    ),
    (
        "feed.revoked",
        OnCall,
        phrase!("took the address of their calendar back"),
    ),
    ("duty.planned", OnCall, phrase!("planned a shift")),
    (
        "duty.noticed",
        OnCall,
        phrase!("told somebody of their shift"),
    ),
    (
        "duty.asked",
        OnCall,
        phrase!("asked somebody to take their shift"),
    ),
    ("duty.taken", OnCall, phrase!("took a shift")),
    (
        "duty.not_taken",
        OnCall,
        phrase!("found that nobody took a shift"),
    ),
    ("duty.moved", OnCall, phrase!("moved a shift")),
    ("duty.withdrawn", OnCall, phrase!("called a shift off")),
    ("duty.ended", OnCall, phrase!("ended a shift")),
    ("alert.paged", Cases, phrase!("paged for a case")),
    (
        "alert.acknowledged",
        Cases,
        phrase!("said that they take a case"),
    ),
    ("alert.reopened", Cases, phrase!("opened a case again")),
    (
        "texter.unreachable",
        Cases,
        phrase!("found that texts do not reach somebody"),
    ),
    (
        "conversation.claimed",
        Cases,
        phrase!("claimed a conversation"),
    ),
    (
        "conversation.taken_over",
        Cases,
        phrase!("took a conversation over"),
    ),
    (
        "conversation.kept",
        Cases,
        phrase!("said that they are there"),
    ),
    (
        "conversation.released",
        Cases,
        phrase!("gave a conversation back"),
    ),
    ("conversation.written", Cases, phrase!("wrote to a texter")),
    ("conversation.noted", Cases, phrase!("wrote a note")),
    (
        "conversation.tier",
        Cases,
        phrase!("decided how urgent a conversation is"),
    ),
    (
        "conversation.followed",
        Cases,
        phrase!("follows a conversation on their phone"),
    ),
    (
        "conversation.unfollowed",
        Cases,
        phrase!("stopped following a conversation"),
    ),
    (
        "conversation.closed",
        Cases,
        phrase!("closed a conversation"),
    ),
    (
        "transfer.offered",
        Cases,
        phrase!("offered a conversation to a colleague"),
    ),
    (
        "transfer.accepted",
        Cases,
        phrase!("accepted a conversation"),
    ),
    (
        "transfer.declined",
        Cases,
        phrase!("declined a conversation"),
    ),
    (
        "transfer.withdrawn",
        Cases,
        phrase!("took an offer of a conversation back"),
    ),
    (
        "transfer.lapsed",
        Cases,
        phrase!("ended an offer that nobody answered"),
    ),
    ("help.asked", Cases, phrase!("called a supervisor")),
    ("help.answered", Cases, phrase!("came to help")),
    ("check_in.asked", Cases, phrase!("offered a check-in")),
    ("check_in.ended", Cases, phrase!("ended a check-in")),
    ("content.approved", Content, phrase!("signed content off")),
    (
        "content.approval_withdrawn",
        Content,
        phrase!("took an approval back"),
    ),
    ("content.in_force", Content, phrase!("put content in force")),
    ("content.refused", Content, phrase!("had content refused")),
    (
        "canned_reply.saved",
        Content,
        phrase!("saved a canned reply"),
    ),
    (
        "canned_reply.removed",
        Content,
        phrase!("removed a canned reply"),
    ),
    (
        "rules.in_force",
        Content,
        phrase!("put triage rules in force"),
    ),
    (
        "rules.refused",
        Content,
        phrase!("had triage rules refused"),
    ),
    ("incident.opened", Line, phrase!("opened an incident")),
    ("incident.over", Line, phrase!("ended an incident")),
    ("ledger.mended", Line, phrase!("mended what was forgotten")),
    ("drill.asked", Line, phrase!("asked for a drill")),
    ("drill.ended", Line, phrase!("ended a drill")),
    (
        "incident.acknowledged",
        Line,
        phrase!("looks after an incident"),
    ),
    (
        "incident.noted",
        Line,
        phrase!("wrote a note on an incident"),
    ),
    (
        "head.kept",
        Line,
        phrase!("kept the end of another line's audit log"),
    ),
    ("hold.set", Line, phrase!("set a legal hold")),
    ("hold.lifted", Line, phrase!("lifted a legal hold")),
    (
        "key.rotation_begun",
        Line,
        phrase!("began to change the master key"),
    ),
    ("key.rotated", Line, phrase!("changed the master key")),
    ("key.retired", Line, phrase!("retired an old master key")),
    ("text.decided", Texts, phrase!("decided on a text")),
];

/// What was done, in words; an action that is not known keeps its own.
pub(super) fn words(action: &str) -> &str {
    let known = ACTIONS.iter().find(|(known, _, _)| *known == action);
    known.map_or(action, |(_, _, words)| words)
}

/// Who did it, when it was no person.
pub(super) fn part_of_the_program(actor: &str) -> Option<&'static str> {
    match actor {
        "line" => Some(phrase!("The line")),
        "operator" => Some(phrase!("The operator")),
        "texter" => Some(phrase!("A texter")),
        "unknown" => Some(phrase!("Somebody unknown")),
        "cli" => Some(phrase!("The command line")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;

    fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, files);
            } else if path.extension().is_some_and(|end| end == "rs") {
                files.push(path);
            }
        }
    }

    /// What looks like an action in the services: `"noun.deed"`, and is none.
    const OTHERS: [&str; 2] = ["link.case", "x.y"];

    #[test]
    fn every_action_that_a_service_writes_has_words_and_a_group() {
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let services = [
            "accounts",
            "acknowledge.rs",
            "call_outs.rs",
            "canned.rs",
            "drill",
            "duties",
            "followup",
            "handoff",
            "intake",
            "keys",
            "lab.rs",
            "ledger.rs",
            "lookup.rs",
            "page_tests.rs",
            "paging",
            "people",
            "policies.rs",
            "records.rs",
            "retention",
            "review.rs",
            "rota",
        ];
        let mut files = Vec::new();
        for service in services {
            let path = src.join(service);
            if path.is_dir() {
                sources(&path, &mut files);
            } else {
                files.push(path);
            }
        }
        let deed = regex::Regex::new(r#""([a-z_]+\.[a-z_]+)""#).unwrap();
        let mut unknown = BTreeSet::new();
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            let production = text.split("#[cfg(test)]").next().unwrap_or_default();
            for found in deed.captures_iter(production) {
                let action = found[1].to_owned();
                if words(&action) == action && !OTHERS.contains(&action.as_str()) {
                    unknown.insert(action);
                }
            }
        }
        assert_eq!(unknown, BTreeSet::new());
    }

    #[test]
    fn each_action_is_there_once_and_each_group_has_one() {
        let mut names: Vec<&str> = ACTIONS.iter().map(|(action, _, _)| *action).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
        for group in Group::ALL {
            assert!(!group.actions().is_empty(), "{group:?}");
        }
    }
}
