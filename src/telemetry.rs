//! Logs: to stderr, without a number or a word of a text. Floor 5.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Sets logging up. `HARBORLINE_LOG` takes filters as in `info,sqlx=warn`.
pub fn start() {
    let filter = EnvFilter::try_from_env("HARBORLINE_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,hyper=warn,reqwest=warn"));
    // A second call, as in tests, finds logging set up.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init();
    // A panic message may quote its input: the place is enough.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(%place, "panic");
    }));
}
