//! A table to give away: small numbers are taken out so that nobody can be found in it. Part of `reports`:
//! floor 1.

/// A number below this is small: it may speak of somebody whom a reader knows.
const SMALL: u64 = 5;
/// What stands where a number was taken out.
const TAKEN_OUT: &str = "suppressed";

/// One field of a table that is given away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// Words.
    Words(String),
    /// A number.
    Number(u64),
    /// A number that was taken out.
    TakenOut,
}

/// A table to give away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What its columns are.
    pub head: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<Field>>,
}

/// The parts of a whole, and the whole, with what must not be read taken out: every part from one to four,
/// and as many others as it takes so that none of them can be computed from the rest. A part of nothing
/// speaks of nobody and stays, unless there is nothing else to hide behind.
#[must_use]
pub fn suppressed(parts: &[u64]) -> (Vec<Field>, Field) {
    let whole: u64 = parts.iter().sum();
    let mut out: Vec<bool> = parts.iter().map(|part| is_small(*part)).collect();
    while !is_safe(parts, &out) {
        let left = parts.iter().enumerate().filter(|(at, _)| !out[*at]);
        // The smallest that is something, else one that is nothing.
        match left.min_by_key(|(_, part)| (**part == 0, **part)) {
            Some((at, _)) => out[at] = true,
            None => break,
        }
    }
    let hidden = is_small(whole) || !is_safe(parts, &out);
    let shown = parts.iter().zip(&out).map(|(part, out)| {
        if *out {
            Field::TakenOut
        } else {
            Field::Number(*part)
        }
    });
    let total = if hidden {
        Field::TakenOut
    } else {
        Field::Number(whole)
    };
    (shown.collect(), total)
}

const fn is_small(number: u64) -> bool {
    0 < number && number < SMALL
}

/// Whether what was taken out stays unknown to who subtracts all that is shown from the whole: there are
/// several, they are not few together, and they are not all ones.
fn is_safe(parts: &[u64], out: &[bool]) -> bool {
    let taken = || {
        let parts = parts.iter().zip(out);
        parts.filter(|(_, out)| **out).map(|(part, _)| *part)
    };
    let (count, sum) = (taken().count() as u64, taken().sum::<u64>());
    let unclear = taken().any(|part| part == 0) || sum > count;
    count == 0 || (count >= 2 && sum >= SMALL && unclear)
}

/// The table as CSV (RFC 4180). Words that a spreadsheet would take for a formula are made words again.
///
/// # Errors
/// [`csv::Error`]: never, since it is written to memory and all rows are as long as the head.
pub fn to_csv(table: &Table) -> Result<String, csv::Error> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(table.head.iter().map(|words| harmless(words)))?;
    for row in &table.rows {
        writer.write_record(row.iter().map(|field| match field {
            Field::Words(words) => harmless(words),
            Field::Number(number) => number.to_string(),
            Field::TakenOut => TAKEN_OUT.to_owned(),
        }))?;
    }
    let bytes = writer
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What a formula begins with in one spreadsheet or another (OWASP, CSV injection), the wide forms of East
/// Asian keyboards among them.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Words that no spreadsheet computes: what begins as a formula does gets an apostrophe, spaces before it
/// or not.
#[must_use]
pub fn harmless(words: &str) -> String {
    if words.starts_with(FORMULA) || words.trim_start().starts_with(FORMULA) {
        format!("'{words}")
    } else {
        words.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is shown, with `x` for what was taken out: the parts, then the whole.
    fn shown(parts: &[u64]) -> String {
        let (fields, whole) = suppressed(parts);
        let words = |field: &Field| match field {
            Field::Number(number) => number.to_string(),
            _ => "x".to_owned(),
        };
        let fields: Vec<String> = fields.iter().map(words).collect();
        format!("{} of {}", fields.join(" "), words(&whole))
    }

    #[test]
    fn a_small_number_is_taken_out_and_cannot_be_computed() {
        for (parts, expected) in [
            (&[10, 20, 30][..], "10 20 30 of 60"),
            // The next smallest goes with it: 60 - 20 - 30 would tell.
            (&[3, 20, 30], "x x 30 of 53"),
            (&[3, 2, 30], "x x 30 of 35"),
            // Two ones are 2 together: that would tell.
            (&[1, 1, 30, 40], "x x x 40 of 72"),
            (&[0, 12, 0], "0 12 0 of 12"),
            (&[0, 3, 0], "x x x of x"),
            (&[3], "x of x"),
            (&[12], "12 of 12"),
            (&[2, 2], "x x of x"),
            (&[1, 1, 1, 1, 1], "x x x x x of x"),
            // Which of them is nothing is not told.
            (&[1, 1, 1, 1, 1, 0], "x x x x x x of 5"),
            (&[], " of 0"),
            (&[0, 0], "0 0 of 0"),
        ] {
            assert_eq!(shown(parts), expected, "{parts:?}");
        }
    }

    proptest! {
        #[test]
        fn whoever_subtracts_learns_no_small_number(parts in prop::collection::vec(prop_oneof![Just(0u64), 1..5u64, 5..60u64], 0..9)) {
            let (fields, whole) = suppressed(&parts);
            for (part, field) in parts.iter().zip(&fields) {
                prop_assert!(*field == Field::TakenOut || !is_small(*part));
            }
            if let Field::Number(whole) = whole {
                let seen: u64 = fields.iter().map(|field| match field { Field::Number(n) => *n, _ => 0 }).sum();
                let hidden: Vec<u64> = parts.iter().zip(&fields).filter(|(_, f)| **f == Field::TakenOut).map(|(p, _)| *p).collect();
                // Whoever knows that each hidden one is at least the least of them still has two guesses for each.
                let least = u64::from(!hidden.contains(&0));
                let left = whole - seen;
                let most = left - least * (hidden.len() as u64).saturating_sub(1);
                prop_assert!(hidden.is_empty() || (hidden.len() > 1 && most > least), "{parts:?} {fields:?}");
            }
        }
    }

    #[test]
    fn a_spreadsheet_computes_nothing() {
        let table = Table {
            head: vec!["outcome".to_owned(), "=1+1".to_owned()],
            rows: vec![
                vec![Field::Words("@SUM(A1)".to_owned()), Field::Number(12)],
                vec![Field::Words("-2+3\", \"x".to_owned()), Field::TakenOut],
                vec![Field::Words("a, b = c".to_owned()), Field::Number(0)],
                vec![Field::Words("\t=1".to_owned()), Field::Number(5)],
            ],
        };
        let written = to_csv(&table).unwrap();
        assert_eq!(
            written,
            "outcome,'=1+1\r\n'@SUM(A1),12\r\n\"'-2+3\"\", \"\"x\",suppressed\r\n\"a, b = c\",0\r\n'\t=1,5\r\n"
        );
    }
}
