//! The processes under load: started on a core of their own, asked for their address and memory, stopped.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::baseline;

/// A database that outlives its server, and the file of the master key that opens it.
pub(crate) struct Database {
    pub(crate) url: String,
    pub(crate) keys: String,
}

/// A server that runs, and the folder that its database is in.
pub(crate) struct Process {
    child: Child,
    _folder: TempDir,
}

impl Process {
    /// Starts the server of a mode on core 0. Its folder is made in the folder for temporary files, for
    /// each of them alike: the disk decides the figures.
    pub(crate) fn start(mode: &str, sink: &str) -> Self {
        Self::start_with(mode, sink, &[])
    }

    /// The same, with a database that stays: its URL, and the file of the master key.
    pub(crate) fn start_on(mode: &str, sink: &str, database: &Database) -> Self {
        Self::start_with(mode, sink, &[&database.url, &database.keys])
    }

    /// The same, as another build of this program serves it.
    pub(crate) fn start_of(program: &Path, mode: &str, sink: &str, database: &Database) -> Self {
        let database = [&*database.url, &database.keys];
        Self::run(|_| serve(program, mode, sink, &database))
    }

    fn start_with(mode: &str, sink: &str, database: &[&str]) -> Self {
        Self::run(|folder| {
            if mode == baseline::MODE {
                baseline::command(folder)
            } else {
                serve(&std::env::current_exe().unwrap(), mode, sink, database)
            }
        })
    }

    /// Runs what is made for its folder.
    fn run(command: impl FnOnce(&Path) -> Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let child = command(folder.path())
            .env("TMPDIR", folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        pin(child.id(), 0);
        Self {
            child,
            _folder: folder,
        }
    }

    /// Waits for the first line that the server says: its address.
    pub(crate) async fn address(&mut self) -> String {
        let stdout = self.child.stdout.take().unwrap();
        let line = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(stdout).read_line(&mut line).unwrap();
            line
        });
        let address = line.await.unwrap().trim().to_owned();
        assert!(!address.is_empty(), "the server ended before it was ready");
        address
    }

    /// The memory that belongs to the process alone.
    pub(crate) fn private_memory_mb(&self) -> f64 {
        let status = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(status).unwrap_or_default();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("RssAnon:"))
            .unwrap_or("0");
        line.trim()
            .trim_end_matches(" kB")
            .trim()
            .parse::<f64>()
            .unwrap_or(0.0)
            / 1024.0
    }

    pub(crate) fn stop(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn serve(program: &Path, mode: &str, sink: &str, database: &[&str]) -> Command {
    let mut server = Command::new(program);
    server
        .args(["serve", mode, sink])
        .args(database)
        .stderr(Stdio::null());
    server
}

/// Binds a process and its threads to a core.
pub(crate) fn pin(pid: u32, core: u32) {
    let _ = Command::new("taskset")
        .args(["-a", "-cp", &core.to_string(), &pid.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}
