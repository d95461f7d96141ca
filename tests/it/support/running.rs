//! Servers that nobody here wrote, beside ours.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::wait::until;

/// A process, with its output in a file. Killed when dropped.
pub(crate) struct Running(Child, PathBuf);

impl Running {
    /// Starts a program in a folder, with these names in its environment.
    pub(crate) fn start(
        folder: &Path,
        program: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let name = Path::new(program).file_name().unwrap();
        let log = folder.join(name).with_extension("log");
        let out = std::fs::File::create(&log).unwrap();
        let child = Command::new(program)
            .args(arguments)
            .envs(environment.iter().copied())
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .unwrap();
        Self(child, log)
    }

    /// What it has said so far.
    pub(crate) fn log(&self) -> String {
        // The fake SMSC writes the bytes of a text as they are.
        String::from_utf8_lossy(&std::fs::read(&self.1).unwrap()).into_owned()
    }

    /// Waits until its log says so.
    pub(crate) async fn says(&self, what: &str) -> String {
        let said = until(async || self.log().contains(what)).await;
        assert!(said, "never said {what:?}: {}", self.log());
        self.log()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
