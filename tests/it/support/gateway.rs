//! A fake Twilio on loopback: keeps what is sent, and fails on demand.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Form;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use harborline::clock::At;
use tokio::sync::Notify;

use super::wait::until;

/// A text that the fake has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) sid: String,
    pub(crate) to: String,
    pub(crate) body: String,
    pub(crate) status_callback: String,
    /// What went wrong although it was taken.
    pub(crate) fault: Option<Fault>,
}

/// A call that the fake has placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Called {
    pub(crate) sid: String,
    pub(crate) to: String,
    pub(crate) from: String,
    /// Where it asks what to say.
    pub(crate) url: String,
    pub(crate) status_callback: String,
}

/// A text that the fake lists as having come in.
#[derive(Clone, Debug)]
struct CameIn {
    sid: String,
    from: String,
    body: String,
    at: At,
}

/// How the next sends end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Takes the text and never answers.
    Timeout,
    /// 429, with what to wait in seconds.
    TooMany(u64),
    /// 500.
    ServerError,
    /// 201 with something that is no JSON, the text is taken.
    Garbage,
    /// The text is taken, and whoever sent it dies: see [`FakeTwilio::crashed`].
    Crash,
    /// 400 with 21610.
    OptedOut,
    /// 400 with 21211: not a number.
    NoSuchNumber,
    /// 401 with 20003.
    Unauthorized,
}

#[derive(Clone, Default)]
pub(crate) struct FakeTwilio {
    state: Arc<Mutex<Kept>>,
    crash: Arc<Notify>,
}

#[derive(Default)]
struct Kept {
    sent: Vec<Sent>,
    called: Vec<Called>,
    faults: VecDeque<Fault>,
    always: Option<Fault>,
    faulty: HashMap<String, Fault>,
    tries: Vec<(String, String)>,
    read: HashMap<String, usize>,
    came_in: Vec<CameIn>,
    lists_fail: bool,
    lists: usize,
}

impl FakeTwilio {
    /// Starts on loopback and returns its address with it; it ends with the test's runtime.
    pub(crate) async fn start() -> (Self, String) {
        let fake = Self::default();
        let messages = "/2010-04-01/Accounts/{account}/Messages.json";
        let router = Router::new()
            .route(messages, get(list).post(send))
            .route("/2010-04-01/Accounts/{account}/Calls.json", post(call))
            .fallback(post(send))
            .with_state(fake.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (fake, url)
    }

    /// The next sends end like this, in order.
    pub(crate) fn fail_next(&self, faults: &[Fault]) {
        self.state.lock().unwrap().faults.extend(faults);
    }

    /// Every send ends like this until told otherwise.
    pub(crate) fn fail_always(&self, fault: Option<Fault>) {
        self.state.lock().unwrap().always = fault;
    }

    /// The person at this number has sent STOP to the carrier.
    pub(crate) fn block(&self, number: &str) {
        self.fail_for(number, Some(Fault::OptedOut));
    }

    /// Texts to this number end like this until told otherwise, whatever else is set.
    pub(crate) fn fail_for(&self, number: &str, fault: Option<Fault>) {
        let mut kept = self.state.lock().unwrap();
        kept.faulty.remove(number);
        if let Some(fault) = fault {
            kept.faulty.insert(number.to_owned(), fault);
        }
    }

    /// A text comes in that the list shows; whether its hook is called is the test's affair.
    pub(crate) fn came_in(&self, sid: &str, from: &str, body: &str, at: At) {
        self.state.lock().unwrap().came_in.push(CameIn {
            sid: sid.to_owned(),
            from: from.to_owned(),
            body: body.to_owned(),
            at,
        });
    }

    /// Lists fail until told otherwise.
    pub(crate) fn fail_lists(&self, fail: bool) {
        self.state.lock().unwrap().lists_fail = fail;
    }

    /// How often a page of the list was asked for.
    pub(crate) fn lists(&self) -> usize {
        self.state.lock().unwrap().lists
    }

    /// All texts taken so far, in order.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.state.lock().unwrap().sent.clone()
    }

