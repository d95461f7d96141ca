//! Claims: who holds the lease of an outbox row may send it, as fast as its sender may.
//!
//! The bucket of the sender is charged in the transaction that claims, so that any number of
//! replicas share one rate.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::outbox::{OutboxState, Receiver, Settled};
use super::senders::Sender;
use super::tx::{later, on, open_text};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::conversation::State;
use crate::lane::Lane;
use crate::locale::Locale;
use crate::oncall::{Address, Case, Channel, Destination, PageKind, Secret, Taken, Variant};
use crate::route::Routes;
use crate::text::MessageBody;
use crate::triage::Tier;

/// What is to be claimed.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The lane.
    pub lane: Lane,
    /// The channel: what is slow on one holds up no other.
    pub channel: Channel,
    /// The time.
    pub now: At,
    /// How long nobody else gets the rows.
    pub lease: Duration,
    /// The most rows, for each gateway.
    pub limit: u16,
    /// The most rows that may be on their way by one gateway, in this lane by this channel.
    pub most: u16,
    /// How many are on their way already, by gateway.
    pub underway: BTreeMap<String, u16>,
    /// What was made before this is not sent any more: it costs no tokens.
    pub fresh_since: Option<At>,
    /// How fast the gateways may send, and which stand in.
    pub routes: Arc<Routes>,
}

/// What was claimed.
#[derive(Debug, Default)]
pub struct Claimed {
    /// The rows.
    pub due: Vec<Due>,
    /// When more is due that only waits for its sender: how long that takes.
    pub again: Option<Duration>,
    /// As many were claimed by a gateway as may be: there may be more that can leave at once.
    pub full: bool,
}

/// An outbox row that was claimed for sending.
#[derive(Clone, Debug)]
pub struct Due {
    /// The row.
    pub id: Uuid,
    /// Its lane.
    pub lane: Lane,
    /// The gateway that it leaves by.
    pub gateway: String,
    /// The gateway that it was written for, if it leaves by another.
    pub moved_from: Option<String>,
    /// Whom it goes to.
    pub receiver: Receiver,
    /// The conversation that it belongs to.
    pub conversation: Option<Uuid>,
    /// Where it goes.
    pub to: Destination,
    /// The words.
    pub body: MessageBody,
    /// How often it was tried before.
    pub attempts: u32,
    /// How many of these tries ended in doubt.
    pub doubts: u32,
    /// The gateway's id of the try before, where that is known not to have arrived.
    pub undelivered: Option<String>,
    /// When it was made.
    pub created_at: At,
    /// The carrier blocks our texts to this person.
    pub blocked: bool,
    /// The texter has never had a text from this gateway's number: it must say whose it is, in this
    /// language.
    pub introduce: Option<Locale>,
    /// It is a page of a drill.
    pub rehearsal: Option<Rehearsal>,
    /// What goes to a responder.
    pub page: Option<DuePage>,
}

/// What a channel must know of a page besides its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuePage {
    /// What it is.
    pub kind: PageKind,
    /// Whom it goes to, by name.
    pub contact: String,
    /// Their account; none for a contact of the configuration.
    pub staff: Option<Uuid>,
    /// The contact method; none for a contact of the configuration.
    pub method: Option<Uuid>,
    /// The case that it is about.
    pub case: Option<Case>,
    /// How many cases it speaks of, where that is more than one.
    pub cases: i64,
    /// Who has the case by now.
    pub taken: Option<Taken>,
    /// The case is closed by now.
    pub closed: bool,
}

impl DuePage {
    /// Whether it calls for somebody who is not needed any more: another one has the case, or it is closed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.kind == PageKind::Page && self.cases < 2 && (self.closed || self.taken.is_some())
    }

    /// Whether it says that somebody has a case that was opened again since, and that nobody has.
    #[must_use]
    pub fn is_untrue(&self) -> bool {
        self.kind == PageKind::Taken && self.taken.is_none() && !self.closed
    }
}

/// What a drill does with its pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rehearsal {
    /// What it shows.
    pub variant: Variant,
    /// No page leaves the program.
    pub dry_run: bool,
}

