//! Whom a rung can page, by name.

use uuid::Uuid;

use super::super::form::Choice;
use crate::clock::At;
use crate::http::error::PageError;
use crate::http::words::{phrase, tr};
use crate::oncall::{Schedule, Target};
use crate::store::Tx;

/// Everything that a rung can name.
pub(super) struct Targets {
    schedules: Vec<Schedule>,
    people: Vec<(Uuid, String)>,
}

/// A group of targets that can be ticked.
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) targets: Vec<Choice>,
    /// Whether one of them is ticked.
    pub(super) chosen: bool,
}

impl Targets {
    pub(super) async fn load(tx: &mut Tx, now: At) -> Result<Self, PageError> {
        let people = tx.people().await?.into_iter();
        Ok(Self {
            schedules: tx.schedules(now).await?,
            people: people.map(|person| (person.id, person.name)).collect(),
        })
    }

    /// What people call a target.
    pub(super) fn name(&self, target: &Target) -> String {
        let gone = || tr!("somebody who is not there any more");
        match target {
            Target::Everyone => tr!("everyone who can be paged"),
            Target::Fallback => tr!("the contacts of the configuration"),
            Target::Person(id) => {
                let found = self.people.iter().find(|(person, _)| person == id);
                found.map_or_else(gone, |(_, name)| name.clone())
            }
            Target::Schedule(id) => {
                let found = self.schedules.iter().find(|one| one.id == *id);
                found.map_or_else(gone, |one| one.name.clone())
            }
            Target::Rotation(id) => self
                .rotations()
                .find(|(rotation, _)| rotation == id)
                .map_or_else(gone, |(_, name)| name),
        }
    }

    fn rotations(&self) -> impl Iterator<Item = (Uuid, String)> {
        self.schedules.iter().flat_map(|schedule| {
            let of = move |name: &str| format!("{}: {name}", schedule.name);
            let rotations = schedule.rotations.iter();
            rotations.map(move |one| (one.id, of(&one.name)))
        })
    }

    /// All of them in groups, with those ticked that a rung names.
    pub(super) fn groups(&self, chosen: &[Target]) -> Vec<Group> {
        let choice =
            |target: Target, name: &str| Choice::new(&target, name, chosen.contains(&target));
        let schedules = self.schedules.iter();
        let rotations = self.rotations();
        let people = self.people.iter();
        let groups = [
            (
                phrase!("On a schedule"),
                schedules
                    .map(|one| choice(Target::Schedule(one.id), &one.name))
                    .collect::<Vec<_>>(),
            ),
            (
                phrase!("Whose turn it is"),
                rotations
                    .map(|(id, name)| choice(Target::Rotation(id), &name))
                    .collect(),
            ),
            (
                phrase!("All"),
                vec![
                    choice(Target::Everyone, &tr!("Everyone who can be paged")),
                    choice(Target::Fallback, &tr!("The contacts of the configuration")),
                ],
            ),
            (
                phrase!("People"),
                people
                    .map(|(id, name)| choice(Target::Person(*id), name))
                    .collect(),
            ),
        ];
        groups
            .into_iter()
            .filter(|(_, targets)| !targets.is_empty())
            .map(|(name, targets)| Group {
                name,
                chosen: targets.iter().any(|one| one.chosen),
                targets,
            })
            .collect()
    }
}

/// A target from the word that a form sent.
pub(super) fn read(word: &str) -> Option<Target> {
    let (kind, id) = word.split_once(' ').unwrap_or((word, ""));
    let id = id.parse().ok();
    match kind {
        "schedule" => id.map(Target::Schedule),
        "rotation" => id.map(Target::Rotation),
        "person" => id.map(Target::Person),
        "everyone" => Some(Target::Everyone),
        "fallback" => Some(Target::Fallback),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_comes_back_as_it_was_sent_and_nothing_else_does() {
        let id = Uuid::from_u128(7);
        for target in [
            Target::Schedule(id),
            Target::Rotation(id),
            Target::Person(id),
            Target::Everyone,
            Target::Fallback,
        ] {
            assert_eq!(read(&target.to_string()), Some(target));
        }
        for word in ["", "person", "person 7", "everybody", "schedule everyone"] {
            assert_eq!(read(word), None, "{word:?}");
        }
    }
}
