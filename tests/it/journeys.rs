//! Whole conversations, as the person who texts reads them. `>` is their text, `<` a reply, `<!` a
//! reply in the response to the hook, `*` what the duty phone hears of it.
//!
//! After a change of wording: `INSTA_UPDATE=always cargo test --test it journeys`, then read the
//! difference as a frightened person would.

use std::fmt::Write as _;

use crate::support::world::{LINE, inline_text, minutes, seconds};
use crate::support::{Engine, World};

/// A conversation that is being written down.
struct Transcript {
    world: World,
    number: &'static str,
    written: String,
}

impl Transcript {
    async fn new() -> Self {
        Self {
            world: World::on(Engine::Sqlite).await.unwrap(),
            number: "+15550123",
            written: String::new(),
        }
    }

    /// Texts one after the other, with time to read the answer between them.
    async fn texts(&mut self, texts: &[&str]) -> &mut Self {
        for text in texts {
            writeln!(self.written, "> {text}").unwrap();
            let heard = self.world.phone(self.number).texts(text).await;
            self.world.advance(seconds(20)).await;
            let later = self.world.phone(self.number).inbox();
            self.hears(heard.inline, [heard.texts, self.news(later)].concat());
        }
        self
    }

    /// Texts that come within a few seconds, as people write in pieces.
    async fn texts_in_pieces(&mut self, pieces: &[&str]) -> &mut Self {
        for piece in pieces {
            writeln!(self.written, "> {piece}").unwrap();
            let heard = self.world.phone(self.number).texts(piece).await;
            self.world.advance(seconds(1)).await;
            let later = self.world.phone(self.number).inbox();
            let texts = [heard.texts, self.news(later)].concat();
            if heard.inline.is_some() || !texts.is_empty() {
                self.hears(heard.inline, texts);
            }
        }
        self.world.advance(seconds(20)).await;
        let later = self.world.phone(self.number).inbox();
        let news = self.news(later);
        if !news.is_empty() {
            self.hears(None, news);
        }
        self
    }

    /// A reply in a response to a hook goes out again through the API when no receipt came for it:
    /// that repetition is not written down.
    fn news(&self, texts: Vec<String>) -> Vec<String> {
        let is_new = |text: &String| !self.written.contains(&format!("<! {}", shown(text)));
        texts.into_iter().filter(is_new).collect()
    }

    /// Sends a picture with these words.
    async fn sends_a_picture(&mut self, words: &str) -> &mut Self {
        writeln!(self.written, "> [picture] {words}").unwrap();
        let sid = self.world.new_sid();
        let fields = [
            ("MessageSid", sid.as_str()),
            ("From", self.number),
            ("To", LINE),
            ("Body", words),
            ("NumMedia", "1"),
        ];
        let (status, twiml) = self.world.hook("/hooks/main/inbound", &fields).await;
        assert_eq!(status, 200);
        self.world.settle().await;
        let texts = self.world.phone(self.number).inbox();
        self.hears(inline_text(&twiml), texts);
        self
    }

    /// Lets minutes go by.
    async fn waits(&mut self, n: u64) -> &mut Self {
        writeln!(self.written, "... {n} minutes ...").unwrap();
        self.world.advance(minutes(n)).await;
        let texts = self.world.phone(self.number).inbox();
        self.hears(None, self.news(texts));
        self
    }

    fn hears(&mut self, inline: Option<String>, texts: Vec<String>) {
        let silent = inline.is_none() && texts.is_empty();
        if let Some(text) = inline {
            writeln!(self.written, "<! {}", shown(&text)).unwrap();
        }
        for text in texts {
            writeln!(self.written, "< {}", shown(&text)).unwrap();
        }
        if silent {
            writeln!(self.written, "(nothing)").unwrap();
        }
        for page in self.world.responder().inbox() {
            writeln!(self.written, "* {}", shown(&page)).unwrap();
        }
    }
}

