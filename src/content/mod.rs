//! Content packs: every word that a texter can receive. Floor 1.
/// stub
#[derive(Debug)]
pub struct Packs;
