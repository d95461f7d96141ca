//! `harborline serve`

use std::io::{self, Write};

use super::{Failure, runtime};
use crate::config::Config;
use crate::lifecycle::{Server, asked_to_stop, reload_on_hangup};
use crate::telemetry;

pub(super) fn run(config: &Config) -> Result<(), Failure> {
    runtime()?.block_on(async {
        let traces = telemetry::start(&config.telemetry)?;
        let mut stop = std::pin::pin!(asked_to_stop()?);
        let server = Server::start(config).await?;
        reload_on_hangup(server.app.clone())?;
        tokio::select! {
            greeted = welcome(&server) => {
                greeted?;
                stop.await;
            }
            () = &mut stop => {}
        }
        tracing::info!("stopping: finishing what was taken");
        server.stop().await;
        if let Some(traces) = traces {
            traces.finish().await;
        }
        Ok(())
    })
}

/// Says where everything is, once with and, if need be, once without the database.
async fn welcome(server: &Server) -> Result<(), Failure> {
    if !server.app.store.is_whole() {
        say("The database is out of reach: texts are kept in the spool until it is found.")?;
        greet(server, None)?;
        server.app.store.found().await;
        say("The database was found.")?;
    }
    let setup = server.app.setup_link().await?;
    greet(server, setup.as_deref())?;
    Ok(())
}

fn say(sentence: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{sentence}")?;
    out.flush()
}

fn greet(server: &Server, setup: Option<&str>) -> io::Result<()> {
    let url = &server.app.public_url;
    let mut out = io::stdout().lock();
    writeln!(out, "Harborline listens on http://{}\n", server.address)?;
    if server.app.has_simulator() {
        writeln!(out, "  Phone simulator   {url}/simulator")?;
    }
    writeln!(out, "  Dashboard         {url}/")?;
    if let Some(link) = setup {
        writeln!(out, "  Set-up, once      {link}")?;
        writeln!(
            out,
            "                    (makes the first administrator; a restart prints a new link)"
        )?;
    }
    writeln!(out, "\nStop with Ctrl-C.")?;
    out.flush()
}
