//! Optional parts: said loudly when they are missing, required where the environment says so.

use std::io::Write;

/// Says that tests were skipped because a part is missing; fails where it is required
/// (`HARBORLINE_TEST_REQUIRE=postgres,browser,oracles,deploy,kannel`).
pub(crate) fn missing(part: &str, why: &str) {
    let required = std::env::var("HARBORLINE_TEST_REQUIRE").unwrap_or_default();
    assert!(
        !required.split(',').any(|name| name.trim() == part),
        "{part} is required: {why}"
    );
    // Written past the capture of passing tests, so that nobody takes a skip for a pass.
    let _ = writeln!(std::io::stderr(), "SKIPPED without {part}: {why}");
}