#[derive(sqlx::FromRow)]
struct DueRow {
    id: Uuid,
    lane: Lane,
    channel: Channel,
    gateway: String,
    moved_from: Option<String>,
    texter_id: Option<Uuid>,
    message_id: Option<Uuid>,
    page_id: Option<Uuid>,
    answers: Option<Uuid>,
    attempts: i32,
    doubts: i32,
    undelivered: Option<String>,
    created_at: At,
    wrapped_key: Option<Vec<u8>>,
    number_sealed: Option<Vec<u8>>,
    state_sealed: Option<Vec<u8>>,
    blocked_at: Option<At>,
    conversation_id: Option<Uuid>,
    message_sealed: Option<Vec<u8>>,
    address_sealed: Option<Vec<u8>>,
    page_sealed: Option<Vec<u8>>,
    preset: Option<String>,
    secret_sealed: Option<Vec<u8>>,
    quoted: Option<Uuid>,
    quoted_key: Option<Vec<u8>>,
    variant: Option<Variant>,
    dry_run: Option<i32>,
    kind: Option<PageKind>,
    contact: Option<String>,
    staff_id: Option<Uuid>,
    method_id: Option<Uuid>,
    alert_id: Option<Uuid>,
    code: Option<String>,
    tier: Option<Tier>,
    opened_at: Option<At>,
    acknowledged_by: Option<String>,
    acknowledged_at: Option<At>,
    closed_at: Option<At>,
    cases: i64,
    again: i64,
}

impl DueRow {
    fn page(&self) -> Option<DuePage> {
        let case = || {
            Some(Case {
                alert: self.alert_id?,
                code: self.code.clone()?,
                tier: self.tier?,
                opened_at: self.opened_at?,
                again: self.again,
            })
        };
        Some(DuePage {
            kind: self.kind?,
            contact: self.contact.clone()?,
            staff: self.staff_id,
            method: self.method_id,
            case: case(),
            cases: self.cases,
            taken: self
                .acknowledged_by
                .clone()
                .zip(self.acknowledged_at)
                .map(|(by, at)| Taken { by, at }),
            closed: self.closed_at.is_some(),
        })
    }
}

/// What a claim leaves to do by one gateway: see [`Claimed`].
#[derive(Default)]
struct Left {
    again: Option<Duration>,
    full: bool,
}

#[derive(sqlx::FromRow)]
struct Candidate {
    id: Uuid,
    segments: i32,
    created_at: At,
}

/// The gateways that have something in a lane on a channel: from one name to the next, however many rows there are.
const GATEWAYS: &str = "WITH RECURSIVE waiting (gateway) AS (
    SELECT (SELECT o.gateway FROM outbox o WHERE o.done_at IS NULL AND o.lane = $1 AND o.channel = $2
             ORDER BY o.gateway LIMIT 1)
    UNION ALL
    SELECT (SELECT o.gateway FROM outbox o WHERE o.done_at IS NULL AND o.lane = $1 AND o.channel = $2
               AND o.gateway > w.gateway ORDER BY o.gateway LIMIT 1)
      FROM waiting w WHERE w.gateway IS NOT NULL)
 SELECT gateway FROM waiting WHERE gateway IS NOT NULL";

/// What may leave by a gateway: due, not leased, and for a texter the first of its lane that waits, so that
/// the parts of an answer arrive in order. Wherever they have moved by now, only rows that were written for one
/// gateway wait for each other: one that fails holds up no answer of another.
macro_rules! ready {
    () => {
        "o.done_at IS NULL AND o.lane = $1 AND o.channel = $4 AND o.gateway = $2
                AND o.due_at <= $3
                AND (o.lease_until IS NULL OR o.lease_until <= $3)
                AND o.id <= COALESCE((SELECT e.id FROM outbox e
                                       WHERE e.texter_id = o.texter_id AND e.done_at IS NULL
                                         AND e.lane = o.lane AND e.state = 'queued'
                                         AND COALESCE(e.moved_from, e.gateway) = COALESCE(o.moved_from, o.gateway)
                                       ORDER BY e.id LIMIT 1), o.id)"
    };
}

