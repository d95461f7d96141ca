//! Approvals: who signed which version of a pack off, and until when that holds. Floor 1.

use std::collections::BTreeMap;

use jiff::civil::Date;
use uuid::Uuid;

use super::check::{Finding, Weight};
use super::{PackFile, Packs};
use crate::clock::At;

/// A version of a file that somebody signed off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The row.
    pub id: Uuid,
    /// The file.
    pub file: PackFile,
    /// Which version of it: SHA-256 of what was in it.
    pub hash: String,
    /// The marks of the texts in it, by their place: see [`super::review`].
    pub marks: BTreeMap<String, String>,
    /// Who, by the name that others see.
    pub by: String,
    /// When.
    pub at: At,
    /// The day on which it is to be read again.
    pub review_on: Date,
    /// Who took it back, if somebody did.
    pub withdrawn_by: Option<String>,
}

impl Approval {
    /// Whether it still counts.
    #[must_use]
    pub const fn stands(&self) -> bool {
        self.withdrawn_by.is_none()
    }

    /// Whether it is time to read it again.
    #[must_use]
    pub fn is_overdue(&self, today: Date) -> bool {
        self.review_on <= today
    }
}

/// The approval of the version of a file that is in force. `approvals` are in any order.
#[must_use]
pub fn in_force<'a>(
    packs: &Packs,
    file: PackFile,
    approvals: &'a [Approval],
) -> Option<&'a Approval> {
    let of_it = standing(file, approvals);
    of_it
        .filter(|approval| approval.hash == packs.hash(file))
        .max_by_key(|approval| approval.at)
}

/// Who last approved a text as it is now, in whichever version of its file.
#[must_use]
pub fn of_text<'a>(
    file: PackFile,
    (key, mark): (&str, &str),
    approvals: &'a [Approval],
) -> Option<&'a Approval> {
    let of_it = standing(file, approvals);
    of_it
        .filter(|approval| approval.marks.get(key).is_some_and(|kept| kept == mark))
        .max_by_key(|approval| approval.at)
}

fn standing(file: PackFile, approvals: &[Approval]) -> impl Iterator<Item = &Approval> {
    let all = approvals.iter();
    all.filter(move |approval| approval.file == file && approval.stands())
}

/// What is in force and nobody has signed off, or is to be read again.
#[must_use]
pub fn findings(packs: &Packs, approvals: &[Approval], today: Date) -> Vec<Finding> {
    let finding = |file, problem, fix| Finding {
        weight: Weight::Warning,
        file: packs.source(file).to_owned(),
        key: "approval".to_owned(),
        problem,
        fix,
    };
    let look = |file| match in_force(packs, file, approvals) {
        None => Some(finding(
            file,
            "is missing: nobody has signed this version off".to_owned(),
            "let a clinical lead read it and approve it on the page Content",
        )),
        Some(approval) if approval.is_overdue(today) => Some(finding(
            file,
            format!(
                "by {} was to be looked at again on {}",
                approval.by, approval.review_on
            ),
            "read it again and approve it anew on the page Content",
        )),
        Some(_) => None,
    };
    PackFile::ALL.into_iter().filter_map(look).collect()
}

#[cfg(test)]
mod tests {
    use super::super::review::marks_of;
    use super::*;

    const TODAY: Date = jiff::civil::date(2026, 1, 1);

    fn approval(packs: &Packs, file: PackFile, at: i64, review_on: Date) -> Approval {
        Approval {
            id: Uuid::from_u128(u128::try_from(at).unwrap()),
            file,
            hash: packs.hash(file).to_owned(),
            marks: marks_of(packs, file),
            by: "First".to_owned(),
            at: At(at),
            review_on,
            withdrawn_by: None,
        }
    }

    fn all(packs: &Packs, review_on: Date) -> Vec<Approval> {
        let one = |file| approval(packs, file, 1, review_on);
        PackFile::ALL.map(one).into()
    }

    #[test]
    fn what_nobody_signed_off_is_found_and_what_was_is_not_until_its_day() {
        let packs = Packs::builtin().unwrap();
        assert_eq!(findings(&packs, &[], TODAY).len(), PackFile::ALL.len());
        let tomorrow = TODAY.tomorrow().unwrap();
        assert_eq!(findings(&packs, &all(&packs, tomorrow), TODAY), []);
        let due = findings(&packs, &all(&packs, tomorrow), tomorrow);
        assert_eq!(due.len(), PackFile::ALL.len());
        assert!(
            due[0]
                .to_string()
                .contains("by First was to be looked at again on 2026-01-02"),
            "{}",
            due[0]
        );
    }

    #[test]
    fn an_approval_is_of_one_version_and_can_be_taken_back() {
        let packs = Packs::builtin().unwrap();
        let mut approvals = all(&packs, jiff::civil::date(2027, 1, 1));
        approvals[0].hash = "another".to_owned();
        assert!(in_force(&packs, PackFile::En, &approvals).is_none());
        approvals[1].withdrawn_by = Some("Second".to_owned());
        let keys: Vec<String> = findings(&packs, &approvals, TODAY)
            .into_iter()
            .map(|finding| finding.file)
            .collect();
        assert_eq!(
            keys,
            ["templates/messages/en.toml", "templates/messages/es.toml"]
        );
    }

    #[test]
    fn a_text_stays_approved_when_others_change() {
        let packs = Packs::builtin().unwrap();
        let mut approvals = all(&packs, TODAY);
        approvals[0].hash = "an earlier version".to_owned();
        let (key, mark) = approvals[0].marks.first_key_value().unwrap();
        let (key, mark) = (key.clone(), mark.clone());
        let found = |mark: &str| of_text(PackFile::En, (&key, mark), &approvals).is_some();
        assert!(found(&mark));
        assert!(!found("other words"));
    }
}
