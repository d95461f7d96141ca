//! Reports: how a line did over some days, computed from rows of the ledger and of cases. It reads no store
//! and no clock, and says nothing of single people. Floor 1.
//!
//! What belongs to a drill is left out of every figure but its own line, and so is what a responder texted:
//! that is no conversation with a texter.

mod ends;
mod figures;
mod period;
mod rows;
mod spread;
mod table;

pub use ends::{CaseEnd, Cases, Ending};
pub use figures::{Answers, Figures, Group, Measure, Texts};
pub use period::{LONGEST, Period, PeriodProblem};
pub use rows::{CaseRow, ConversationRow, DrillRow, Rows, TextsRow};
pub use spread::Spread;
pub use table::{Field, Table, suppressed, to_csv};