/// The rows to claim. Whether one may leave is asked of each in turn, in the order of the index, until there
/// are enough: of a long queue only the head is read. PostgreSQL passes over what another replica is taking.
macro_rules! candidates {
    ($lock:literal) => {
        concat!(
            "SELECT o.id, o.segments, o.created_at FROM outbox o
              WHERE ",
            ready!(),
            "
              ORDER BY o.due_at, o.id LIMIT $5 + 0",
            $lock
        )
    };
}

/// Whether a lane has something that may leave by a gateway, and that nobody is sending.
const WAITS: &str = concat!(
    "SELECT EXISTS (SELECT 1 FROM outbox o WHERE ",
    ready!(),
    ")"
);

/// A row with all that is to be known for sending it. Each call for a case ends with the news that it is over: a
/// page belongs to the call that is open now, the news of a call to that one.
const DUE: &str = "SELECT o.id, o.lane, o.channel, o.gateway, o.moved_from, o.texter_id, o.message_id, o.page_id,
        o.answers, o.attempts, o.doubts, CASE WHEN o.delivery = 'failed' THEN o.gateway_ref END AS undelivered,
        o.created_at, t.wrapped_key, t.number_sealed, t.state_sealed, t.blocked_at,
        m.conversation_id, m.body_sealed AS message_sealed, p.address_sealed, p.body_sealed AS page_sealed,
        p.preset, p.secret_sealed, p.texter_id AS quoted, q.wrapped_key AS quoted_key, d.variant, d.dry_run, p.kind, p.contact, p.staff_id, p.method_id, p.alert_id,
        a.code, a.tier, a.opened_at, a.acknowledged_by, a.acknowledged_at, a.closed_at,
        (SELECT COUNT(*) FROM paged_cases s WHERE s.page_id = p.id) AS cases,
        (SELECT COUNT(DISTINCT v.at) FROM pages v WHERE v.alert_id = p.alert_id AND v.kind = 'over'
            AND (p.kind NOT IN ('taken', 'over') OR v.at < p.at)) AS again
   FROM outbox o
   LEFT JOIN texters t ON t.id = o.texter_id
   LEFT JOIN messages m ON m.id = o.message_id
   LEFT JOIN pages p ON p.id = o.page_id
   LEFT JOIN texters q ON q.id = p.texter_id
   LEFT JOIN alerts a ON a.id = p.alert_id
   LEFT JOIN drills d ON d.id = a.drill_id AND d.ended_at IS NULL
  WHERE o.id = $1";

/// Whether a texter knows the number of a gateway: they wrote to it, or had a text from it.
const KNOWN: &str = "SELECT EXISTS (
    SELECT 1 FROM conversations c JOIN messages m ON m.conversation_id = c.id
      LEFT JOIN outbox o ON o.message_id = m.id
     WHERE c.texter_id = $1
       AND ((m.gateway = $2 AND m.author = 'texter')
            OR (o.gateway = $2 AND o.state = 'accepted' AND o.id <> $3)))";

