//! What the board of supervisors shows: who waits, who has what, what is owed. Reads only.

use uuid::Uuid;

use super::call_outs::CallOut;
use super::help_calls::HelpCall;
use super::staff::Account;
use super::tx::on;
use super::{StoreError, Tx};
use crate::clock::At;
use crate::conversation::Reason;
use crate::oncall::{Incident, Person, Schedule};
use crate::triage::Tier;

/// An open case, as the board shows it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct BoardCase {
    /// The conversation.
    pub conversation_id: Uuid,
    /// Its code.
    pub code: String,
    /// How urgent.
    pub tier: Tier,
    /// Why it was opened.
    pub reason: Reason,
    /// When.
    pub opened_at: At,
    /// When its texter last wrote.
    pub last_inbound_at: At,
    /// Who acknowledged it.
    pub acknowledged_by: Option<String>,
    /// Who has it.
    pub claimed_by: Option<Uuid>,
    /// Since when.
    pub claimed_at: Option<At>,
    /// Until when, unless they do something in it.
    pub lease_until: Option<At>,
    /// When a person last wrote.
    pub answered_at: Option<At>,
    /// Since when every rung was paged in vain.
    pub exhausted_at: Option<At>,
    /// The drill that it belongs to.
    pub drill_id: Option<Uuid>,
}

/// Somebody who can answer texters, as the board shows them.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct BoardMember {
    /// The account.
    #[sqlx(flatten)]
    pub account: Account,
    /// When a page was last opened in one of their sessions, to the minute.
    pub seen_at: Option<At>,
}

/// Everything on the board, as of one moment.
#[derive(Clone, Debug)]
pub struct Board {
    /// Open cases, the most urgent first, then the one that waits longest.
    pub cases: Vec<BoardCase>,
    /// Whether there are more than were read.
    pub more: bool,
    /// Everyone who can sign in.
    pub members: Vec<BoardMember>,
    /// How many texts are owed an answer, and how many of them are overdue. Drills do not count.
    pub owed: (i64, i64),
    /// Open calls for a supervisor.
    pub help: Vec<HelpCall>,
    /// Open incidents.
    pub incidents: Vec<Incident>,
    /// Who is on call when.
    pub schedules: Vec<Schedule>,
    /// How those are reached.
    pub people: Vec<Person>,
    /// The latest call for help to the team, if it is of today.
    pub call_out: Option<CallOut>,
}

impl Tx {
    /// What the board shows: cases up to a limit, and a call-out if there was one since then.
    pub async fn board(
        &mut self,
        limit: u16,
        called_since: At,
        now: At,
    ) -> Result<Board, StoreError> {
        let mut cases: Vec<BoardCase> = on!(self, |c| {
            sqlx::query_as(
            "SELECT a.conversation_id, a.code, a.tier, a.reason, a.opened_at, c.last_inbound_at,
                    a.acknowledged_by, a.claimed_by, a.claimed_at, a.lease_until, a.answered_at,
                    a.exhausted_at, a.drill_id
               FROM alerts a JOIN conversations c ON c.id = a.conversation_id
              WHERE a.closed_at IS NULL
              ORDER BY CASE a.tier WHEN 'imminent' THEN 0 WHEN 'high' THEN 1 WHEN 'concern' THEN 2
                                   WHEN 'topic' THEN 3 ELSE 4 END, a.opened_at, a.id LIMIT $1"
        )
        .bind(i64::from(limit) + 1)
        .fetch_all(c)
        .await?
        });
        let more = cases.len() > usize::from(limit);
        cases.truncate(usize::from(limit));
        let members = on!(self, |c| {
            sqlx::query_as(
            "SELECT id, login, name, role, seen_at FROM staff
              WHERE left_at IS NULL AND locked_at IS NULL AND password_at IS NOT NULL ORDER BY name, id"
        )
        .fetch_all(c)
        .await?
        });
        Ok(Board {
            cases,
            more,
            members,
            owed: self.obligations_open(now).await?,
            help: self.open_help_calls().await?,
            incidents: self.incidents_open().await?,
            schedules: self.schedules(now).await?,
            people: self.people().await?,
            call_out: self.last_call_out(called_since).await?,
        })
    }
}
