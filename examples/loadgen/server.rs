//! The servers under load.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri};
use axum::routing::post;
use harborline::app::{App, Seams};
use harborline::config::{self, Config};
use harborline::crypto::Keyring;
use harborline::gateway::twilio::{Twilio, TwilioConfig};
use harborline::gateway::{Gateway, RawRequest};
use harborline::lifecycle::Server;
use harborline::store::Store;
use tokio_util::sync::CancellationToken;

use crate::client::{PUBLIC_URL, TOKEN};
use crate::process::Database;

/// Serves until killed; says its address on the first line. Without a database it makes one of its own.
pub(crate) fn run(mode: &str, sink: &str, database: Option<Database>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        // The flood meets a slow sender; everything else is measured without one.
        let segments = if mode == "flood" { 10 } else { 0 };
        let database = database.unwrap_or_else(|| Database {
            url: format!("sqlite://{}/harborline.db", folder.path().display()),
            keys: format!("{}/master.key", folder.path().display()),
        });
        let config = configuration(folder.path(), sink, segments, &database);
        match mode {
            "bare" => bare(&config).await,
            "full" | "flood" => {
                let server = Server::start(&config).await.unwrap();
                say(server.address);
                std::future::pending::<()>().await;
            }
            _ => {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                let seams = Seams::system(&config).unwrap();
                let app = App::build(&config, address, seams, CancellationToken::new())
                    .await
                    .unwrap();
                say(address);
                axum::serve(listener, app.router()).await.unwrap();
            }
        }
    });
}

fn say(address: SocketAddr) {
    let mut out = std::io::stdout();
    writeln!(out, "{address}").unwrap();
    out.flush().unwrap();
}

fn configuration(
    folder: &std::path::Path,
    sink: &str,
    segments: u32,
    database: &Database,
) -> Config {
    let file = folder.join("harborline.toml");
    let text = format!(
        r#"
        public_url = "{PUBLIC_URL}"
        [listen]
        address = "127.0.0.1:0"
        [database]
        url = "{url}"
        [keys]
        file = "{keys}"
        keystore = "{keys}.seeds"
        [spool]
        directory = "{folder}/spool"
        [gateways.main]
        kind = "twilio"
        account_sid = "AC00000000000000000000000000000000"
        auth_token = "{TOKEN}"
        sender = "+15550100"
        segments_per_second = {segments}
        api_url = "{sink}"
        [[oncall.fallback]]
        name = "Duty phone"
        number = "+15550199"
        "#,
        url = database.url,
        keys = database.keys,
        folder = folder.display(),
    );
    std::fs::write(&file, text).unwrap();
    config::load(Some(&file)).unwrap()
}

/// The limit: verify the signature, insert one row, answer. Same writer, same durability.
async fn bare(config: &Config) {
    let seams = Seams::system(config).unwrap();
    let (clock, keys) = (seams.clock, Arc::new(Keyring::new(&[7; 32])));
    let store = Store::open(
        &config.database.url,
        config.database.most(),
        keys,
        seams.ids,
        jiff::tz::TimeZone::UTC,
    )
    .await
    .unwrap();
    let gateway = Arc::new(Twilio::new(TwilioConfig {
        name: "main".to_owned(),
        account_sid: "AC00000000000000000000000000000000".to_owned(),
        auth_tokens: vec![TOKEN.into()],
        sender: "+15550100".to_owned(),
        calls_from: None,
        api_url: String::new(),
    }));
    let rows = Arc::new(AtomicU64::new(0));
    let hook = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
        let (store, gateway, rows) = (store.clone(), Arc::clone(&gateway), Arc::clone(&rows));
        let now = clock.now();
        async move {
            let url = format!("{PUBLIC_URL}{}", uri.path());
            let request = RawRequest {
                method: &method,
                url: &url,
                headers: &headers,
                body: &body,
                now,
            };
            gateway.verify(&request).unwrap();
            let name = rows.fetch_add(1, Ordering::Relaxed).to_string();
            store
                .write(move |tx| {
                    let (name, body) = (name.clone(), body.clone());
                    Box::pin(async move { tx.set_setting(&name, &body).await })
                })
                .await
                .unwrap();
            gateway.acknowledge(None).body
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    say(listener.local_addr().unwrap());
    axum::serve(listener, Router::new().fallback(post(hook)))
        .await
        .unwrap();
}