impl Tx {
    /// Claims what is due in a lane on a channel: nobody else gets these rows until the lease runs out. A sender's
    /// tokens are taken with them. Urgent texts of a gateway whose circuit is open are moved to the
    /// one that stands in.
    pub async fn claim_due(&mut self, claim: &Claim) -> Result<Claimed, StoreError> {
        let gateways: Vec<String> = on!(self, |c| sqlx::query_scalar(GATEWAYS)
            .bind(claim.lane)
            .bind(claim.channel)
            .fetch_all(c)
            .await?);
        let mut claimed = Claimed::default();
        let mut ids = Vec::new();
        for gateway in gateways {
            let of = self.claim_of(claim, &gateway, &mut ids).await?;
            claimed.again = claimed.again.into_iter().chain(of.again).min();
            claimed.full |= of.full;
        }
        ids.sort_unstable();
        for id in ids {
            let row: DueRow = on!(self, |c| sqlx::query_as(DUE).bind(id).fetch_one(c).await?);
            match self.due(row).await {
                Ok(due) => claimed.due.push(due),
                // One damaged row must not hold up the texts behind it.
                Err(error @ StoreError::Corrupt { .. }) => {
                    tracing::error!(%error, outbox = %id, "an outgoing text cannot be read");
                    let unreadable = Settled {
                        code: Some("unreadable".to_owned()),
                        ..Settled::new(OutboxState::Failed, claim.now)
                    };
                    self.settle(id, claim.now, &unreadable).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(claimed)
    }

    /// An outbox row as it leaves or has left, for who asks about it afterwards: a call that is picked up.
    pub async fn outgoing(&mut self, id: Uuid) -> Result<Option<Due>, StoreError> {
        let row: Option<DueRow> = on!(self, |c| sqlx::query_as(DUE)
            .bind(id)
            .fetch_optional(c)
            .await?);
        match row {
            Some(row) => Ok(Some(self.due(row).await?)),
            None => Ok(None),
        }
    }

    /// Claims what is due by one gateway, and says what is left. The rows that it claimed are added to `ids`.
    async fn claim_of(
        &mut self,
        claim: &Claim,
        gateway: &str,
        ids: &mut Vec<Uuid>,
    ) -> Result<Left, StoreError> {
        let (lane, now) = (claim.lane, claim.now);
        let (leaves_by, tries_again) = self.way_of(claim, gateway).await?;
        let underway = claim.underway.get(&leaves_by).copied().unwrap_or(0);
        let most = if tries_again { 1 } else { claim.limit };
        let limit = claim.most.saturating_sub(underway).min(most);
        if limit == 0 {
            // Whoever of them comes back looks again.
            return Ok(Left::default());
        }
        // The rate of a sender is one of texts: calls do not count.
        let rate = claim
            .routes
            .rate(&leaves_by)
            .filter(|_| claim.channel == Channel::Sms);
        let mut sender = match rate {
            Some(rate) => Some(self.sender(&leaves_by, Some(rate), now).await?),
            None => None,
        };
        if lane == Lane::Content
            && rate.is_some()
            && self.waits(Lane::Conversation, gateway, now).await?
        {
            return Ok(Left {
                again: Some(Duration::from_millis(100)),
                full: false,
            });
        }
        let candidates: Vec<Candidate> = on!(self,
            sqlite: candidates!(""),
            postgres: candidates!(" FOR UPDATE SKIP LOCKED"),
            |sql, c| sqlx::query_as(sql)
                .bind(lane)
                .bind(gateway)
                .bind(now)
                .bind(claim.channel)
                .bind(i64::from(limit))
                .fetch_all(c)
                .await?);
        let (mut again, before) = (None, ids.len());
        for candidate in candidates {
            let stale = claim
                .fresh_since
                .is_some_and(|since| candidate.created_at < since);
            if let (Some(Sender { bucket, .. }), Some(rate), false) = (&mut sender, rate, stale) {
                let segments = u16::try_from(candidate.segments).unwrap_or(u16::MAX);
                if let Err(wait) = bucket.take(rate, lane, segments) {
                    // Those behind it wait with it: who is first stays first.
                    again = Some(wait);
                    break;
                }
            }
            let moved_from = (leaves_by != gateway).then_some(gateway);
            later!(
                self,
                "UPDATE outbox SET lease_until = $2, gateway = $3, moved_from = COALESCE(moved_from, $4)
                  WHERE id = $1",
                candidate.id,
                now.plus(claim.lease),
                leaves_by.as_str(),
                moved_from,
            );
            ids.push(candidate.id);
        }
        if let Some(sender) = sender
            && ids.len() > before
        {
            self.save_bucket(&leaves_by, &sender.bucket).await?;
        }
        if tries_again && ids.len() > before {
            self.sender_tried(&leaves_by, now).await?;
        }
        let full = ids.len() - before == usize::from(limit);
        Ok(Left { again, full })
    }

    /// The gateway by which urgent texts leave: the other one, while this one only fails. And whether it
    /// has rested since: then one of them tries it again, and shows the others whether it works.
    async fn way_of(&mut self, claim: &Claim, gateway: &str) -> Result<(String, bool), StoreError> {
        let stays = Ok((gateway.to_owned(), false));
        if !claim.lane.prefers_twice() || claim.channel != Channel::Sms {
            return stays;
        }
        let Some(other) = claim.routes.other(gateway, None) else {
            return stays;
        };
        let circuit = self.circuit(gateway).await?;
        let (fails, rested) = (circuit.is_open(claim.now), circuit.has_rested(claim.now));
        if !(fails || rested) || self.circuit(other).await?.is_open(claim.now) {
            return stays;
        }
        let leaves_by = if fails { other } else { gateway };
        Ok((leaves_by.to_owned(), rested))
    }

    async fn waits(&mut self, lane: Lane, gateway: &str, now: At) -> Result<bool, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(WAITS)
            .bind(lane)
            .bind(gateway)
            .bind(now)
            .bind(Channel::Sms)
            .fetch_one(c)
            .await?))
    }

