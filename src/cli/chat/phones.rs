//! The phones of one conversation in the terminal: what is typed goes out, what arrives is printed.

use std::io::{StdoutLock, Write};
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{LOOK, PATIENCE};
use crate::cli::Failure;

/// No new text for this long: the line has said what it had to say.
const QUIET: Duration = Duration::from_secs(1);
/// The width of a line of the terminal.
const WIDTH: usize = 76;

/// A phone as the simulator hands it out.
#[derive(Deserialize)]
struct Handset {
    id: String,
    label: String,
}

/// A text on a phone.
#[derive(Deserialize)]
struct Text {
    seq: u64,
    from_me: bool,
    body: String,
}

/// What became of a text.
#[derive(Deserialize)]
struct Outcome {
    delivered: bool,
}

/// The simulator over HTTP.
pub(super) struct Line {
    pub(super) client: Client,
    pub(super) base: String,
}

impl Line {
    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        read(
            self.client
                .get(format!("{}{path}", self.base))
                .send()
                .await?,
        )
        .await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<T, Failure> {
        read(
            self.client
                .post(format!("{}{path}", self.base))
                .json(body)
                .send()
                .await?,
        )
        .await
    }

    async fn new_person(&self) -> Result<Seen, Failure> {
        let phone: Handset = self.post("/simulator/phones", &json!({})).await?;
        Ok(Seen {
            id: phone.id,
            name: phone.label,
            seq: 0,
        })
    }
}

async fn read<T: DeserializeOwned>(response: reqwest::Response) -> Result<T, Failure> {
    match response.status() {
        StatusCode::NOT_FOUND => Err(Failure::from(
            "the Harborline at listen.address has no such phone: it runs without the sandbox \
             gateway, or it was started anew. Start `harborline chat` again, with its configuration"
                .to_owned(),
        )),
        status if status.is_success() => Ok(response.json().await?),
        status => Err(Failure::from(format!(
            "the simulator answers {status}. Look at the log of the server"
        ))),
    }
}

/// A phone, and how far it was printed.
pub(super) struct Seen {
    id: String,
    pub(super) name: String,
    seq: u64,
}

pub(super) struct Phones {
    line: Line,
    pub(super) texter: Seen,
    on_call: Vec<Seen>,
    /// Someone sits at the terminal and sees a prompt.
    interactive: bool,
}

impl Phones {
    pub(super) async fn new(line: Line, interactive: bool) -> Result<Self, Failure> {
        let texter = line.new_person().await?;
        let mut on_call = Vec::new();
        for phone in line.get::<Vec<Handset>>("/simulator/phones").await? {
            // What was paged before this conversation is not shown.
            let texts: Vec<Text> = line.get(&format!("/simulator/phones/{}", phone.id)).await?;
            let seq = texts.last().map_or(0, |text| text.seq);
            on_call.push(Seen {
                id: phone.id,
                name: phone.label,
                seq,
            });
        }
        Ok(Self {
            line,
            texter,
            on_call,
            interactive,
        })
    }

    /// Does what a line says; true at the end.
    pub(super) async fn obey(
        &mut self,
        words: &str,
        out: &mut StdoutLock<'_>,
    ) -> Result<bool, Failure> {
        let (command, rest) = words.split_once(' ').unwrap_or((words, ""));
        let from = match command {
            "/quit" => return Ok(true),
            "/new" => {
                self.texter = self.line.new_person().await?;
                writeln!(out, "You are {} now.", self.texter.name)?;
                return Ok(false);
            }
            "/oncall" => {
                let Some(phone) = self.on_call.first() else {
                    writeln!(
                        out,
                        "There is no on-call phone here: pages leave by another gateway."
                    )?;
                    return Ok(false);
                };
                (&phone.id, rest)
            }
            _ => (&self.texter.id, words),
        };
        let path = format!("/simulator/phones/{}/texts", from.0);
        let outcome: Outcome = self.line.post(&path, &json!({"body": from.1})).await?;
        if !outcome.delivered {
            writeln!(out, "[not delivered: the line did not take it]")?;
        }
        Ok(false)
    }

    /// Prints what has arrived; true when there was something.
    pub(super) async fn print_new(&mut self, out: &mut StdoutLock<'_>) -> Result<bool, Failure> {
        let mut printed = false;
        let several = self.on_call.len() > 1;
        let texter = std::iter::once((&mut self.texter, true));
        for (phone, is_texter) in texter.chain(self.on_call.iter_mut().map(|phone| (phone, false)))
        {
            let texts: Vec<Text> = self
                .line
                .get(&format!("/simulator/phones/{}", phone.id))
                .await?;
            for text in texts
                .iter()
                .filter(|text| text.seq > phone.seq && !text.from_me)
            {
                let prefix = match (is_texter, several) {
                    (true, _) => "line> ".to_owned(),
                    (false, false) => "[on-call phone] ".to_owned(),
                    (false, true) => format!("[on-call phone: {}] ", phone.name),
                };
                if self.interactive && !printed {
                    // Over the prompt.
                    write!(out, "\r")?;
                }
                writeln!(out, "{}", wrapped(&prefix, &text.body))?;
                printed = true;
            }
            phone.seq = texts.last().map_or(phone.seq, |text| text.seq);
        }
        out.flush()?;
        Ok(printed)
    }

    /// Prints what arrives until the line is quiet.
    pub(super) async fn settle(&mut self, out: &mut StdoutLock<'_>) -> Result<(), Failure> {
        let start = Instant::now();
        let mut last = start;
        while last.elapsed() < QUIET && start.elapsed() < PATIENCE {
            if self.print_new(out).await? {
                last = Instant::now();
            }
            sleep(LOOK).await;
        }
        Ok(())
    }
}

/// A text without what could steer a terminal.
pub(super) fn plain(words: &str) -> String {
    words
        .chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .collect()
}

/// A text behind its prefix, its lines broken between words and set in line.
fn wrapped(prefix: &str, body: &str) -> String {
    let indent = " ".repeat(prefix.chars().count());
    let room = WIDTH.saturating_sub(indent.len()).max(20);
    let mut lines = Vec::new();
    for paragraph in plain(body).lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    format!("{prefix}{}", lines.join(&format!("\n{indent}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_wrapped_between_words_and_keep_their_lines() {
        let long = format!("1 What self-harm is\n{}", "word ".repeat(20));
        let shown = wrapped("line> ", &long);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], "line> 1 What self-harm is");
        assert_eq!(lines.len(), 3);
        assert!(
            lines[1..]
                .iter()
                .all(|line| line.starts_with("      word") && line.len() <= WIDTH)
        );
    }

    #[test]
    fn nothing_that_arrives_can_steer_the_terminal() {
        assert_eq!(wrapped("line> ", "\u{1b}[2Jhi\u{7}\r"), "line> [2Jhi");
    }
}
