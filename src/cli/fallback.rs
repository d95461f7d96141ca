//! `harborline fallback export`: the answer that a provider gives while this server is down.
//!
//! A static file for another host. It is made of the same words and by the same adapters as every
//! other text, so that it cannot say or spell something else.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::Failure;
use crate::app;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, GatewaySection};
use crate::content::{Fill, Key, Packs};
use crate::gateway::{Gateway, InlineReply};
use crate::locale::Locale;
use crate::phone::PhoneNumber;
use crate::text::MessageBody;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a static reply with 988 for the provider's fallback URL, and how to set it up
    Export {
        /// Only for this gateway
        #[arg(long, value_name = "NAME")]
        gateway: Option<String>,
        /// The folder to write to
        #[arg(long, value_name = "DIR", default_value = "fallback")]
        out: PathBuf,
    },
}

pub(super) fn run(config: &Config, command: &Command) -> Result<(), Failure> {
    let Command::Export { gateway, out } = command;
    let real = |(_, section): &(&String, &GatewaySection)| !section.is_sandbox();
    let wanted: Vec<(&String, &GatewaySection)> = config
        .gateways
        .iter()
        .filter(real)
        .filter(|(name, _)| gateway.as_ref().is_none_or(|wanted| wanted == *name))
        .collect();
    if wanted.is_empty() {
        let known: Vec<&str> = config.gateways.keys().map(String::as_str).collect();
        return Err(Failure::from(format!(
            "gateways: there is no provider to write a fallback for (configured: {}). Configure a gateway other than the sandbox, or name another one after --gateway",
            known.join(", ")
        )));
    }
    let (packs, _) = app::packs(config, SystemClock.now())?;
    let words = words(config, &packs);
    let gateways = app::gateways(config);
    let failed = |path: &Path, error: io::Error| {
        Failure::from(format!(
            "{}: {error}. Name a writable folder after --out",
            path.display()
        ))
    };
    fs::create_dir_all(out).map_err(|error| failed(out, error))?;
    let mut readme = README.to_owned();
    let mut said = Vec::new();
    for (name, section) in wanted {
        let Some(adapter) = gateways.get(name) else {
            continue;
        };
        let (file, content) = reply(name, adapter.as_ref(), &words);
        let path = out.join(&file);
        fs::write(&path, content).map_err(|error| failed(&path, error))?;
        writeln!(said, "{}", path.display())?;
        readme.push_str(&how_to(name, section.kind(), &file));
    }
    let path = out.join("README.txt");
    fs::write(&path, readme).map_err(|error| failed(&path, error))?;
    writeln!(said, "{}", path.display())?;
    io::stdout().write_all(&said)?;
    Ok(())
}

/// The words in every language, that of the line first: nobody is there to tell who reads which.
fn words(config: &Config, packs: &Packs) -> MessageBody {
    let line = app::line(config);
    let mut locales = Locale::ALL;
    locales.sort_by_key(|locale| *locale != config.line.default_locale);
    let texts = locales.map(|locale| packs.message(locale, Key::Fallback, &Fill::from(&line)));
    MessageBody::new(texts.join("\n\n"))
}

/// The file of a gateway and what is in it: what its provider understands as an answer.
fn reply(name: &str, gateway: &dyn Gateway, words: &MessageBody) -> (String, String) {
    if !gateway.caps().inline_reply {
        return (format!("{name}.txt"), format!("{}\n", words.reveal()));
    }
    let to = PhoneNumber::of_sender(SENDER);
    let reply = gateway.acknowledge(Some(InlineReply {
        to: &to,
        body: words,
        receipts_url: None,
    }));
    let end = match reply.content_type {
        "text/xml" | "application/xml" => "xml",
        "application/json" => "json",
        _ => "txt",
    };
    (format!("{name}.{end}"), reply.body)
}

/// Stands for the number of whoever texts, where a reply has to name it.
const SENDER: &str = "{{From}}";

const README: &str = "\
What texters get while Harborline is down
=========================================

Each file here is a fixed answer with 988. Your provider reads it when your webhook does not answer.

1. Put the file on ANOTHER host than Harborline: another machine, network and provider, such as the
   static pages of a code host or an object store. What goes down together cannot stand in.
2. Serve it over https, without a log-in. Open its address in a browser to try it.
3. Enter its address at the provider, as below. `harborline doctor` checks that it is set.
4. Text your number while Harborline is stopped: the answer must come.
5. Export and upload it again when you change the name of the line or its words.

These texts are not stored by Harborline when they come in. With Twilio, SignalWire and Telnyx,
Harborline finds them at the provider when it is up again, and answers them then.
";

/// Where to set it, for a kind of gateway.
fn how_to(name: &str, kind: &str, file: &str) -> String {
    let steps = match kind {
        "twilio" => {
            "\
Type of the file: text/xml (TwiML).
Console: Phone Numbers > your number > Messaging > \"Primary handler fails\", or for a messaging
service: Messaging > Services > your service > Integration > fallback URL.
Choose HTTP GET as its method: most hosts of static files refuse POST."
        }
        "signalwire" => {
            "\
Type of the file: text/xml (cXML).
Dashboard: Phone Numbers > your number > Messaging settings > fallback URL. Choose GET: most hosts
of static files refuse POST."
        }
        "plivo" => {
            "\
Type of the file: text/xml (Plivo XML).
Plivo wants the number of whoever texted in the answer, and a static file cannot know it. Use a host
that fills it in (a small function of an edge network is enough): put the parameter `From` of the
request in the place of {{From}}. In the console: Messaging > Applications > your application >
fallback URL."
        }
        "telnyx" => {
            "\
Telnyx takes no answer from a webhook, so that a static file cannot reply. Use these words as an
automatic answer elsewhere, or run a second Harborline on another host with the same PostgreSQL and
the same key, and enter it as the failover URL: Messaging > your profile > Inbound > failover URL."
        }
        _ => {
            "\
Type of the file: text/plain, unless your gateway expects another one. With Kannel: a second
`group = sms-service` with `keyword = default` and `file = ` this file, to switch to; or the words
after `text = `. With a phone as the gateway there is no provider that could answer: keep a second
phone, and say 988 in the voicemail greeting."
        }
    };
    format!("\nGateway {name} ({kind}): {file}\n----\n{steps}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_in_every_language_with_988_the_own_language_first() {
        let packs = Packs::builtin().unwrap();
        let mut config = Config::default();
        config.line.default_locale = Locale::Es;
        let words = words(&config, &packs);
        let texts: Vec<&str> = words.reveal().split("\n\n").collect();
        assert_eq!(texts.len(), Locale::ALL.len());
        assert!(texts[0].contains("automatic") && texts[0].contains("escribe"));
        for text in texts {
            assert!(text.contains("988") && text.contains("911"), "{text}");
            assert!(text.contains("Example Line"), "{text}");
        }
        assert!(words.reveal().chars().count() <= 1600);
    }
}
