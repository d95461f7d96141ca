//! Why an edit was refused.

use super::draft::LONGEST_REASON;
use crate::oncall::LONGEST_NAME;
use crate::text::name::OddName;

/// Why an edit was refused; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such schedule.
    #[error("This schedule does not exist any more. Look at the list of schedules again.")]
    UnknownSchedule,
    /// There is no such rotation, shift or override.
    #[error("This {0} is not on the schedule any more. Look at the schedule again.")]
    UnknownPart(&'static str),
    /// Nothing to call it by, or too much.
    #[error("Give the {0} a name of up to {LONGEST_NAME} characters.")]
    Name(&'static str),
    /// It is not what it looks like.
    #[error(transparent)]
    OddName(#[from] OddName),
    /// Another one is called that, or looks as if it were.
    #[error("There is a {0} “{1}” already. Give this one another name.")]
    NameTaken(&'static str, String),
    /// No such zone.
    #[error(
        "There is no time zone “{0}”. Write the name of a city's zone, like Europe/Berlin or America/New_York."
    )]
    Zone(String),
    /// Policies page it.
    #[error("The policy “{0}” pages this {1}. Choose another target there first.")]
    Paged(String, &'static str),
    /// A turn of no time, or of years.
    #[error("A turn lasts 1 to 366 hours, days or weeks. Write a number in between.")]
    Every,
    /// Nobody takes turns.
    #[error("A rotation needs somebody who takes turns. Choose at least one person.")]
    NoMembers,
    /// More turns than anybody overlooks.
    #[error("A rotation has room for 100 turns. Make a second one for more.")]
    ManyMembers,
    /// Somebody who is not on the team.
    #[error("Somebody in this has left the team or has no account. Choose another person.")]
    UnknownPerson,
    /// No day.
    #[error("A rotation needs a day on which it covers. Choose at least one.")]
    NoDay,
    /// No time of day.
    #[error("These hours are not times of a day. Write them from 00:00 to 24:00.")]
    Hours,
    /// A date that no calendar has, or far away.
    #[error("This date is too far away. Choose one within the next two years.")]
    TooFar,
    /// The end is not after the beginning.
    #[error("It ends before it starts, or at the same time. Choose a later end.")]
    Backwards,
    /// In the past.
    #[error("This time is over, and stays as it was. Choose one that ends in the future.")]
    Over,
    /// Longer than a year.
    #[error("This lasts longer than a year. Choose an earlier end.")]
    TooLong,
    /// Twice at once.
    #[error("{name} has a shift here already, {when}. Change that one, or choose another time.")]
    Overlaps {
        /// Who.
        name: String,
        /// When, on the wall of the schedule.
        when: String,
    },
    /// It would change nobody.
    #[error(
        "This would not change who is on call in that time. Look at who is on call then, and choose again."
    )]
    NothingChanges,
    /// Somebody in place of themselves.
    #[error("These are the same person. Choose two.")]
    SamePerson,
    /// More words than fit.
    #[error("A reason has up to {LONGEST_REASON} characters, on one line. Write it shorter.")]
    Reason,
    /// There is no such swap.
    #[error("There is no such offer. Look at the list of swaps again.")]
    UnknownSwap,
    /// It has been answered or taken back.
    #[error("This offer was answered or taken back before. Nothing was changed.")]
    SwapDone,
    /// It is between two others.
    #[error("This offer is between two others. Only they can answer it or take it back.")]
    NotYourSwap,
    /// Who gives a time does not have it.
    #[error("{0} is not on call for all of that time. Choose a time that is theirs.")]
    NotTheirs(String),
    /// Who gets a time has it.
    #[error("{0} is on call in that time already. Choose another time.")]
    AlreadyOn(String),
    /// A time for itself.
    #[error("The two times of a swap overlap. Choose two that do not.")]
    SwapOverlaps,
}
