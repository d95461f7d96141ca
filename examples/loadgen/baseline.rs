//! The baseline: the usual way in Node (express, the SDK of twilio, better-sqlite3) with only the one insert,
//! beside the bare insert and the whole intake, in one run.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::client::{self, PUBLIC_URL, TOKEN};
use crate::process;

/// The name of the baseline among the modes.
pub(crate) const MODE: &str = "node";

const INSTALL: &str = "npm install --prefix examples/loadgen/baseline --no-package-lock";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/loadgen/baseline")
}

/// What has to be done before a comparison, if anything. Nothing is installed from here.
pub(crate) fn missing() -> Option<String> {
    if Command::new("node").arg("--version").output().is_err() {
        return Some("node is not on the PATH: install Node 20 or newer".to_owned());
    }
    let modules = folder().join("node_modules");
    let there = ["express", "twilio", "better-sqlite3"]
        .iter()
        .all(|name| modules.join(name).is_dir());
    (!there).then(|| format!("the packages of the baseline are missing: run `{INSTALL}`"))
}

/// The Node server with a database in a folder. What it says of errors is shown.
pub(crate) fn command(database: &Path) -> Command {
    let mut command = Command::new("node");
    command
        .arg(folder().join("server.mjs"))
        .env("NODE_ENV", "production")
        .env("PORT", "0")
        .env("PUBLIC_URL", PUBLIC_URL)
        .env("TWILIO_AUTH_TOKEN", TOKEN)
        .env("DATABASE", database.join("baseline.db"));
    command
}

/// Measures bare, node and intake, and prints a table and the ratios.
pub(crate) async fn compare(time: Duration) {
    process::pin(std::process::id(), 1);
    let (sink, _) = client::sink().await;
    crate::print_head();
    let bare = crate::print_row("bare", &sink, time).await;
    let node = crate::print_row(MODE, &sink, time).await;
    let intake = crate::print_row("intake", &sink, time).await;
    let mut out = std::io::stdout();
    writeln!(
        out,
        "\n| requests/s at saturation | target | measured |\n|---|---|---|"
    )
    .unwrap();
    for (name, target, ratio) in [
        ("intake against node", 8.0, intake / node),
        ("intake against bare", 0.6, intake / bare),
    ] {
        let met = if ratio >= target { "met" } else { "missed" };
        writeln!(out, "| {name} | ≥ {target} | {ratio:.2}, {met} |").unwrap();
    }
}
