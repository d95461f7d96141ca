//! Call-outs: a supervisor calls for help, and who is asked to come. Nothing of any texter. Floor 1.

/// Who is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Audience {
    /// Whoever is on call now, and the contacts of the configuration.
    #[default]
    OnCall,
    /// Everyone of the team.
    Everyone,
}

impl Audience {
    /// Both.
    pub const ALL: [Self; 2] = [Self::OnCall, Self::Everyone];

    /// The word for it in tables, forms and the audit log.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::OnCall => "on_call",
            Self::Everyone => "everyone",
        }
    }

    /// The audience of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|audience| audience.word() == word)
    }
}

/// What people are told who are called for help: how many wait, not who or why.
#[must_use]
pub fn help_needed(by: &str, waiting: usize, public_url: &str) -> String {
    let waiting = match waiting {
        0 => String::new(),
        1 => " 1 person waits.".to_owned(),
        many => format!(" {many} people wait."),
    };
    format!(
        "HELP NEEDED: {by} asks you to come and answer texters.{waiting} Please sign in now: {public_url}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::{Encoding, segments};

    #[test]
    fn a_call_for_help_is_short_and_says_how_many_wait() {
        for (waiting, words) in [
            (0, "texters. Please"),
            (1, "1 person waits."),
            (12, "12 people wait."),
        ] {
            let told = help_needed("Duty phone", waiting, "https://line.example.org");
            assert!(told.contains(words), "{told}");
            let cost = segments(&told);
            assert_eq!(
                (cost.encoding, cost.segments),
                (Encoding::Gsm7, 1),
                "{told}"
            );
        }
        for audience in Audience::ALL {
            assert_eq!(Audience::of(audience.word()), Some(audience));
        }
        assert_eq!(Audience::of("nobody"), None);
    }
}
