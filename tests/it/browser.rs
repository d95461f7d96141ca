//! The pages in a real browser: the walks of tests/browser in headless Chromium.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::binary::Serving;
use crate::support::require;

/// Walks through the pages of a new server with these settings.
fn walk(script: &str, settings: &[(&str, &str)]) {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let chromium = std::env::var_os("CHROMIUM")
        .map_or_else(|| PathBuf::from("/usr/bin/chromium"), PathBuf::from);
    if !chromium.is_file() {
        return require::missing("browser", "no Chromium found; install the package chromium");
    }
    if !scripts.join("node_modules/playwright-core").is_dir() {
        return require::missing("browser", "run `npm install` in tests/browser");
    }
    let serving = Serving::start_in(tempfile::tempdir().unwrap(), settings);
    let output = Command::new("node")
        .arg(scripts.join(script))
        .args([&serving.url, serving.setup_link.as_ref().unwrap()])
        .env("CHROMIUM", &chromium)
        .current_dir(&scripts)
        .output()
        .expect("node, which npm came with");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    // What failed comes last: whoever keeps the end of a long record has it.
    assert!(output.status.success(), "{}\n{said}", serving.log());
}

#[test]
fn the_simulator_and_the_dashboard_work_in_a_browser() {
    walk("simulator.mjs", &[]);
}

#[test]
fn people_are_invited_and_sign_in_in_a_browser() {
    let needed = (
        "HARBORLINE__STAFF__REQUIRE_TOTP",
        "[\"supervisor\", \"administrator\"]",
    );
    walk("sign-in.mjs", &[needed]);
}

#[test]
fn people_set_up_how_they_are_reached_in_a_browser() {
    walk("me.mjs", &[]);
}

#[test]
fn the_pages_of_on_call_work_in_a_browser() {
    walk("on-call.mjs", &[]);
}

#[test]
fn a_page_that_lost_its_connection_200_times_shows_what_the_server_has() {
    walk("live.mjs", &[]);
}

#[test]
fn the_pages_of_drills_work_in_a_browser() {
    let timetable = (
        "HARBORLINE__DRILLS__SCHEDULE",
        r#"[{at="14:00", time_zone="America/New_York", dry_run=true}]"#,
    );
    walk("drills.mjs", &[timetable]);
}

#[test]
fn the_pages_of_the_line_work_in_a_browser() {
    walk("line.mjs", &[]);
}

#[test]
fn supervisors_look_after_the_line_in_a_browser() {
    walk("board.mjs", &[]);
}

#[test]
fn the_other_screens_and_all_of_them_in_spanish_work_in_a_browser() {
    walk("screens.mjs", &[]);
}

#[test]
fn a_responder_works_by_mouse_by_keyboard_on_a_phone_and_without_javascript() {
    let needed = ("HARBORLINE__STAFF__REQUIRE_TOTP", "[\"administrator\"]");
    walk("responder.mjs", &[needed]);
}
