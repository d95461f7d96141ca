//! A phone that texts the line, and what it hears.

use axum::http::StatusCode;

use super::world::{LINE, World, inline_text};

/// A phone that texts the line.
pub(crate) struct Phone<'w> {
    pub(super) world: &'w World,
    pub(crate) number: String,
}

/// What came back for one text.
#[derive(Debug)]
pub(crate) struct Heard {
    /// The text in the response to the hook.
    pub(crate) inline: Option<String>,
    /// The texts that the gateway delivered.
    pub(crate) texts: Vec<String>,
}

impl Phone<'_> {
    /// Texts, lets the workers work, and listens.
    pub(crate) async fn texts(&self, body: &str) -> Heard {
        let sid = self.world.new_sid();
        let inline = self.delivers(&sid, body).await;
        self.world.settle().await;
        Heard {
            inline,
            texts: self.inbox(),
        }
    }

    /// Delivers one hook with a given id and returns the text in its response. No worker works.
    pub(crate) async fn delivers(&self, sid: &str, body: &str) -> Option<String> {
        let fields = [
            ("MessageSid", sid),
            ("AccountSid", "AC00000000000000000000000000000000"),
            ("From", self.number.as_str()),
            ("To", LINE),
            ("Body", body),
            ("NumMedia", "0"),
            ("NumSegments", "1"),
            ("SmsStatus", "received"),
            ("ApiVersion", "2010-04-01"),
        ];
        let (status, twiml) = self.world.hook("/hooks/main/inbound", &fields).await;
        assert_eq!(status, StatusCode::OK, "{twiml}");
        inline_text(&twiml)
    }

    /// Listens for a text that arrived with these words in it.
    #[track_caller]
    pub(crate) fn expect(&self, part: &str) {
        let inbox = self.inbox();
        let found = inbox.iter().any(|text| text.contains(part));
        assert!(found, "no {part:?} in {inbox:#?}");
    }

    /// What arrived since the last look.
    pub(crate) fn inbox(&self) -> Vec<String> {
        self.world.twilio.unread(&self.number)
    }
}

impl Heard {
    /// Every text that came back, the one in the response first.
    pub(crate) fn all(&self) -> Vec<&str> {
        self.inline
            .iter()
            .chain(&self.texts)
            .map(String::as_str)
            .collect()
    }

    #[track_caller]
    pub(crate) fn expect_reply(&self, part: &str) -> &Self {
        assert!(
            self.all().iter().any(|text| text.contains(part)),
            "no {part:?} in {self:#?}"
        );
        self
    }

    #[track_caller]
    pub(crate) fn expect_inline(&self, part: &str) -> &Self {
        let inline = self.inline.as_deref().unwrap_or_default();
        assert!(
            inline.contains(part),
            "no {part:?} in the response: {self:#?}"
        );
        self
    }

    #[track_caller]
    pub(crate) fn expect_silence(&self) {
        assert!(self.all().is_empty(), "silence was expected: {self:#?}");
    }
}
