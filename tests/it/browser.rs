//! The pages in a real browser: tests/browser/simulator.mjs in headless Chromium.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::binary::Serving;
use crate::support::require;

#[test]
fn the_simulator_and_the_dashboard_work_in_a_browser() {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let chromium = std::env::var_os("CHROMIUM")
        .map_or_else(|| PathBuf::from("/usr/bin/chromium"), PathBuf::from);
    if !chromium.is_file() {
        return require::missing("browser", "no Chromium found; install the package chromium");
    }
    if !scripts.join("node_modules/playwright-core").is_dir() {
        return require::missing("browser", "run `npm install` in tests/browser");
    }
    let serving = Serving::start();
    let output = Command::new("node")
        .arg(scripts.join("simulator.mjs"))
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
    assert!(output.status.success(), "{said}\n{}", serving.log());
}
