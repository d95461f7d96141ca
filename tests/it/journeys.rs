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

    a_teenager_who_asks_who_will_know: |t| {
        t.texts(&["hi im 15", "do my parents have to know", "MORE", "how do i tell my mom", "MORE", "17", "ok thx"]).await;
    }

    a_teenager_in_danger: |t| {
        t.texts(&["im 13 and my stepdad hits me", "he is home now", "can you tell my mom", "ok"]).await;
    }

    a_parent_who_found_out: |t| {
        t.texts(&["i found out my daughter hurts herself", "MORE", "what do i say to her", "how do i find a therapist", "MORE", "thank you"]).await;
    }

    a_parent_whose_child_is_at_risk: |t| {
        t.texts(&["my son says he wants to die", "he is in his room", "MENU", "7"]).await;
    }

    somebody_who_wants_help_to_choose: |t| {
        t.texts(&["help me choose", "B", "A", "C", "A", "12", "MORE", "BACK"]).await;
    }

    somebody_who_leaves_the_chooser_and_comes_back: |t| {
        t.texts(&["10", "A", "what", "banana", "emdr", "BACK", "C", "D", "D", "D"]).await;
    }

    the_chooser_in_spanish: |t| {
        t.texts(&["ayudame a elegir", "A", "A", "A", "B", "17"]).await;
    }

    all_ten_therapies: |t| {
        t.texts(&["11", "12", "13", "14", "15", "16", "17", "18", "19", "20"]).await;
    }

    a_long_page_part_by_part_and_back: |t| {
        t.texts(&["trauma", "MORE", "MORE", "MORE", "BACK", "BACK"]).await;
    }

    somebody_who_comes_back_after_an_hour: |t| {
        t.texts(&["hi", "19"]).await.waits(60).await.texts(&["hello", "MORE"]).await;
        t.waits(60).await.texts(&["MORE"]).await;
    }

    a_second_robot: |t| {
        for _ in 0..14 {
            t.texts(&["I am driving and will reply later"]).await;
        }
        t.texts(&["i want to die"]).await;
    }

    plain_questions_with_typos: |t| {
        t.texts(&["waht is dialetical therapy", "whats good for trauma", "is self harm an ilness", "how much does therpy cost", "who reads this"]).await;
    }

    plain_questions_in_spanish: |t| {
        t.texts(&["que es dbt", "que sirve para el trauma", "como le digo a mi mama", "cuanto cuesta la terapia", "quien lee esto"]).await;
    }

    from_english_to_spanish_and_back: |t| {
        t.texts(&["what is cbt", "ESPA\u{d1}OL", "12", "ENGLISH", "12"]).await;
    }

    two_words_at_a_time: |t| {
        t.texts_in_pieces(&["how do i", "tell", "my mom"]).await.texts(&["MENU"]).await;
    }

    delete_and_then_a_stranger: |t| {
        t.texts(&["hi", "DELETE", "no", "DELETE", "DELETE"]).await.waits(2).await.texts(&["hi"]).await;
    }

    delete_in_a_crisis: |t| {
        t.texts(&["i want to die", "DELETE", "DELETE", "please"]).await;
    }

    end_in_the_middle_of_a_crisis: |t| {
        t.texts(&["i dont want to live anymore", "END", "hello?", "i cant do this", "START", "are you there"]).await;
    }

    quit_and_a_polite_stop: |t| {
        t.texts(&["hello", "please stop texting me", "START", "QUIT", "INFO"]).await;
    }

    kinda_is_not_a_no: |t| {
        t.texts(&["i feel so empty all the time", "kinda", "yes", "MENU"]).await;
    }

    help_as_an_answer_to_our_question: |t| {
        t.texts(&["im so alone", "HELP", "N"]).await;
    }

    two_concerns_in_a_day: |t| {
        t.texts(&["i feel so hopeless", "N"]).await.waits(90).await.texts(&["nobody cares about me"]).await;
    }

    a_farewell_without_a_word_of_death: |t| {
        t.texts(&["goodbye everyone", "i wrote letters to my kids", "thank you for everything"]).await;
    }

    a_complaint_about_a_hotline: |t| {
        t.texts(&["i called 988 and they hung up on me", "yes", "nobody is there for me"]).await;
    }

    an_assault_told_for_the_first_time: |t| {
        t.texts(&["i was raped", "i have not told anyone", "is this private"]).await;
    }

    somebody_who_hears_voices: |t| {
        t.texts(&["the voices tell me to hurt myself", "they wont stop"]).await;
    }

    somebody_who_may_hurt_another: |t| {
        t.texts(&["i want to kill my boss", "i have a gun"]).await;
    }

    somebody_who_starves: |t| {
        t.texts(&["im starving myself", "yes", "MENU"]).await;
    }

    an_opted_out_person_in_spanish: |t| {
        t.texts(&["hola", "ALTO", "quiero morirme", "START", "gracias"]).await;
    }
}
