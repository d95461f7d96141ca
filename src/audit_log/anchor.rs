//! Where the end of the chain is kept: a file, a command, an address; each where it is set.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, Method, header};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::At;
use crate::disk;
use crate::gateway::ApiRequest;
use crate::gateway::client::{Answer, send};
use crate::store::ChainHead;

/// How long a command may take.
const LIMIT: Duration = Duration::from_secs(30);
/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(50);

/// Where the end of the chain is kept, besides the log.
pub struct Anchors {
    /// A line is added to this file.
    pub file: Option<PathBuf>,
    /// This program gets the line on its standard input.
    pub command: Vec<String>,
    /// The line is posted here. Who has the address may post in our name.
    pub url: Option<SecretString>,
    /// Carries the post.
    pub client: reqwest::Client,
}

/// The end of the chain in a line: when it was, its place and hash.
#[must_use]
pub fn line(head: &ChainHead, now: At) -> String {
    let when = Timestamp::from_millisecond(now.0).unwrap_or_default();
    format!("{} {head}\n", when.strftime("%Y-%m-%dT%H:%M:%SZ"))
}

impl Anchors {
    /// Whether the end is kept anywhere else at all.
    pub(super) fn is_any(&self) -> bool {
        self.file.is_some() || !self.command.is_empty() || self.url.is_some()
    }

    /// Keeps the end everywhere that is set; one that fails keeps no other from it.
    pub(super) async fn keep(&self, head: &ChainHead, now: At) -> Result<(), String> {
        let line = line(head, now);
        let mut failed = Vec::new();
        if let Some(path) = &self.file
            && let Err(error) = append(path, &line)
        {
            failed.push(format!("file: {error}"));
        }
        if !self.command.is_empty()
            && let Err(why) = run(&self.command, &line).await
        {
            failed.push(format!("command: {why}"));
        }
        if let Some(url) = &self.url
            && !self.post(url, line).await
        {
            failed.push("url: it did not take it".to_owned());
        }
        if failed.is_empty() {
            Ok(())
        } else {
            Err(failed.join("; "))
        }
    }

    async fn post(&self, url: &SecretString, line: String) -> bool {
        let mut headers = HeaderMap::new();
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, plain);
        let request = ApiRequest {
            method: Method::POST,
            url: url.expose_secret().to_owned(),
            headers,
            body: line.into_bytes(),
        };
        let answer = send(&self.client, request).await;
        matches!(
            answer,
            Answer::Answered {
                status: 200..300,
                ..
            }
        )
    }
}

fn append(path: &Path, line: &str) -> std::io::Result<()> {
    let mut file = disk::private_options()
        .create(true)
        .append(true)
        .open(path)?;
    file.write_all(line.as_bytes())?;
    file.sync_all()
}

/// Runs a command with the line on its standard input. What it says is not read: it may hold anything.
async fn run(command: &[String], line: &str) -> Result<(), String> {
    let Some((program, arguments)) = command.split_first() else {
        return Ok(());
    };
    let started = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut child = started.map_err(|error| format!("it does not start: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A pipe takes a line without waiting. A program that does not read it says so by how it ends.
        let _ = stdin.write_all(line.as_bytes());
    }
    let ended = async {
        loop {
            match child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(format!("it ended with {status}")),
                Ok(None) => tokio::time::sleep(LOOK).await,
                Err(error) => return Err(format!("it cannot be waited for: {error}")),
            }
        }
    };
    if let Ok(ended) = tokio::time::timeout(LIMIT, ended).await {
        return ended;
    }
    let _ = child.kill();
    let _ = child.wait();
    Err(format!("it did not end within {} s", LIMIT.as_secs()))
}
