//! The thread of a conversation, in words: texts with why triage fired and where they stand, notes, and
//! what was done.

use uuid::Uuid;

use super::stretch::Stretch;
use super::why::{Piece, Why, pieces};
use crate::clock::At;
use crate::content::codes::{self, Codes};
use crate::delivery::Delivery;
use crate::http::staff::when::Wall;
use crate::http::words::{phrase, said, tr};
use crate::store::{Author, Happened, Note, OutboxState, ThreadMessage};

/// What the thread shows at one moment.
pub(super) struct Entry {
    at: At,
    pub(super) id: Uuid,
    /// A class of the style sheet, and what stands in the row.
    pub(super) kind: &'static str,
    pub(super) who: String,
    pub(super) when: String,
    pub(super) words: Vec<Piece>,
    /// Why triage made of it what it made: the tier, and the reason that weighs most.
    pub(super) why: Option<(&'static str, String)>,
    pub(super) media: u16,
    /// Where an outbound text stands: a class of the style sheet, and words.
    pub(super) sending: Option<(&'static str, &'static str)>,
    /// Whether a page says what stands behind it: why, and how it went through the gateways.
    pub(super) behind: bool,
}

impl Entry {
    fn plain(
        kind: &'static str,
        id: Uuid,
        at: At,
        who: String,
        words: String,
        wall: &Wall,
    ) -> Self {
        Self {
            at,
            id,
            kind,
            who,
            when: wall.moment(at),
            words: vec![Piece {
                words,
                marked: false,
            }],
            why: None,
            media: 0,
            sending: None,
            behind: false,
        }
    }

    fn message(message: &ThreadMessage, wall: &Wall) -> Self {
        let (who, kind) = who(message);
        let why = message.verdict.as_ref().and_then(Why::of);
        Self {
            words: words(message),
            why: why.map(|why| (why.tier, why.most)),
            media: message.media,
            sending: sending(message),
            behind: true,
            ..Self::plain(kind, message.id, message.at, who, String::new(), wall)
        }
    }
}

/// Who wrote a message: their name, and a class of the style sheet.
pub(super) fn who(message: &ThreadMessage) -> (String, &'static str) {
    match message.author {
        Author::Texter => (tr!("Texter"), "texter"),
        Author::Line => (tr!("Line, automatic"), "line"),
        Author::Staff => (message.by.clone().unwrap_or_else(|| tr!("Team")), "staff"),
    }
}

/// The words of a message, with those marked that triage stopped at; once their time was over, that they
/// were removed.
pub(super) fn words(message: &ThreadMessage) -> Vec<Piece> {
    let gone = tr!("Removed: texts are kept for a limited time.");
    let words = if message.gone {
        gone.as_str()
    } else {
        message.body.reveal()
    };
    pieces(words, message.verdict.as_ref())
}

/// Where an outbound text stands.
fn sending(message: &ThreadMessage) -> Option<(&'static str, &'static str)> {
    Some(match message.sending? {
        (_, Some(Delivery::Delivered)) => ("delivered", phrase!("delivered")),
        (OutboxState::Queued, _) => ("queued", phrase!("queued")),
        (OutboxState::Awaiting, _) => ("sent", phrase!("sent, not confirmed yet")),
        (OutboxState::Accepted, _) => ("sent", phrase!("sent")),
        (OutboxState::Failed, _) => ("failed", phrase!("NOT delivered")),
        (OutboxState::Withdrawn, _) => ("failed", phrase!("not sent: more words came first")),
        (OutboxState::OptedOut, _) => ("failed", phrase!("blocked: the person has opted out")),
    })
}

/// Everything of a stretch of a conversation in its order.
pub(super) fn entries(
    stretch: &Stretch,
    notes: &[Note],
    history: &[Happened],
    codes: &Codes,
    wall: &Wall,
) -> Vec<Entry> {
    let messages = stretch.messages.iter();
    let mut entries: Vec<Entry> = messages
        .map(|message| Entry::message(message, wall))
        .collect();
    let notes = notes.iter().filter(|note| stretch.holds(note.at));
    entries.extend(notes.map(|note| {
        let who = tr!(
            "Note by {by} ({role}), not sent",
            by = note.by,
            role = said(note.role.word())
        );
        let words = note.body.reveal().to_owned();
        Entry::plain("note", note.id, note.at, who, words, wall)
    }));
    let happened = history.iter().filter(|one| stretch.holds(one.at));
    entries.extend(happened.filter_map(|one| {
        let words = told(one, codes)?;
        Some(Entry::plain(
            "event",
            one.id,
            one.at,
            one.by.clone(),
            words,
            wall,
        ))
    }));
    entries.sort_by_key(|entry| (entry.at, entry.id));
    entries
}

/// What was done, after the name of who did it; nothing of what the thread shows anyway.
fn told(one: &Happened, codes: &Codes) -> Option<String> {
    let detail: serde_json::Value = serde_json::from_str(&one.detail).unwrap_or_default();
    let of = |field: &str| detail[field].as_str().unwrap_or_default();
    let label = |lines: &[codes::Code], field: &str| {
        let code = of(field);
        codes::line(lines, code).map_or_else(|| code.to_owned(), |line| said(&line.label))
    };
    Some(match one.action.as_str() {
        "alert.acknowledged" => tr!("has said that they take the case"),
        "alert.reopened" => match of("missed") {
            "claim" => tr!("opened the case again: nobody claimed it in time"),
            "lease" => tr!("opened the case again: nothing was done in it for a long time"),
            _ => tr!("opened the case again: nobody wrote in time"),
        },
        "conversation.claimed" => tr!("claimed the conversation"),
        "conversation.taken_over" => tr!("took the conversation over"),
        "conversation.released" => {
            let why = label(&codes.releases, "reason");
            if why.is_empty() {
                tr!("took the conversation from its owner, who cannot answer any more")
            } else {
                tr!("gave the conversation back: {why}", why)
            }
        }
        "conversation.closed" => {
            let how = label(&codes.outcomes, "outcome");
            tr!("closed the conversation: {how}", how)
        }
        "conversation.tier" => {
            let why = label(&codes.tiers, "reason");
            tr!(
                "decided that it is {tier}: {why}",
                tier = said(of("tier")),
                why
            )
        }
        "transfer.offered" => tr!("offered the conversation to a colleague"),
        "transfer.accepted" => tr!("accepted the conversation"),
        "transfer.declined" => tr!("declined the conversation"),
        "transfer.withdrawn" => tr!("took the offer back"),
        "transfer.lapsed" => tr!("ended the offer: nobody answered it"),
        "help.asked" => tr!("asked for a supervisor"),
        "help.answered" => tr!("came to help"),
        _ => return None,
    })
}
