//! The `harborline` program.

fn main() {}
