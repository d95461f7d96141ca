//! Words that mean the same wherever they are sent: carrier keywords, answers, ways around.
//!
//! Only a whole message counts: "STOP." opts out, "I want it all to stop" does not. Every list
//! holds both languages, because people do not always write in the one that they are answered in.
//! Floor 1.

use crate::locale::Locale;

/// What a whole message can mean. The words are those of [`crate::content::words`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    /// No more texts.
    OptOut,
    /// Texts again.
    OptIn,
    /// HELP and INFO.
    Help,
    /// A person, please.
    Human,
    /// To the menu.
    Menu,
    /// To where we were before.
    Back,
    /// The next part.
    More,
    /// Answer in this language; `None` is the other one.
    Language(Option<Locale>),
    /// Hello.
    Greeting,
    /// A thank-you or a goodbye.
    Thanks,
    /// 988 or 911.
    Dial,
}

/// What carriers and the law name, then what people write instead (47 CFR 64.1200(a)(10)).
const OPT_OUT: &[&str] = &[
    "stop",
    "stopall",
    "stop all",
    "unsubscribe",
    "cancel",
    "end",
    "quit",
    "revoke",
    "optout",
    "opt out",
    "alto",
    "parar",
    "baja",
    "cancelar",
];

const OPT_OUT_PHRASES: &[&str] = &[
    "stop texting me",
    "stop texting",
    "please stop texting me",
    "stop messaging me",
    "please stop messaging me",
    "stop sending me texts",
    "stop sending me messages",
    "do not text me",
    "dont text me",
    "do not text me again",
    "dont text me again",
    "do not text me anymore",
    "dont text me anymore",
    "leave me alone",
    "please leave me alone",
    "remove me",
    "please remove me",
    "remove my number",
    "please opt me out",
    "opt me out",
    "please stop",
    "stop please",
    "unsubscribe me",
    "please unsubscribe me",
    "no me escriban mas",
    "no me escribas mas",
    "no me escriban",
    "no me escribas",
    "dejen de escribirme",
    "deja de escribirme",
    "dejenme en paz",
    "dejame en paz",
    "quiero darme de baja",
    "denme de baja",
    "dame de baja",
    "darme de baja",
];

const OPT_IN: &[&str] = &["start", "unstop"];
const HELP: &[&str] = &["help", "info", "ayuda"];

// Somebody who asks for help or for a talk, and says no more, is asking for a person.
const HUMAN: &[&str] = &[
    "human",
    "a human",
    "person",
    "a person",
    "real person",
    "a real person",
    "agent",
    "talk to someone",
    "talk to a person",
    "talk to a human",
    "talk to a real person",
    "can i talk to someone",
    "can i talk to a person",
    "can i talk to a human",
    "i want to talk to someone",
    "i want to talk to a person",
    "i want to talk to a human",
    "i need to talk to someone",
    "i need to talk to a person",
    "speak to someone",
    "speak to a person",
    "humano",
    "persona",
    "una persona",
    "hablar con alguien",
    "hablar con una persona",
    "quiero hablar con alguien",
    "quiero hablar con una persona",
    "necesito hablar con alguien",
    "puedo hablar con alguien",
    "i need to talk",
    "need to talk",
    "can we talk",
    "can i talk",
    "help me",
    "help me please",
    "please help",
    "please help me",
    "i need help",
    "need help",
    "i need help please",
    "necesito hablar",
    "quiero hablar",
    "hablar",
    "ayudame",
    "ayudame por favor",
    "por favor ayudame",
    "necesito ayuda",
];

const MENU: &[&str] = &[
    "menu",
    "main menu",
    "topics",
    "home",
    "start over",
    "restart",
    "options",
    "inicio",
    "temas",
    "menu principal",
    "opciones",
];
const BACK: &[&str] = &[
    "back", "go back", "b", "previous", "atras", "volver", "regresar",
];
const MORE: &[&str] = &[
    "more",
    "m",
    "next",
    "continue",
    "mas",
    "siguiente",
    "seguir",
];
const LANGUAGE: &[&str] = &["lang", "language", "idioma"];
const ENGLISH: &[&str] = &["english", "in english", "ingles", "en ingles"];
const SPANISH: &[&str] = &[
    "espanol",
    "en espanol",
    "spanish",
    "in spanish",
    "castellano",
];
const HELLO: &[&str] = &[
    "hi",
    "hello",
    "hey",
    "hi there",
    "hello there",
    "good morning",
    "good evening",
];
const HOLA: &[&str] = &[
    "hola",
    "buenas",
    "buenos dias",
    "buenas tardes",
    "buenas noches",
];
const THANKS: &[&str] = &[
    "thanks",
    "thank you",
    "thank u",
    "thx",
    "ty",
    "thank you so much",
    "thanks so much",
    "ok",
    "okay",
    "ok thanks",
    "ok thank you",
    "bye",
    "goodnight",
    "good night",
    "gracias",
    "muchas gracias",
    "ok gracias",
    "vale",
    "adios",
];
const DIAL: &[&str] = &["988", "911"];

