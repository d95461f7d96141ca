//! How fast the pages of staff are with a million messages: fills a SQLite database, then asks for each page
//! again and again, in this process, with a session, and prints how long it took and how large it is.
//!
//! ```sh
//! cargo run --release --example pages            # a million messages
//! cargo run --release --example pages -- 100000  # fewer
//! ```

#![expect(clippy::unwrap_used, reason = "a measurement that fails must stop")]

mod fill;
#[path = "../past/mod.rs"]
mod past;

use std::io::Write;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use harborline::app::{App, Seams};
use harborline::config::{self, Config};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

const PUBLIC_URL: &str = "http://line.example.org";
/// How often each page is asked for.
const TIMES: usize = 200;
/// What a page loads besides, compressed: all that a browser gets from us for a conversation.
const ASSETS: [&str; 7] = [
    "/assets/style.css",
    "/assets/live.js",
    "/assets/compose.js",
    "/assets/keys.js",
    "/assets/alarm.js",
    "/assets/icon.svg",
    "/manifest.webmanifest",
];

fn main() {
    let messages = std::env::args().nth(1);
    let messages = messages.map_or(1_000_000, |given| given.parse().expect("how many messages"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure(messages));
}

fn configuration(folder: &std::path::Path) -> Config {
    let file = folder.join("harborline.toml");
    let text = format!(
        r#"
        public_url = "{PUBLIC_URL}"
        [listen]
        address = "127.0.0.1:0"
        [database]
        url = "sqlite://{folder}/harborline.db"
        [keys]
        file = "{folder}/master.key"
        [spool]
        directory = "{folder}/spool"
        "#,
        folder = folder.display(),
    );
    std::fs::write(&file, text).unwrap();
    config::load(Some(&file)).unwrap()
}

async fn measure(messages: i64) {
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path());
    let seams = Seams::system(&config).unwrap();
    let address = "127.0.0.1:8080".parse().unwrap();
    let app = App::build(&config, address, seams, CancellationToken::new())
        .await
        .unwrap();
    let router = app.router();
    let cookie = administrator(&app, &router).await;
    let conversation = fill::fill(&app, &config.database.url, messages).await;

    let mut out = std::io::stdout();
    writeln!(out, "| page | p50, ms | p99, ms | most, ms | size, KB |").unwrap();
    writeln!(out, "|---|---|---|---|---|").unwrap();
    let there = format!("/conversations/{conversation}");
    let thread = format!("{there}/thread");
    for path in [
        "/",
        "/queue",
        "/queue/closed",
        "/queue/automated",
        &*there,
        &*thread,
    ] {
        row(&router, path, &cookie).await;
    }
    let mut assets = 0;
    for path in ASSETS {
        assets += asked(&router, path, &cookie).await.1;
    }
    writeln!(
        out,
        "assets of a conversation: {} KB",
        assets.div_ceil(1024)
    )
    .unwrap();
}

/// Asks for a page again and again.
async fn row(router: &Router, path: &str, cookie: &str) {
    let mut took = Vec::with_capacity(TIMES);
    let mut size = 0;
    for _ in 0..TIMES {
        let one = asked(router, path, cookie).await;
        took.push(one.0);
        size = one.1;
    }
    took.sort_unstable();
    let at = |share: usize| took[(TIMES - 1) * share / 100].as_secs_f64() * 1000.0;
    let name = match path.rsplit('/').next() {
        Some("thread") => "a conversation, its thread",
        _ if path.starts_with("/conversations") => "a conversation",
        _ => path,
    };
    let mut out = std::io::stdout();
    writeln!(
        out,
        "| {name} | {:.1} | {:.1} | {:.1} | {} |",
        at(50),
        at(99),
        at(100),
        size.div_ceil(1024)
    )
    .unwrap();
}

/// How long an answer took until its last byte, and its size.
async fn asked(router: &Router, path: &str, cookie: &str) -> (Duration, usize) {
    let request = Request::get(path)
        .header(header::COOKIE, cookie)
        .header(header::ACCEPT_ENCODING, "gzip");
    let request = request.body(Body::empty()).unwrap();
    let began = Instant::now();
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (began.elapsed(), body.len())
}

/// The first administrator, made by the set-up link; their session.
async fn administrator(app: &App, router: &Router) -> String {
    let link = app.setup_link().await.unwrap().unwrap();
    let form = "name=First&login=first%40example.org&password=a+long+enough+password";
    let request = Request::post(link.strip_prefix(PUBLIC_URL).unwrap())
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::HOST, "line.example.org")
        .header(header::ORIGIN, PUBLIC_URL)
        .body(Body::from(form))
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let cookies = response.headers().get_all(header::SET_COOKIE);
    let pairs = cookies
        .iter()
        .filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
    pairs.collect::<Vec<_>>().join("; ")
}
