//! On call: an alert is paged until a human is really there. Pure: time comes in as a value,
//! and what is due is a column, not a sleeping task. Floor 1.

mod alert;
pub mod audit;
mod by_phone;
mod call_out;
mod code;
mod contact;
pub mod drill;
mod duty;
mod handoff;
mod health;
mod ladder;
mod operator;
mod page;
mod page_test;
mod person;
mod policy;
pub mod preflight;
mod proof;
mod reply;
mod roster;
mod round;
mod schedule;
#[cfg(test)]
mod simulation;
mod swap;
mod urgency;
mod words;

pub use alert::{Acknowledged, Acknowledgement, Alert, Clocks, Closed, Missed, Taken, Timing};
pub use by_phone::{
    ByPhone, follows, follows_no_more, how_to_write, needs_account, not_by_phone, not_yours,
    nothing_sent, quoted, read_by_phone, sent,
};
pub use call_out::{Audience, help_needed};
pub use code::codes;
pub use contact::{Address, Contact, Destination, Secret};
pub use drill::{
    DrillOutcome, DrillTime, Until, Variant, drill_over, marked, nobody_came, not_to_be_answered,
    unstored_drill,
};
pub use duty::words::{self as duty_words, stretch};
pub use duty::{
    BEFORE as DUTY_LOOKS_BACK, Duty, DutyTiming, Step as DutyStep, Turn, steps as duty_steps,
    takes_shift,
};
pub use handoff::{
    debrief_wanted, help_is_there, help_wanted, offer_accepted, offer_declined, offer_lapsed,
    offered, taken_over,
};
pub use health::{Facts, Light, MANY, Unclaimed, Why, health, may_wait};
pub use ladder::{Place, Step, built_in, climb, climbed_within};
pub use operator::{
    Incident, IncidentKind, OF_ANOTHER, Operator, REFUSED, UNANSWERED, incident, incident_over,
    span,
};
pub use page::{Case, PageKind, Preset};
pub use page_test::{
    PageTest, TEST_PAUSE, TEST_WAITS, TestAnswer, is_test_code, next_test_code, page_test,
    page_test_answered,
};
pub use person::{Channel, Method, Person, Quiet, Uses, minutes_of};
pub use policy::{
    LONGEST_DELAY, LONGEST_NAME, MOST_ROUNDS, MOST_RUNGS, Policy, PolicyProblem, Rung,
    SHORTEST_DELAY, Target,
};
pub use proof::{
    CODE_TRIES, CODE_WORKS, PROOF_PACE, PROOFS_A_DAY, TEST_ANSWERED_WITHIN, answers_test,
    code_words, test_arrived, test_words,
};
pub use reply::{ResponderReply, read_reply};
pub use roster::{Desk, Roster, Standby, once_each};
pub use round::{Round, acknowledgement, is_among, next_round};
pub use schedule::{Change, Cover, Hours, Override, Rotation, Schedule, Shift, Source, Span, Unit};
pub use swap::{Swap, SwapState};
pub use urgency::Urgency;
pub use words::{
    acknowledged, already_taken, called_anew, more_urgent, nothing_open, one_of, over, page,
    phone_started, phone_stopped, reopened, responder_help, still_waits, storm, taken_by,
    unconfirmed, unreachable, unstored, unstored_call, wants_erasure, with_link,
};