/// What says yes to the question.
const YES: &[&str] = &[
    "y",
    "yes",
    "yeah",
    "yea",
    "yep",
    "yup",
    "ya",
    "yes i am",
    "i am",
    "yes please",
    "both",
    "s",
    "si",
    "sip",
    "si estoy",
    "claro",
    "las dos",
    "ambas",
];

/// Only what cannot be meant otherwise: everything that is not here is answered as a crisis.
/// "No estoy bien" is missing on purpose: without its comma it says "I am not well".
const NO: &[&str] = &[
    "n",
    "no",
    "nope",
    "nah",
    "naw",
    "no im not",
    "no i am not",
    "im not",
    "i am not",
    "no im ok",
    "no im okay",
    "no i am ok",
    "no i am okay",
    "no im fine",
    "no i am fine",
    "no im safe",
    "no i am safe",
    "im safe",
    "i am safe",
    "im ok im safe",
    "no not at all",
    "not at all",
    "estoy bien",
    "estoy a salvo",
    "no no estoy en peligro",
    "no estoy en peligro",
];

/// Keywords that only somebody who reads Spanish sends.
const IN_SPANISH: &[&str] = &[
    "alto",
    "parar",
    "baja",
    "cancelar",
    "ayuda",
    "ayudame",
    "ayudame por favor",
    "por favor ayudame",
    "necesito ayuda",
    "humano",
    "persona",
    "una persona",
    "necesito hablar",
    "quiero hablar",
    "hablar",
    "hablar con alguien",
    "hablar con una persona",
    "quiero hablar con alguien",
    "quiero hablar con una persona",
    "necesito hablar con alguien",
    "puedo hablar con alguien",
    "inicio",
    "temas",
    "menu principal",
    "atras",
    "siguiente",
    "gracias",
    "muchas gracias",
    "adios",
];

/// Words of somebody who asks about self-harm because they want it to end.
const CHANGE: &[&str] = &[
    "stop", "stopping", "quit", "quitting", "help", "helps", "better", "recover", "recovery",
    "dejar", "dejo", "parar", "paro", "ayuda", "ayudar", "mejorar", "superar",
];

/// Whether a question about self-harm is about getting out of it.
pub(super) fn is_about_change(words: &str) -> bool {
    words.split(' ').any(|word| CHANGE.contains(&word))
}

/// Whether a message is one that only somebody who reads Spanish sends.
pub(super) fn is_spanish(words: &str) -> bool {
    IN_SPANISH.contains(&words) || HOLA.contains(&words)
}

impl Keyword {
    /// What a message means as a whole, if it is one of these.
    pub(super) fn of(words: &str) -> Option<Self> {
        let lists: [(&[&str], Self); 14] = [
            (OPT_OUT, Self::OptOut),
            (OPT_OUT_PHRASES, Self::OptOut),
            (OPT_IN, Self::OptIn),
            (HELP, Self::Help),
            (HUMAN, Self::Human),
            (MENU, Self::Menu),
            (BACK, Self::Back),
            (MORE, Self::More),
            (LANGUAGE, Self::Language(None)),
            (ENGLISH, Self::Language(Some(Locale::En))),
            (SPANISH, Self::Language(Some(Locale::Es))),
            (HELLO, Self::Greeting),
            (HOLA, Self::Greeting),
            (THANKS, Self::Thanks),
        ];
        let dial = DIAL.contains(&words).then_some(Self::Dial);
        let mut lists = lists.into_iter();
        dial.or_else(|| {
            lists
                .find(|(list, _)| list.contains(&words))
                .map(|(_, keyword)| keyword)
        })
    }
}

/// The answer to our question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// A yes.
    Yes,
    /// A no that cannot be meant otherwise.
    No,
    /// Anything else. Maybe it is a yes.
    Unclear,
}

impl Answer {
    /// What a message says as an answer.
    pub(super) fn of(words: &str) -> Self {
        if YES.contains(&words) {
            Self::Yes
        } else if NO.contains(&words) {
            Self::No
        } else {
            Self::Unclear
        }
    }
}