    /// The calls to a number once there are so many, however long the machine takes for them.
    pub(crate) async fn rang(&self, number: &str, times: usize) -> Vec<Called> {
        let to = || {
            let called = self.called().into_iter();
            called.filter(|call| call.to == number).collect::<Vec<_>>()
        };
        until(async || to().len() >= times).await;
        assert_eq!(to().len(), times, "calls to {number}");
        to()
    }

    /// All calls placed so far, in order.
    pub(crate) fn called(&self) -> Vec<Called> {
        self.state.lock().unwrap().called.clone()
    }

    /// All texts that went to a number.
    pub(crate) fn sent_to(&self, number: &str) -> Vec<Sent> {
        self.sent()
            .into_iter()
            .filter(|sent| sent.to == number)
            .collect()
    }

    /// The texts to a number once there are so many, however long the machine takes for them.
    pub(crate) async fn heard(&self, number: &str, times: usize) -> Vec<Sent> {
        until(async || self.sent_to(number).len() >= times).await;
        let sent = self.sent_to(number);
        assert_eq!(sent.len(), times, "texts to {number}");
        sent
    }

    /// Waits for so many requests, failed ones too.
    pub(crate) async fn requested(&self, least: usize) {
        until(async || self.requests() >= least).await;
        assert!(self.requests() >= least, "{} requests", self.requests());
    }

    /// How many requests came in, failed ones too.
    pub(crate) fn requests(&self) -> usize {
        self.state.lock().unwrap().tries.len()
    }

    /// Every request so far, refused ones too: the number, and the address for receipts.
    pub(crate) fn tries(&self) -> Vec<(String, String)> {
        self.state.lock().unwrap().tries.clone()
    }

    /// From now on nothing fails but what is blocked.
    pub(crate) fn calm(&self) {
        let mut kept = self.state.lock().unwrap();
        kept.faults.clear();
        kept.always = None;
    }

    /// Returns when a text was taken whose sender is to die.
    pub(crate) async fn crashed(&self) {
        self.crash.notified().await;
    }

    /// The texts to a number that came since this was last asked for it.
    pub(crate) fn unread(&self, number: &str) -> Vec<String> {
        let mut kept = self.state.lock().unwrap();
        let end = kept.sent.len();
        let from = kept.read.insert(number.to_owned(), end).unwrap_or(0);
        kept.sent[from..]
            .iter()
            .filter(|sent| sent.to == number)
            .map(|sent| sent.body.clone())
            .collect()
    }
}

/// Two texts a page, the latest first, from the asked day on, as Twilio lists them.
async fn list(
    State(fake): State<FakeTwilio>,
    Form(query): Form<HashMap<String, String>>,
) -> Response {
    let mut kept = fake.state.lock().unwrap();
    kept.lists += 1;
    if kept.lists_fail {
        return refused(StatusCode::UNAUTHORIZED, 20003);
    }
    let day = |at: At| at.day().to_string();
    let since = query.get("DateSent>").cloned().unwrap_or_default();
    let page: usize = query.get("Page").map_or(0, |page| page.parse().unwrap());
    let mut found: Vec<&CameIn> = kept
        .came_in
        .iter()
        .filter(|text| day(text.at) >= since)
        .collect();
    found.sort_by_key(|text| std::cmp::Reverse(text.at));
    let date = |at: At| {
        let time = jiff::Timestamp::from_millisecond(at.0).unwrap();
        jiff::fmt::rfc2822::to_string(&time.to_zoned(jiff::tz::TimeZone::UTC)).unwrap()
    };
    let shown = found.iter().skip(page * 2).take(2);
    let messages: Vec<_> = shown
        .map(|text| {
            serde_json::json!({
                "sid": text.sid, "direction": "inbound", "from": text.from, "to": "+15550100",
                "body": text.body, "num_media": "0", "date_sent": date(text.at),
            })
        })
        .collect();
    let next = (found.len() > page * 2 + 2).then(|| {
        let path = "/2010-04-01/Accounts/AC0/Messages.json";
        format!("{path}?Page={}&DateSent%3E={since}", page + 1)
    });
    axum::Json(serde_json::json!({"messages": messages, "next_page_uri": next})).into_response()
}