    async fn due(&mut self, row: DueRow) -> Result<Due, StoreError> {
        let missing = || StoreError::Corrupt {
            table: "outbox",
            id: row.id,
            why: "it refers to nothing".to_owned(),
        };
        let (mut introduce, mut secret) = (None, None);
        let (receiver, address, body) = match (row.texter_id, row.message_id, row.page_id) {
            (Some(texter_id), Some(message_id), None) => {
                let key =
                    self.unwrap_key(texter_id, row.wrapped_key.as_deref().ok_or_else(missing)?)?;
                let number = row.number_sealed.as_deref().ok_or_else(missing)?;
                let body = row.message_sealed.as_deref().ok_or_else(missing)?;
                let moved = row
                    .moved_from
                    .as_deref()
                    .is_some_and(|from| from != row.gateway);
                if moved && !self.knows(texter_id, &row.gateway, row.id).await? {
                    let state = row.state_sealed.as_deref().ok_or_else(missing)?;
                    let state = open_text(&key, "texters.state", texter_id, state)?;
                    introduce = Some(State::read(state.as_bytes()).locale);
                }
                let number = open_text(&key, "texters.number", texter_id, number)?;
                (
                    Receiver::Texter {
                        texter_id,
                        message_id,
                        answers: row.answers,
                    },
                    Address::new(number),
                    open_text(&key, "messages.body", message_id, body)?,
                )
            }
            (None, None, Some(page_id)) => {
                let house = self.keys.house();
                let address = row.address_sealed.as_deref().ok_or_else(missing)?;
                let body = row.page_sealed.as_deref().ok_or_else(missing)?;
                if let Some(sealed) = &row.secret_sealed {
                    secret = Some(Secret::new(open_text(
                        house,
                        "pages.secret",
                        page_id,
                        sealed,
                    )?));
                }
                (
                    Receiver::Responder { page_id },
                    Address::new(open_text(house, "pages.address", page_id, address)?),
                    match row.quoted {
                        None => open_text(house, "pages.body", page_id, body)?,
                        Some(texter) => {
                            let key = row.quoted_key.as_deref().ok_or_else(missing)?;
                            let key = self.unwrap_key(texter, key)?;
                            open_text(&key, "pages.body", page_id, body)?
                        }
                    },
                )
            }
            _ => return Err(missing()),
        };
        Ok(Due {
            page: row.page(),
            id: row.id,
            lane: row.lane,
            gateway: row.gateway,
            moved_from: row.moved_from,
            receiver,
            conversation: row.conversation_id,
            to: Destination {
                channel: row.channel,
                address,
                preset: row.preset,
                secret,
            },
            body: MessageBody::new(body),
            attempts: u32::try_from(row.attempts).unwrap_or(0),
            doubts: u32::try_from(row.doubts).unwrap_or(0),
            undelivered: row.undelivered,
            created_at: row.created_at,
            blocked: row.blocked_at.is_some(),
            introduce,
            rehearsal: row.variant.map(|variant| Rehearsal {
                variant,
                dry_run: row.dry_run.unwrap_or(0) != 0,
            }),
        })
    }

    async fn knows(&mut self, texter: Uuid, gateway: &str, but: Uuid) -> Result<bool, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(KNOWN)
            .bind(texter)
            .bind(gateway)
            .bind(but)
            .fetch_one(c)
            .await?))
    }
}
