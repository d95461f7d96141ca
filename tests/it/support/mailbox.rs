//! A mail server that takes everything and keeps it.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::wait::until;

/// The mails that came, whole; for whom the first line says.
#[derive(Clone)]
pub(crate) struct Mailbox {
    pub(crate) port: u16,
    mails: Arc<Mutex<Vec<String>>>,
}

impl Mailbox {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mailbox = Self {
            port: listener.local_addr().unwrap().port(),
            mails: Arc::default(),
        };
        let mails = Arc::clone(&mailbox.mails);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, Arc::clone(&mails)));
            }
        });
        mailbox
    }

    /// The next mails, so many of them, however long the machine takes.
    pub(crate) async fn come(&self, times: usize) -> Vec<String> {
        until(async || self.mails.lock().unwrap().len() >= times).await;
        self.unread()
    }

    /// What came since the last look.
    pub(crate) fn unread(&self) -> Vec<String> {
        std::mem::take(&mut *self.mails.lock().unwrap())
    }
}

async fn take(stream: TcpStream, mails: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    let (mut line, mut mail, mut in_data) = (String::new(), String::new(), false);
    let _ = stream.write_all(b"220 ready\r\n").await;
    while stream.read_line(&mut line).await.unwrap_or(0) > 0 {
        let said = std::mem::take(&mut line);
        let command = said.trim_end();
        let answer = match command {
            "." if in_data => {
                in_data = false;
                mails.lock().unwrap().push(std::mem::take(&mut mail));
                "250 kept\r\n"
            }
            _ if in_data => {
                mail.push_str(&said);
                continue;
            }
            "DATA" => {
                in_data = true;
                "354 go on\r\n"
            }
            "QUIT" => "221 bye\r\n",
            _ => "250 fine\r\n",
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
