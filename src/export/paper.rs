//! What is handed out on paper: a conversation, or all conversations of a texter, as text that can be printed
//! and read by who is no programmer.

use std::fmt::Write as _;

use uuid::Uuid;

use super::{At, Cell, Exported, Of, Opened, Request, Rows, TABLES};

/// How wide words are set.
const WIDE: usize = 84;
/// How far they stand in.
const IN: &str = "    ";

/// What the paper is about.
pub(super) struct About<'a> {
    /// The name of the line.
    pub(super) line: &'a str,
    pub(super) request: &'a Request,
    pub(super) made_at: At,
    pub(super) of: Of,
    /// The conversation, or the texter.
    pub(super) id: Uuid,
}

/// Everything that is kept about one subject, as text.
pub(super) fn text(about: &About<'_>, rows: &Rows) -> String {
    let mut out = String::new();
    head(&mut out, about, rows);
    for conversation in of(rows, "conversations") {
        one(&mut out, rows, &conversation);
    }
    rest(&mut out, rows);
    out
}

fn head(out: &mut String, about: &About<'_>, rows: &Rows) {
    let what = match about.of {
        Of::Conversation => "Record of a conversation",
        Of::Texter => "All that is kept about one texter",
    };
    let request = about.request;
    let file = request.file_number.as_deref();
    let file = file.map_or_else(String::new, |number| format!(", file {number}"));
    let _ = writeln!(out, "{}\n{what}\n", plain(about.line));
    field(out, "Id", &about.id.to_string());
    let made = format!(
        "{} by {}, because of {}{file}",
        minute(about.made_at),
        request.by,
        request.why.word()
    );
    field(out, "Made", &made);
    for texter in of(rows, "texters") {
        let number = match texter.get("number") {
            Some(Cell::Opened(value, Opened::Kept)) => value.as_str().unwrap_or("").to_owned(),
            Some(Cell::Opened(_, how)) => gone(*how).to_owned(),
            _ => String::new(),
        };
        field(out, "Number", &number);
        for (name, column) in [
            ("First text", "created_at"),
            ("Wanted all deleted", "erase_at"),
            ("Erased", "erased_at"),
            ("Blocked by a carrier", "blocked_at"),
        ] {
            if let Some(at) = texter.time(column) {
                field(out, name, &minute(at));
            }
        }
        if texter.flag("held") {
            field(out, "Legal hold", "yes: it must not be deleted");
        }
    }
    field(out, "Times", "UTC");
}

fn one(out: &mut String, rows: &Rows, conversation: &Row<'_>) {
    let Some(id) = conversation.id("id") else {
        return;
    };
    let drill = conversation.id("drill_id").is_some();
    let marked = if drill {
        " (a drill: nobody was in need)"
    } else {
        ""
    };
    let _ = writeln!(out, "\n\nConversation {id}{marked}");
    let _ = writeln!(out, "{}", "=".repeat(WIDE));
    field(out, "Urgency", conversation.words("tier"));
    for (name, column) in [
        ("Opened", "opened_at"),
        ("A person joined", "human_joined_at"),
        ("Opted out", "opted_out_at"),
        ("Closed", "closed_at"),
    ] {
        if let Some(at) = conversation.time(column) {
            field(out, name, &minute(at));
        }
    }
    if conversation.flag("held") {
        field(out, "Legal hold", "yes: it must not be deleted");
    }
    for case in belongs(rows, "alerts", id) {
        let closed = case.time("closed_at").map_or_else(
            || "open".to_owned(),
            |at| format!("closed {} ({})", minute(at), case.words("closed_because")),
        );
        let opened = case.time("opened_at").map(minute).unwrap_or_default();
        let said = format!("{}: opened {opened}, {closed}", case.words("code"));
        field(out, "Case", &said);
    }
    for end in belongs(rows, "wrap_ups", id) {
        field(out, "Outcome", end.words("outcome"));
    }
    part(out, "Texts");
    for message in belongs(rows, "messages", id) {
        let who = match message.words("author") {
            "texter" => "the texter".to_owned(),
            "line" => "the line, by itself".to_owned(),
            _ => format!("{}, of the staff", message.words("written_by")),
        };
        let mut about = who;
        let tier = message.words("tier");
        if !tier.is_empty() {
            let _ = write!(about, "; judged: {tier}");
        }
        if let Some(media) = message.number("media").filter(|count| *count > 0) {
            let _ = write!(about, "; {media} picture(s) or file(s), not kept");
        }
        if let Some(far) = how_far(rows, &message) {
            let _ = write!(about, "; {far}");
        }
        words(out, &message, &about);
    }
    for (title, table) in [
        ("Notes of the staff; they were never sent", "notes"),
        ("Begun by the staff and not sent", "drafts"),
    ] {
        let notes = belongs(rows, table, id);
        if !notes.is_empty() {
            part(out, title);
        }
        for note in notes {
            words(out, &note, note.words("written_by"));
        }
    }
    let reveals = belongs(rows, "reveals", id);
    if !reveals.is_empty() {
        part(out, "Who saw the number");
    }
    for reveal in reveals {
        let at = reveal.time("at").map(minute).unwrap_or_default();
        let staff = reveal.id("staff_id").unwrap_or_default();
        let _ = writeln!(
            out,
            "{at}  staff {staff}: {}",
            plain(reveal.words("reason"))
        );
    }
}

