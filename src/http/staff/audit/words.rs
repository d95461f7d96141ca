//! What was done, in words: each action of the audit log with the group that it is looked for in.

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
            Self::Numbers => "Numbers shown",
            Self::Deletions => "Deletions",
            Self::Exports => "Exports",
            Self::Searches => "Searches and held texts",
            Self::SignIn => "Signing in",
            Self::People => "Accounts and contact methods",
            Self::OnCall => "On call",
            Self::Cases => "Cases",
            Self::Content => "Content and rules",
            Self::Line => "Incidents and drills",
            Self::Texts => "Decisions on texts",
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
        "was shown the number of a texter",
    ),
    (
        "erasure.asked",
        Deletions,
        "asked for everything to be deleted",
    ),
    (
        "erasure.waits",
        Deletions,
        "keeps a deletion until the case is closed",
    ),
    ("texter.erased", Deletions, "deleted everything of a texter"),
    (
        "audit.exported",
        Exports,
        "took entries of the audit log with them",
    ),
    ("report.exported", Exports, "took a report with them"),
    ("conversations.searched", Searches, "searched conversations"),
    ("quarantine.read", Searches, "read a text that is held"),
    (
        "quarantine.released",
        Searches,
        "released a text that was held",
    ),
    (
        "quarantine.discarded",
        Searches,
        "dropped a text that was held",
    ),
    ("session.started", SignIn, "signed in"),
    ("session.ended", SignIn, "ended a session"),
    ("sign_in.failed", SignIn, "tried to sign in, in vain"),
    ("password.changed", SignIn, "changed their password"),
    ("password.reset", SignIn, "chose a new password by a link"),
    ("second_factor.set_up", SignIn, "set up a second factor"),
    (
        "second_factor.removed",
        SignIn,
        "took their second factor away",
    ),
    ("recovery_codes.made", SignIn, "made new recovery codes"),
    ("recovery_code.used", SignIn, "used a recovery code"),
    (
        "staff.first_administrator",
        People,
        "made the first account",
    ),
    ("account.invited", People, "invited somebody"),
    ("account.joined", People, "came by their invitation"),
    (
        "account.link_made",
        People,
        "made a link for a new password",
    ),
    ("account.role", People, "changed a role"),
    ("account.locked", People, "locked an account"),
    ("account.unlocked", People, "unlocked an account"),
    ("account.removed", People, "removed an account"),
    ("method.added", People, "added a contact method"),
    ("method.changed", People, "changed a contact method"),
    ("method.removed", People, "removed a contact method"),
    ("method.on", People, "switched a contact method on"),
    ("method.off", People, "switched a contact method off"),
    ("method.code_sent", People, "had a code sent"),
    ("method.code_wrong", People, "entered a wrong code"),
    ("method.verified", People, "verified a contact method"),
    ("method.test_sent", People, "sent a test page"),
    ("method.tested", People, "answered a test page"),
    (
        "method.stopped",
        People,
        "texted STOP from a contact method",
    ),
    (
        "method.started",
        People,
        "texted START from a contact method",
    ),
    ("person.hours", People, "changed quiet hours or time zone"),
    ("page.tested", OnCall, "sent test pages"),
    ("schedule.made", OnCall, "made a schedule"),
    ("schedule.changed", OnCall, "changed a schedule"),
    ("schedule.removed", OnCall, "removed a schedule"),
    ("rotation.made", OnCall, "made a rotation"),
    ("rotation.changed", OnCall, "changed a rotation"),
    ("rotation.removed", OnCall, "removed a rotation"),
    ("shift.made", OnCall, "made a shift"),
    ("shift.changed", OnCall, "changed a shift"),
    ("shift.removed", OnCall, "removed a shift"),
    ("override.made", OnCall, "changed who is on call"),
    (
        "override.removed",
        OnCall,
        "took a change of who is on call back",
    ),
    ("swap.offered", OnCall, "offered a swap"),
    ("swap.accepted", OnCall, "accepted a swap"),
    ("swap.declined", OnCall, "declined a swap"),
    ("swap.withdrawn", OnCall, "took an offer of a swap back"),
    ("policy.saved", OnCall, "saved a policy"),
    ("policy.removed", OnCall, "removed a policy"),
    ("policy.assigned", OnCall, "chose which policy pages"),
    ("feed.renewed", OnCall, "made an address for their calendar"),
    (
        "feed.revoked",
        OnCall,
        "took the address of their calendar back",
    ),
    ("duty.planned", OnCall, "planned a shift"),
    ("duty.noticed", OnCall, "told somebody of their shift"),
    ("duty.asked", OnCall, "asked somebody to take their shift"),
    ("duty.taken", OnCall, "took a shift"),
    ("duty.not_taken", OnCall, "found that nobody took a shift"),
    ("duty.moved", OnCall, "moved a shift"),
    ("duty.withdrawn", OnCall, "called a shift off"),
    ("duty.ended", OnCall, "ended a shift"),
    ("alert.paged", Cases, "paged for a case"),
    ("alert.acknowledged", Cases, "said that they take a case"),
    ("alert.reopened", Cases, "opened a case again"),
    (
        "texter.unreachable",
        Cases,
        "found that texts do not reach somebody",
    ),
    ("conversation.claimed", Cases, "claimed a conversation"),
    ("conversation.taken_over", Cases, "took a conversation over"),
    ("conversation.kept", Cases, "said that they are there"),
    ("conversation.released", Cases, "gave a conversation back"),
    ("conversation.written", Cases, "wrote to a texter"),
    ("conversation.noted", Cases, "wrote a note"),
    (
        "conversation.tier",
        Cases,
        "decided how urgent a conversation is",
    ),
    (
        "conversation.followed",
        Cases,
        "follows a conversation on their phone",
    ),
    (
        "conversation.unfollowed",
        Cases,
        "stopped following a conversation",
    ),
    ("conversation.closed", Cases, "closed a conversation"),
    (
        "transfer.offered",
        Cases,
        "offered a conversation to a colleague",
    ),
    ("transfer.accepted", Cases, "accepted a conversation"),
    ("transfer.declined", Cases, "declined a conversation"),
    (
        "transfer.withdrawn",
        Cases,
        "took an offer of a conversation back",
    ),
    (
        "transfer.lapsed",
        Cases,
        "ended an offer that nobody answered",
    ),
    ("help.asked", Cases, "called a supervisor"),
    ("help.answered", Cases, "came to help"),
    ("check_in.asked", Cases, "offered a check-in"),
    ("check_in.ended", Cases, "ended a check-in"),
    ("content.approved", Content, "signed content off"),
    (
        "content.approval_withdrawn",
        Content,
        "took an approval back",
    ),
    ("rules.in_force", Content, "put triage rules in force"),
    ("rules.refused", Content, "had triage rules refused"),
    ("incident.opened", Line, "opened an incident"),
    ("incident.over", Line, "ended an incident"),
    ("ledger.mended", Line, "mended what was forgotten"),
    ("drill.asked", Line, "asked for a drill"),
    ("drill.ended", Line, "ended a drill"),
    ("text.decided", Texts, "decided on a text"),
];

/// What was done, in words; an action that is not known keeps its own.
pub(super) fn words(action: &str) -> &str {
    let known = ACTIONS.iter().find(|(known, _, _)| *known == action);
    known.map_or(action, |(_, _, words)| words)
}

/// Who did it, when it was no person.
pub(super) fn part_of_the_program(actor: &str) -> Option<&'static str> {
    match actor {
        "line" => Some("The line"),
        "operator" => Some("The operator"),
        "texter" => Some("A texter"),
        "unknown" => Some("Somebody unknown"),
        "cli" => Some("The command line"),
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
            "drill",
            "duties",
            "followup",
            "handoff",
            "intake",
            "lab.rs",
            "ledger.rs",
            "lookup.rs",
            "page_tests.rs",
            "paging",
            "people",
            "policies.rs",
            "records.rs",
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
