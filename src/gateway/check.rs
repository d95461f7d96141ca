//! What `harborline doctor` asks a provider, and what the answers mean. Part of `gateway`: floor 2.

use axum::http::Method;
use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::{ApiRequest, ApiResult, wire};

/// What a provider is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The account: are our credentials good?
    Account,
    /// What texts come from: where do its hooks go?
    Sender,
    /// The application that a sender belongs to, where hooks are set there.
    Application,
    /// What the provider answers to opt-out words.
    OptOut,
    /// What calls come from: can it call?
    Caller,
}

/// How a finding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Ok,
    /// It could not be looked at, or does not apply.
    Skipped,
    /// It works; somebody should look.
    Warn,
    /// It does not work, or leaves somebody without an answer.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, such as `gateways.main.webhook`.
    pub id: String,
    /// How it stands.
    pub state: State,
    /// What was found.
    pub finding: String,
    /// What to do about it; empty when nothing is to be done.
    pub fix: String,
}

impl Finding {
    /// All is well.
    #[must_use]
    pub fn ok(id: &str, finding: impl Into<String>) -> Self {
        Self::new(id, State::Ok, finding, "")
    }

    /// It was not looked at.
    #[must_use]
    pub fn skipped(id: &str, finding: impl Into<String>) -> Self {
        Self::new(id, State::Skipped, finding, "")
    }

    /// Somebody should look.
    #[must_use]
    pub fn warn(id: &str, finding: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(id, State::Warn, finding, fix)
    }

    /// It does not work.
    #[must_use]
    pub fn fail(id: &str, finding: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(id, State::Fail, finding, fix)
    }

    fn new(id: &str, state: State, finding: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            id: id.to_owned(),
            state,
            finding: finding.into(),
            fix: fix.into(),
        }
    }
}

/// Where this server is, to be compared with what the provider has.
#[derive(Clone, Debug)]
pub struct Ours {
    /// The addresses of our hook for texts: the one of `public_url` first.
    pub inbound: Vec<String>,
}

/// What an answer says, and what is to be asked because of it.
#[derive(Default)]
pub struct Reading {
    /// What was found. The ids are those of a gateway: `credentials`, `webhook`, `fallback`, `opt_out`,
    /// `calls`, `receipts`, `pictures`.
    pub findings: Vec<Finding>,
    /// What to ask next.
    pub next: Vec<(Check, ApiRequest)>,
}

impl From<Vec<Finding>> for Reading {
    fn from(findings: Vec<Finding>) -> Self {
        Self {
            findings,
            next: Vec::new(),
        }
    }
}

/// What an answer about the account says of our credentials. `keys` names them in the configuration.
pub(super) fn credentials(result: ApiResult<'_>, keys: &str) -> Finding {
    let id = "credentials";
    match result {
        ApiResult::NotConnected | ApiResult::Unanswered => Finding::fail(
            id,
            "the provider cannot be reached",
            "Check api_url, the network, and the provider's status page",
        ),
        ApiResult::Answered {
            status: 200..300, ..
        } => Finding::ok(id, "the provider knows this account"),
        ApiResult::Answered {
            status: 401 | 403 | 404,
            ..
        } => Finding::fail(
            id,
            "the provider does not know this account, or refuses its secret",
            format!("Copy {keys} again from the provider's console"),
        ),
        ApiResult::Answered { status, .. } => Finding::warn(
            id,
            format!("the provider answered with status {status}"),
            "Try again; look at the provider's status page if it stays",
        ),
    }
}

/// The JSON of an answer, or the findings that say that there was none.
pub(super) fn json(result: ApiResult<'_>, id: &str) -> Result<Value, Finding> {
    wire::json_of(result).ok_or_else(|| {
        Finding::warn(
            id,
            "the provider did not say how it is set up",
            "See the finding on credentials, and look in the provider's console",
        )
    })
}

/// Whether the provider calls our hook for texts. `place` says where that is set.
pub(super) fn webhook(
    url: Option<&str>,
    method: Option<&str>,
    ours: &Ours,
    place: &str,
) -> Finding {
    let id = "webhook";
    let wanted = ours.inbound.first().map_or("", String::as_str);
    let fix = format!("Set it to {wanted} (POST) under {place}");
    let Some(url) = url.filter(|url| !url.is_empty()) else {
        return Finding::fail(id, "no webhook is set: no text reaches us", fix);
    };
    // What Twilio reads as its own settings stands after a hash, and is not called.
    let called = url.split('#').next().unwrap_or_default();
    if !ours.inbound.iter().any(|known| known == called) {
        let shown = shown(url);
        return Finding::fail(id, format!("texts go to {shown}, which is not us"), fix);
    }
    match method {
        Some(method) if !method.eq_ignore_ascii_case("POST") => Finding::warn(
            id,
            format!(
                "texts come to us by {method}: words and numbers stand in addresses, which proxies log"
            ),
            fix,
        ),
        _ => Finding::ok(id, "texts come to us"),
    }
}

