//! What an export says of a column: its name, what stands in it, and who may have it.

/// What must be asked for expressly. Both are off unless somebody says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct With {
    /// What people wrote: texts, notes, drafts, reasons, and what triage found in them.
    pub bodies: bool,
    /// What leads to a person: numbers, addresses, and what a gateway calls a text.
    pub numbers: bool,
}

impl With {
    /// Everything that is kept.
    pub const ALL: Self = Self {
        bodies: true,
        numbers: true,
    };

    const fn covers(self, needed: Self) -> bool {
        (self.bodies || !needed.bodies) && (self.numbers || !needed.numbers)
    }
}

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The id of a row.
    Id,
    /// A moment.
    Time,
    /// A whole number.
    Number,
    /// Yes or no.
    Flag,
    /// Words.
    Words,
    /// A hash.
    Hash,
    /// Words that are sealed, at this place: with the key of the texter, or with that of the house.
    Sealed {
        /// Table and column, as they were sealed for.
        place: &'static str,
        /// Whether the key of the texter opens it, where the row has one.
        texter: bool,
        /// Whether it is JSON.
        json: bool,
    },
}

/// A column of an export.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// What it is called in the export.
    pub name: &'static str,
    /// What stands in it.
    pub kind: Kind,
    /// What must be asked for to have it.
    needs: With,
    /// Where it stands in the database; empty where its name says it.
    sql: &'static str,
    /// What it means, where the name does not say it.
    pub about: &'static str,
}

impl Column {
    pub(super) const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            needs: With {
                bodies: false,
                numbers: false,
            },
            sql: "",
            about: "",
        }
    }

    /// Says what it means.
    pub(super) const fn means(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    /// Says how it is computed.
    pub(super) const fn from(mut self, sql: &'static str) -> Self {
        self.sql = sql;
        self
    }

    /// Leads to a person.
    pub(super) const fn leads(mut self) -> Self {
        self.needs.numbers = true;
        self
    }

    /// Was written by a person, or says what they wrote.
    pub(super) const fn written(mut self) -> Self {
        self.needs.bodies = true;
        self
    }

    /// Whether an export with this much in it has what stands there.
    #[must_use]
    pub const fn is_in(&self, with: With) -> bool {
        with.covers(self.needs)
    }

    /// Where it stands in the database.
    pub(super) fn source(&self) -> String {
        let plain = if self.sql.is_empty() {
            format!("r.{}", self.name)
        } else {
            self.sql.to_owned()
        };
        match self.kind {
            // One width on both engines.
            Kind::Number | Kind::Time => format!("CAST({plain} AS BIGINT)"),
            _ => plain,
        }
    }

    /// The column of the table that it is, for who compares both; none where it is computed.
    #[must_use]
    pub fn stored(&self) -> Option<&'static str> {
        if self.sql.is_empty() {
            return Some(self.name);
        }
        let plain = self.sql.strip_prefix("r.")?;
        plain
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_')
            .then_some(plain)
    }
}

/// A table of an export.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// The table, and the name of its file.
    pub name: &'static str,
    /// What its rows are.
    pub about: &'static str,
    /// What its rows are told apart by, in their order.
    pub key: &'static [&'static str],
    /// Its columns.
    pub columns: &'static [Column],
    /// How a row finds the texter whose key it is sealed with.
    pub(super) texter: &'static str,
    /// Which rows belong to a conversation or a texter; none where no row does. `{C}` stands for the ids of
    /// the conversations, `{T}` for that of the texter, `{ALONE}` for what belongs to them without one.
    pub(super) of: Option<&'static str>,
}

impl Table {
    /// Whether its rows, or some of them, belong to a texter.
    #[must_use]
    pub const fn is_of_texters(&self) -> bool {
        self.of.is_some()
    }
}

// How the catalogue says what stands in a column, in few words.

pub(super) const fn id(name: &'static str) -> Column {
    Column::new(name, Kind::Id)
}
pub(super) const fn time(name: &'static str) -> Column {
    Column::new(name, Kind::Time)
}
pub(super) const fn number(name: &'static str) -> Column {
    Column::new(name, Kind::Number)
}
pub(super) const fn flag(name: &'static str) -> Column {
    Column::new(name, Kind::Flag)
}
pub(super) const fn words(name: &'static str) -> Column {
    Column::new(name, Kind::Words)
}
pub(super) const fn sealed(
    name: &'static str,
    stands: &'static str,
    place: &'static str,
    texter: bool,
    json: bool,
) -> Column {
    let kind = Kind::Sealed {
        place,
        texter,
        json,
    };
    Column::new(name, kind).from(stands)
}
pub(super) const fn own(name: &'static str, stands: &'static str, place: &'static str) -> Column {
    sealed(name, stands, place, true, false)
}
pub(super) const fn house(name: &'static str, stands: &'static str, place: &'static str) -> Column {
    sealed(name, stands, place, false, false)
}