async fn call(State(fake): State<FakeTwilio>, body: Bytes) -> Response {
    let mut kept = fake.state.lock().unwrap();
    match kept.faults.pop_front().or(kept.always) {
        None => {}
        Some(Fault::NoSuchNumber) => return refused(StatusCode::BAD_REQUEST, 21211),
        Some(Fault::Unauthorized) => return refused(StatusCode::UNAUTHORIZED, 20003),
        Some(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
    let sid = format!("CAout{:027}", kept.called.len());
    kept.called.push(Called {
        sid: sid.clone(),
        to: field(&body, "To"),
        from: field(&body, "From"),
        url: field(&body, "Url"),
        status_callback: field(&body, "StatusCallback"),
    });
    let json = serde_json::json!({"sid": sid, "status": "queued"});
    (StatusCode::CREATED, axum::Json(json)).into_response()
}

async fn send(State(fake): State<FakeTwilio>, headers: HeaderMap, body: Bytes) -> Response {
    let fault = {
        let mut kept = fake.state.lock().unwrap();
        kept.tries
            .push((field(&body, "To"), field(&body, "StatusCallback")));
        match kept.faulty.get(&field(&body, "To")) {
            Some(fault) => Some(*fault),
            None => kept.faults.pop_front().or(kept.always),
        }
    };
    if !headers
        .get(header::AUTHORIZATION)
        .is_some_and(|v| v.as_bytes().starts_with(b"Basic "))
    {
        return refused(StatusCode::UNAUTHORIZED, 20003);
    }
    match fault {
        None => {
            let sid = fake.keep(&body, None);
            let json = serde_json::json!({"sid": sid, "status": "queued", "num_segments": "1"});
            (StatusCode::CREATED, axum::Json(json)).into_response()
        }
        Some(Fault::Timeout) => {
            fake.keep(&body, fault);
            std::future::pending().await
        }
        Some(Fault::Crash) => {
            fake.keep(&body, fault);
            fake.crash.notify_one();
            std::future::pending().await
        }
        Some(Fault::TooMany(seconds)) => {
            let mut response = refused(StatusCode::TOO_MANY_REQUESTS, 20429);
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
            response
        }
        Some(Fault::ServerError) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "<html>oops</html>").into_response()
        }
        Some(Fault::Garbage) => {
            fake.keep(&body, fault);
            (StatusCode::CREATED, "<html>created?</html>").into_response()
        }
        Some(Fault::OptedOut) => refused(StatusCode::BAD_REQUEST, 21610),
        Some(Fault::NoSuchNumber) => refused(StatusCode::BAD_REQUEST, 21211),
        Some(Fault::Unauthorized) => refused(StatusCode::UNAUTHORIZED, 20003),
    }
}

impl FakeTwilio {
    fn keep(&self, body: &[u8], fault: Option<Fault>) -> String {
        let mut kept = self.state.lock().unwrap();
        let sid = format!("SMout{:027}", kept.sent.len());
        kept.sent.push(Sent {
            sid: sid.clone(),
            to: field(body, "To"),
            body: field(body, "Body"),
            status_callback: field(body, "StatusCallback"),
            fault,
        });
        sid
    }
}

fn field(body: &[u8], name: &str) -> String {
    form_urlencoded::parse(body)
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

fn refused(status: StatusCode, code: u32) -> Response {
    let more_info = format!("https://www.twilio.com/docs/errors/{code}");
    let json = serde_json::json!({
        "code": code, "message": "refused", "more_info": more_info, "status": status.as_u16(),
    });
    (status, axum::Json(json)).into_response()
}