/// Whether the provider has somewhere else to go when we do not answer, and asks there in the way that a
/// static file can be asked.
pub(super) fn fallback(
    url: Option<&str>,
    method: Option<&str>,
    ours: &Ours,
    place: &str,
) -> Finding {
    let id = "fallback";
    let how = "Run `harborline fallback export`, put the file on another host";
    let Some(url) = url.filter(|url| !url.is_empty()) else {
        return Finding::fail(
            id,
            "no fallback is set: while this server is down, nobody gets an answer, in a crisis neither",
            format!("{how}, and enter it under {place}"),
        );
    };
    let host = |url: &str| Some(Url::parse(url).ok()?.host_str()?.to_owned());
    let own = ours.inbound.iter().filter_map(|url| host(url));
    match host(url) {
        Some(other) if own.into_iter().all(|own| own != other) => match method {
            Some(method) if !method.eq_ignore_ascii_case("GET") && !is_hook(url, ours) => {
                Finding::warn(
                    id,
                    format!(
                        "the fallback on {other} is asked by {method}, which most hosts of static files refuse"
                    ),
                    format!(
                        "Choose GET for the fallback under {place}, then text your number while this server is stopped: the answer must come"
                    ),
                )
            }
            _ => Finding::ok(id, format!("the fallback is on {other}")),
        },
        _ => Finding::fail(
            id,
            format!(
                "the fallback, {}, is on our own host and goes down with it",
                shown(url)
            ),
            format!("{how}, and enter that under {place}"),
        ),
    }
}

/// Whether a fallback is the hook of a second Harborline, which takes what we would: not a static file.
fn is_hook(url: &str, ours: &Ours) -> bool {
    let path = |url: &str| Url::parse(url).ok().map(|url| url.path().to_owned());
    ours.inbound.iter().any(|own| path(own) == path(url))
}

/// A URL without what may be secret in it.
fn shown(url: &str) -> String {
    Url::parse(url).map_or_else(
        |_| "something that is no web address".to_owned(),
        |url| {
            let host = url.host_str().unwrap_or_default();
            format!("{}://{host}{}", url.scheme(), url.path())
        },
    )
}

/// A request that only asks.
pub(super) fn get(url: String, headers: axum::http::HeaderMap) -> ApiRequest {
    ApiRequest {
        method: Method::GET,
        url,
        headers,
        body: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Ours {
        Ours {
            inbound: vec![
                "https://line.example.org/hooks/main/inbound".to_owned(),
                "https://old.example.org/hooks/main/inbound".to_owned(),
            ],
        }
    }

    #[test]
    fn a_webhook_is_ours_with_or_without_what_stands_after_the_hash() {
        let state = |url: Option<&str>, method| webhook(url, method, &ours(), "there").state;
        for url in &ours().inbound {
            assert_eq!(state(Some(url), Some("post")), State::Ok);
            assert_eq!(state(Some(&format!("{url}#rc=5&rp=all")), None), State::Ok);
            assert_eq!(state(Some(url), Some("GET")), State::Warn);
        }
        for url in [
            None,
            Some(""),
            Some("https://demo.example.net/"),
            Some("nonsense"),
        ] {
            assert_eq!(state(url, Some("POST")), State::Fail, "{url:?}");
        }
        let found = webhook(
            Some("https://me:pw@x.example.net/a?t=1"),
            None,
            &ours(),
            "there",
        );
        assert!(
            found.finding.contains("https://x.example.net/a"),
            "{found:?}"
        );
        assert!(
            !found.finding.contains("pw") && !found.finding.contains("t=1"),
            "{found:?}"
        );
        assert!(
            found
                .fix
                .contains("https://line.example.org/hooks/main/inbound"),
            "{found:?}"
        );
    }

    #[test]
    fn a_fallback_stands_on_another_host() {
        let state = |url: Option<&str>| fallback(url, None, &ours(), "there").state;
        assert_eq!(state(Some("https://pages.example.net/main.xml")), State::Ok);
        for url in [
            None,
            Some(""),
            Some("https://line.example.org/x"),
            Some("https://old.example.org:8443/x"),
            Some("?"),
        ] {
            assert_eq!(state(url), State::Fail, "{url:?}");
        }
    }

    #[test]
    fn a_static_fallback_is_asked_by_get() {
        let found = |url, method| fallback(Some(url), method, &ours(), "there");
        let page = "https://pages.example.net/main.xml";
        for method in [Some("GET"), Some("get"), None] {
            assert_eq!(found(page, method).state, State::Ok, "{method:?}");
        }
        let refused = found(page, Some("POST"));
        assert_eq!(refused.state, State::Warn, "{refused:?}");
        assert!(refused.fix.contains("GET"), "{refused:?}");
        // A second Harborline is no file.
        let spare = "https://spare.example.net/hooks/main/inbound";
        assert_eq!(found(spare, Some("POST")).state, State::Ok);
        let own = found("https://line.example.org/main.xml", Some("POST"));
        assert_eq!(
            own.state,
            State::Fail,
            "that it goes down with us counts more"
        );
    }

    #[test]
    fn what_an_account_answers_is_judged_by_its_status() {
        let state = |status| {
            let answered = ApiResult::Answered {
                status,
                retry_after_s: None,
                body: b"",
            };
            credentials(answered, "auth_token").state
        };
        assert_eq!(
            [200, 401, 404, 503].map(state),
            [State::Ok, State::Fail, State::Fail, State::Warn]
        );
        assert_eq!(
            credentials(ApiResult::NotConnected, "auth_token").state,
            State::Fail
        );
    }
}
