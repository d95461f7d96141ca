//! Drills: a made-up texter goes through the real loop, and what happens is measured.

/// What a drill shows. The words that it is kept by are those of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Variant {
    /// The whole loop, from the text to the first words of a person.
    Plain,
    /// The database is out of reach when the text comes.
    DbDown,
    /// The gateway of the pages refuses them.
    ProviderDown,
    /// Nobody answers the pages.
    ResponderSilent,
}

/// A text to a responder, marked if it is of a drill: nobody may take it for the real thing.
#[must_use]
pub fn marked(drill: bool, words: String) -> String {
    if drill {
        format!("DRILL: {words}")
    } else {
        words
    }
}
