//! The program itself, as its user runs it: in a folder of its own, without configuration.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use tempfile::TempDir;

/// A configuration that is whole: a gateway, and somebody to page.
pub(crate) const GATEWAY: &str = r#"
public_url = "https://line.example.org"
[gateways.main]
kind = "twilio"
account_sid = "AC1"
auth_token = "secret-token"
sender = "+15550100"
[[oncall.fallback]]
name = "Duty"
number = "+15550199"
"#;

/// The program in a folder, with none of the environment's settings.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_harborline"));
    command.current_dir(folder).env_remove("HARBORLINE_LOG");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HARBORLINE__")) {
        command.env_remove(name);
    }
    command
}

/// Runs the program to its end with this on standard input.
pub(crate) fn run(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = command(folder)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The program may end before it reads: that is no error here.
    let _ = std::io::Write::write_all(&mut stdin, input.as_bytes());
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// All that a program said, on both ways out.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

/// A running `harborline serve`. Killed when dropped.
pub(crate) struct Serving {
    pub(crate) url: String,
    pub(crate) folder: TempDir,
    pub(crate) setup_link: Option<String>,
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Serving {
    /// Starts in a new folder.
    pub(crate) fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), &[])
    }

    /// Starts in a folder with settings, and waits until it says where it is.
    pub(crate) fn start_in(folder: TempDir, settings: &[(&str, &str)]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let log = std::fs::File::create(folder.path().join("stderr.log")).unwrap();
        let mut child = command(folder.path())
            .arg("serve")
            .env("HARBORLINE__LISTEN__ADDRESS", format!("127.0.0.1:{port}"))
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains("Stop with Ctrl-C.") {
            let read = stdout.read_line(&mut said).unwrap();
            assert!(
                read > 0,
                "it did not start: {said} {}",
                log_of(folder.path())
            );
        }
        let setup_link = said
            .lines()
            .find_map(|line| line.trim().strip_prefix("Set-up, once"))
            .map(|link| link.trim().to_owned());
        Self {
            url: format!("http://127.0.0.1:{port}"),
            folder,
            setup_link,
            child,
            stdout,
        }
    }

    /// Runs another command in its folder, with its address and these settings.
    pub(crate) fn beside(&self, settings: &[(&str, &str)], arguments: &[&str]) -> Output {
        let address = self.url.strip_prefix("http://").unwrap();
        command(self.folder.path())
            .args(arguments)
            .env("HARBORLINE__LISTEN__ADDRESS", address)
            .envs(settings.iter().copied())
            .output()
            .unwrap()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to its log.
    pub(crate) fn log(&self) -> String {
        log_of(self.folder.path())
    }

    /// Kills it, as a crash does, and returns its folder.
    pub(crate) fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    /// Asks it to stop as the system does, and returns its exit code and folder.
    pub(crate) fn stop(mut self) -> (Option<i32>, TempDir) {
        let pid = self.pid().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        let code = self.child.wait().unwrap().code();
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        (code, folder)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn log_of(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("stderr.log")).unwrap_or_default()
}