/// What was done, and what else there is, in numbers.
fn rest(out: &mut String, rows: &Rows) {
    let done = of(rows, "audit_log");
    if !done.is_empty() {
        part(out, "What was done, as the audit log has it");
    }
    for entry in done {
        let at = entry.time("at").map(minute).unwrap_or_default();
        let _ = writeln!(
            out,
            "{at}  {}  {}",
            plain(entry.words("actor")),
            plain(entry.words("action"))
        );
    }
    part(out, "All of it is in the JSON file beside this one");
    for table in TABLES {
        if let Some(rows) = rows.get(table.name) {
            let _ = writeln!(out, "{:<18} {:>6}  {}", table.name, rows.len(), table.about);
        }
    }
}

/// Whether one of our texts arrived.
fn how_far<'a>(rows: &'a Rows, message: &Row<'a>) -> Option<&'a str> {
    let id = message.id("id")?;
    let sent = of(rows, "outbox");
    let sent = sent.iter().find(|row| row.id("message_id") == Some(id))?;
    let delivery = sent.words("delivery");
    Some(if delivery.is_empty() {
        sent.words("state")
    } else {
        delivery
    })
}

fn words(out: &mut String, row: &Row<'_>, about: &str) {
    let at = row.time("at").map(minute).unwrap_or_default();
    let _ = writeln!(out, "\n{at}  {}", plain(about));
    match row.get("body") {
        Some(Cell::Opened(value, Opened::Kept)) => {
            for line in value.as_str().unwrap_or_default().lines() {
                set(out, line);
            }
        }
        Some(Cell::Opened(_, how)) => {
            let _ = writeln!(out, "{IN}[{}]", gone(*how));
        }
        _ => {}
    }
}

/// Sets a line of words, broken where it is too wide.
fn set(out: &mut String, line: &str) {
    let mut width = 0;
    let _ = write!(out, "{IN}");
    for word in plain(line).split(' ') {
        let long = word.chars().count();
        if width > 0 && width + 1 + long > WIDE - IN.len() {
            let _ = write!(out, "\n{IN}");
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += long;
    }
    out.push('\n');
}

const fn gone(how: Opened) -> &'static str {
    match how {
        Opened::Kept | Opened::None => "none",
        Opened::LeftOut => "not asked for",
        Opened::Removed => "removed when its time was over",
        Opened::Erased => "erased",
        Opened::Unreadable => "it cannot be opened by any key that is here",
    }
}

fn part(out: &mut String, title: &str) {
    let _ = writeln!(out, "\n{title}\n{}", "-".repeat(WIDE));
}

fn field(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "{name:<22}{}", plain(value));
}

/// Without what could move a terminal's cursor or a printer's head.
fn plain(text: &str) -> String {
    let still = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(still).collect()
}

fn minute(at: At) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

/// A row whose cells are found by name.
struct Row<'a> {
    columns: &'static [crate::store::Column],
    row: &'a Exported,
}

impl<'a> Row<'a> {
    fn get(&self, name: &str) -> Option<&'a Cell> {
        let at = self.columns.iter().position(|column| column.name == name)?;
        self.row.cells.get(at)
    }

    fn id(&self, name: &str) -> Option<Uuid> {
        match self.get(name)? {
            Cell::Id(id) => Some(*id),
            _ => None,
        }
    }

    fn time(&self, name: &str) -> Option<At> {
        match self.get(name)? {
            Cell::Time(at) => Some(*at),
            _ => None,
        }
    }

    fn number(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Cell::Number(number) => Some(*number),
            _ => None,
        }
    }

    fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Cell::Flag(true)))
    }

    fn words(&self, name: &str) -> &'a str {
        match self.get(name) {
            Some(Cell::Words(words)) => words,
            _ => "",
        }
    }
}

/// The rows of a table.
fn of<'a>(rows: &'a Rows, name: &str) -> Vec<Row<'a>> {
    let table = TABLES.iter().find(|table| table.name == name);
    let found = table.and_then(|table| Some((table, rows.get(table.name)?)));
    let Some((table, found)) = found else {
        return Vec::new();
    };
    let columns = table.columns;
    found.iter().map(|row| Row { columns, row }).collect()
}

/// Those of a conversation.
fn belongs<'a>(rows: &'a Rows, name: &str, conversation: Uuid) -> Vec<Row<'a>> {
    let mut all = of(rows, name);
    all.retain(|row| row.id("conversation_id") == Some(conversation));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_broken_between_words_and_moved_in() {
        let mut out = String::new();
        set(&mut out, &"word ".repeat(30));
        let lines: Vec<&str> = out.lines().collect();
        assert!(lines.len() > 1);
        for line in lines {
            assert!(
                line.starts_with(IN) && line.chars().count() <= WIDE,
                "{line}"
            );
        }
    }

    #[test]
    fn nothing_in_words_moves_the_cursor() {
        assert_eq!(plain("a\u{1b}[2Jb"), "a [2Jb");
    }
}
