//! What the program says of itself: logs to stderr, without a number or a word of a text, and metrics on
//! a listener of their own. Floor 5.

mod lines;
pub mod scrape;

use std::io::IsTerminal;

use lines::Lines;
use tracing_subscriber::EnvFilter;

/// Why logging cannot be set up as asked.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("environment variable HARBORLINE_LOG_FORMAT: `{0}` is not known. Write text or json")]
pub struct UnknownFormat(String);

/// The forms of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    Json,
}

impl Format {
    fn of(word: Option<&str>) -> Result<Self, UnknownFormat> {
        match word {
            None | Some("" | "text") => Ok(Self::Text),
            Some("json") => Ok(Self::Json),
            Some(other) => Err(UnknownFormat(other.to_owned())),
        }
    }
}

/// Sets logging up. `HARBORLINE_LOG` takes filters as in `info,sqlx=warn`, `HARBORLINE_LOG_FORMAT` is
/// `text` or `json`: one object a line, with the request that it belongs to.
///
/// # Errors
/// [`UnknownFormat`].
pub fn start() -> Result<(), UnknownFormat> {
    let filter = EnvFilter::try_from_env("HARBORLINE_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,hyper=warn,reqwest=warn"));
    // At trace level it says the address of each request, which can hold a link that opens something.
    let filter = match "tower_http::csrf=off".parse() {
        Ok(quiet) => filter.add_directive(quiet),
        Err(_) => filter,
    };
    let format = Format::of(std::env::var("HARBORLINE_LOG_FORMAT").ok().as_deref())?;
    let painted = format == Format::Text && std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(painted)
        .with_writer(Lines { painted });
    // A second call, as in tests, finds logging set up.
    let _ = match format {
        Format::Text => lines.try_init(),
        Format::Json => lines
            .json()
            .with_current_span(true)
            .with_span_list(false)
            .try_init(),
    };
    // A panic message may quote its input: the place is enough.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(%place, "panic");
    }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_that_is_not_known_is_refused_with_those_that_are() {
        assert_eq!(Format::of(None), Ok(Format::Text));
        assert_eq!(Format::of(Some("json")), Ok(Format::Json));
        let refused = Format::of(Some("xml")).unwrap_err().to_string();
        assert!(
            refused.contains("`xml`") && refused.contains("text or json"),
            "{refused}"
        );
    }
}
