//! `harborline chat`: a phone in the terminal, against the sandbox gateway.
//!
//! It knows the line from outside only: the same addresses that the page of the simulator calls.

use std::io::{self, BufRead, IsTerminal, StdoutLock, Write};
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::{Failure, runtime};
use crate::config::{Config, GatewaySection};
use crate::gateway::client::http_client;
use crate::lifecycle::Server;

/// How often the phones are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// No new text for this long: the line has said what it had to say.
const QUIET: Duration = Duration::from_secs(1);
/// The longest wait for that, and for an answer of the simulator.
const PATIENCE: Duration = Duration::from_secs(20);
/// The width of a line of the terminal.
const WIDTH: usize = 76;

pub(super) fn run(config: &Config) -> Result<(), Failure> {
    if !config
        .gateways
        .values()
        .any(|gateway| matches!(gateway, GatewaySection::Sandbox(_)))
    {
        return Err(Failure(
            "chat needs the sandbox gateway, and the configuration has none. Add a gateway with \
             kind = \"sandbox\", or start it where there is no harborline.toml"
                .to_owned(),
        ));
    }
    runtime()?.block_on(async {
        let client = http_client(PATIENCE)?;
        let running = format!("http://{}", config.listen.address);
        if answers(&client, &running).await {
            return chat(client, running).await;
        }
        let mut quietly = config.clone();
        quietly.listen.address = ([127, 0, 0, 1], 0).into();
        let server = Server::start(&quietly).await?;
        let ended = chat(client, format!("http://{}", server.address)).await;
        server.stop().await;
        ended
    })
}

/// Whether a Harborline is there already: a second one must not work on the same data.
async fn answers(client: &Client, base: &str) -> bool {
    let health = client
        .get(format!("{base}/healthz"))
        .timeout(Duration::from_secs(2));
    health
        .send()
        .await
        .is_ok_and(|response| response.status().is_success())
}

async fn chat(client: Client, base: String) -> Result<(), Failure> {
    let line = Line { client, base };
    let interactive = io::stdin().is_terminal();
    let mut phones = Phones::new(line, interactive).await?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "You are {}. What you type is texted to the line.\n\
         A simulator: nothing leaves this machine. In real danger, call or text 988.\n\
         /new  another person    /oncall K7  answer a page    /quit\n",
        phones.texter.name
    )?;
    let mut typed = typed_lines();
    prompt(&mut out, interactive)?;
    loop {
        tokio::select! {
            words = typed.recv() => {
                let Some(words) = words else { break };
                if !interactive {
                    writeln!(out, "you> {}", plain(&words))?;
                }
                if phones.obey(&words, &mut out).await? {
                    break;
                }
            }
            // Replies that nobody has asked for just now: a person writes, a page is repeated.
            () = sleep(LOOK) => if !phones.print_new(&mut out).await? { continue },
        }
        // Everything that belongs together is printed before the next line is read.
        phones.settle(&mut out).await?;
        writeln!(out)?;
        prompt(&mut out, interactive)?;
    }
    if interactive {
        writeln!(out)?;
    }
    Ok(())
}

fn prompt(out: &mut StdoutLock<'_>, interactive: bool) -> io::Result<()> {
    if interactive {
        write!(out, "you> ")?;
    }
    out.flush()
}

/// Lines of standard input, from a thread of their own: a read cannot be given up.
fn typed_lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in io::stdin().lock().split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

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
struct Line {
    client: Client,
    base: String,
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
        StatusCode::NOT_FOUND => Err(Failure(
            "the Harborline at listen.address has no such phone: it runs without the sandbox \
             gateway, or it was started anew. Start `harborline chat` again, with its configuration"
                .to_owned(),
        )),
        status if status.is_success() => Ok(response.json().await?),
        status => Err(Failure(format!(
            "the simulator answers {status}. Look at the log of the server"
        ))),
    }
}

/// A phone, and how far it was printed.
struct Seen {
    id: String,
    name: String,
    seq: u64,
}

struct Phones {
    line: Line,
    texter: Seen,
    on_call: Vec<Seen>,
    /// Someone sits at the terminal and sees a prompt.
    interactive: bool,
}

impl Phones {
    async fn new(line: Line, interactive: bool) -> Result<Self, Failure> {
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
    async fn obey(&mut self, words: &str, out: &mut StdoutLock<'_>) -> Result<bool, Failure> {
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
    async fn print_new(&mut self, out: &mut StdoutLock<'_>) -> Result<bool, Failure> {
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
    async fn settle(&mut self, out: &mut StdoutLock<'_>) -> Result<(), Failure> {
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
fn plain(words: &str) -> String {
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
