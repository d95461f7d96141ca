//! Reports: how a line did over some days, computed from rows of the ledger and of cases. It reads no store
//! and no clock, and says nothing of single people. Floor 1.
//!
//! What belongs to a drill is left out of every figure but its own line, and so is what a responder texted:
//! that is no conversation with a texter.

mod figures;
mod period;
mod spread;
mod table;

pub use figures::{
    Answers, CaseEnd, CaseRow, Cases, ConversationRow, DrillRow, Ending, Figures, Group, Measure,
    Rows, Texts, TextsRow,
};
pub use period::{LONGEST, Period, PeriodProblem};
pub use spread::Spread;
pub use table::{Field, Table, harmless, suppressed, to_csv};
