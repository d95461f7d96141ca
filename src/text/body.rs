//! The words of a text. Redacted wherever a person could read them by accident.

use std::fmt;

/// The body of an inbound or outbound text.
///
/// There is no `Display`, and `Debug` shows the length only: call [`MessageBody::reveal`] where
/// the words must be read (triage, a gateway request, a page for signed-in staff).
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct MessageBody(String);

impl MessageBody {
    /// Wraps the words.
    #[must_use]
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// The words themselves.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for MessageBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageBody({} bytes)", self.0.len())
    }
}