/// A text of several lines, indented below its mark.
fn shown(text: &str) -> String {
    text.replace('\n', "\n  ")
}

/// Declares a journey: what happens, then the transcript is compared.
macro_rules! journeys {
    ($($name:ident: |$t:ident| $steps:block)+) => {$(
        #[tokio::test]
        async fn $name() {
            let mut $t = Transcript::new().await;
            $steps
            insta::assert_snapshot!(stringify!($name), $t.written);
        }
    )+};
}

journeys! {
    a_first_text_then_the_menu_and_a_therapy: |t| {
        t.texts(&["hi", "3", "12", "MORE", "BACK", "MENU", "6"]).await;
    }

    a_therapy_by_its_name: |t| {
        t.texts(&["what is dbt", "cognitive behavioral therapy", "teh lgbtq one", "does therapy work?", "how do i tell my mom"]).await;
    }

    somebody_who_writes_spanish: |t| {
        t.texts(&["hola", "3", "12", "MAS", "ATRAS", "ayuda", "no entiendo nada", "quiero hablar con alguien"]).await;
    }

    spanish_in_crisis: |t| {
        t.texts(&["quiero morirme", "no puedo mas", "gracias"]).await;
    }

    stop_then_silence_then_start: |t| {
        t.texts(&["hello", "STOP", "STOP", "menu", "2", "START", "2"]).await;
    }

    help_then_a_person_who_does_not_come_at_once: |t| {
        t.texts(&["HELP", "HUMAN", "hello?", "is anyone there"]).await;
        t.waits(10).await.texts(&["never mind", "thanks", "MENU"]).await;
    }

    not_understood_twice: |t| {
        t.texts(&["what is the weather", "pizza with extra cheese", "the blue one", "HUMAN"]).await;
    }

    a_picture: |t| {
        t.sends_a_picture("").await.texts(&["it is my arm"]).await.sends_a_picture("look").await;
    }

    a_joker: |t| {
        t.texts(&["lol my phone is dying", "this homework is killing me haha", "kms jk", "N", "jk jk im fine lol"]).await;
    }

    somebody_rude: |t| {
        t.texts(&["fuck you stupid bot", "you are useless", "whatever", "leave me alone"]).await;
    }

    opted_out_and_back_in_crisis: |t| {
        t.texts(&["hello", "STOP", "i want to die", "are you there", "START", "please"]).await;
    }

    opted_out_and_in_danger_now: |t| {
        t.texts(&["STOP", "i just took all my pills", "START", "hello?"]).await;
    }

    a_person_asked_for_in_spanish: |t| {
        t.texts(&["PERSONA", "hola?", "es privado", "gracias"]).await;
    }

    six_fragments: |t| {
        t.texts_in_pieces(&["i", "just", "want", "to", "die", "now"]).await;
    }

    a_concern_then_a_no: |t| {
        t.texts(&["i feel so alone", "N", "MENU", "1"]).await;
    }

    a_concern_then_silence_then_a_yes: |t| {
        t.texts(&["im so alone"]).await.waits(6).await.texts(&["yes", "MENU", "5"]).await;
    }

    a_crisis_and_all_that_comes_after_it: |t| {
        t.texts(&["i want to kill myself", "i have pills", "are you a robot", "ok", "i feel a bit better now"]).await;
        t.waits(12).await.texts(&["im going to do it tonight"]).await;
    }

    somebody_elses_danger: |t| {
        t.texts(&["my friend says she wants to kill herself", "what do i do", "she isnt answering", "thank you"]).await;
    }

    abuse_at_home: |t| {
        t.texts(&["my dad hits me", "is this private", "will you call the police"]).await;
    }

    somebody_who_wants_988_itself: |t| {
        t.texts(&["988", "call 911", "can you call me"]).await;
    }

    self_harm_as_it_is: |t| {
        t.texts(&["i cut myself last night", "no", "how do i stop cutting", "will it leave a scar"]).await;
    }
}
