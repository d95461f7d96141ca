//! Requests of somebody who means harm, byte by byte as they would send them.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What a hostile caller does with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attack {
    /// A hook with a signature that does not hold.
    Forged,
    /// A head without an end.
    GiantHead,
    /// A head that stops in the middle, and is held open.
    HalfHead,
    /// A body of which a byte comes, and is held open.
    Trickle,
    /// A body without an end.
    GiantBody,
    /// An address that nothing has.
    RandomPath,
    /// A try to sign in.
    Guess,
    /// No HTTP at all.
    Noise,
    /// A question whose answer is not read.
    Unread,
}

impl Attack {
    const ALL: [Self; 9] = [
        Self::Forged,
        Self::GiantHead,
        Self::HalfHead,
        Self::Trickle,
        Self::GiantBody,
        Self::RandomPath,
        Self::Guess,
        Self::Noise,
        Self::Unread,
    ];

    /// The attack with this number.
    pub(crate) const fn nth(n: usize) -> Self {
        Self::ALL[n % Self::ALL.len()]
    }

    /// Whether its connection is held open for as long as the server lets it.
    const fn holds(self) -> bool {
        matches!(self, Self::HalfHead | Self::Trickle | Self::Unread)
    }

    fn bytes(self, n: usize) -> Vec<u8> {
        let form = "content-type: application/x-www-form-urlencoded";
        let text = match self {
            Self::Forged => {
                let body = format!("MessageSid=SMforged{n}&From=%2B1557{n:07}&Body=i+want+to+die");
                format!(
                    "POST /hooks/main/inbound HTTP/1.1\r\nhost: line.example.org\r\n{form}\r\nx-twilio-signature: AAAA\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                )
            }
            Self::GiantHead => format!(
                "GET / HTTP/1.1\r\nhost: line.example.org\r\ncookie: {}\r\n\r\n",
                "c".repeat(100 * 1024)
            ),
            Self::HalfHead => "POST /hooks/main/inbound HTTP/1.1\r\nhost: line.exam".to_owned(),
            Self::Trickle => format!(
                "POST /hooks/main/inbound HTTP/1.1\r\nhost: line.example.org\r\n{form}\r\ncontent-length: 1000\r\n\r\nM"
            ),
            Self::GiantBody => format!(
                "POST /hooks/main/inbound HTTP/1.1\r\nhost: line.example.org\r\n{form}\r\ncontent-length: 300000\r\n\r\n{}",
                "b".repeat(300_000)
            ),
            Self::RandomPath => format!(
                "GET /{n:x}/..%2f..%2fetc/passwd%00?then=//evil.example&x={n} HTTP/1.1\r\nhost: evil.example\r\nuser-agent: \u{1b}[31m{n}\r\n\r\n"
            ),
            Self::Guess => {
                let body = format!("login=first%40example.org&password=guess+number+{n}");
                format!(
                    "POST /sign-in HTTP/1.1\r\nhost: line.example.org\r\norigin: https://line.example.org\r\n{form}\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                )
            }
            Self::Noise => "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}\r\n\r\n".to_owned(),
            Self::Unread => "GET /sign-in HTTP/1.1\r\nhost: line.example.org\r\n\r\n".to_owned(),
        };
        text.into_bytes()
    }

    /// Does it once. What comes back is a connection that is held open, if it is.
    pub(crate) async fn strikes(self, address: &str, n: usize) -> Option<TcpStream> {
        let mut stream = TcpStream::connect(address).await.ok()?;
        // The server may cut the connection off before all of it is sent.
        let sent = stream.write_all(&self.bytes(n)).await;
        if self.holds() {
            return Some(stream);
        }
        let mut some = [0; 512];
        if sent.is_ok() {
            let _ = stream.read(&mut some).await;
        }
        None
    }
}
