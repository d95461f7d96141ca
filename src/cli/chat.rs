//! `harborline chat`: a phone in the terminal, against the sandbox gateway.
//!
//! It knows the line from outside only: the same addresses that the page of the simulator calls.

mod phones;

use std::io::{self, BufRead, IsTerminal, StdoutLock, Write};
use std::time::Duration;

use phones::{Line, Phones, plain};
use reqwest::Client;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::{Failure, runtime};
use crate::config::{Config, GatewaySection};
use crate::gateway::client::loopback_client;
use crate::lifecycle::Server;

/// How often the phones are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// The longest wait for an answer of the simulator, and for the line to become quiet.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn run(config: &Config) -> Result<(), Failure> {
    if !config
        .gateways
        .values()
        .any(|gateway| matches!(gateway, GatewaySection::Sandbox(_)))
    {
        return Err(Failure::from(
            "chat needs the sandbox gateway, and the configuration has none. Add a gateway with \
             kind = \"sandbox\", or start it where there is no harborline.toml"
                .to_owned(),
        ));
    }
    runtime()?.block_on(async {
        let client = loopback_client(PATIENCE)?;
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
