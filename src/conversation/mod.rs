//! The conversation: what is said next. Pure and total. Floor 1.
