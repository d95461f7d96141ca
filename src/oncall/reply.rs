//! What a responder's text means.

/// A text from a responder's phone that answers a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponderReply {
    /// Takes the case with this code.
    Take(String),
    /// Takes a case without naming it; clear only while one is open.
    TakeAny,
}

/// Words that take a case, in English and Spanish.
const TAKES: [&str; 23] = [
    "ack",
    "acknowledge",
    "acknowledged",
    "take",
    "taking",
    "taken",
    "got",
    "have",
    "claim",
    "claiming",
    "accept",
    "accepted",
    "mine",
    "tomo",
    "tomar",
    "tomado",
    "tomaré",
    "tengo",
    "encargo",
    "acepto",
    "mío",
    "mio",
    "voy",
];
/// Words that people put around them, or around a code. None is a letter of a code.
const AROUND: [&str; 38] = [
    "reply", "case", "code", "it", "its", "this", "one", "i", "im", "ill", "ive", "am", "will",
    "on", "now", "the", "please", "pls", "plz", "ok", "okay", "yes", "thanks", "caso", "código",
    "codigo", "lo", "la", "el", "yo", "me", "ya", "es", "sí", "si", "por", "favor", "gracias",
];
/// What takes a case without a word for it.
const ANY: [&str; 3] = ["on it", "im on it", "i am on it"];
/// Longer texts are talk.
const MOST_WORDS: usize = 8;

/// Reads a responder's text: `K7`, `k 7`, `"K7"`, `ack k7`, `k7 please`, `taking it`, `lo tomo`. `None`
/// when it does not answer a page.
#[must_use]
pub fn read_reply(text: &str) -> Option<ResponderReply> {
    let joined: String = text
        .chars()
        .filter(|c| !matches!(c, '\'' | '\u{2019}'))
        .collect();
    let words: Vec<String> = joined
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    if words.len() > MOST_WORDS {
        return None;
    }
    let takes = |word: &&String| TAKES.contains(&word.as_str());
    let rest: String = words
        .iter()
        .filter(|word| !takes(word) && !AROUND.contains(&word.as_str()))
        .map(String::as_str)
        .collect();
    if rest.is_empty() {
        let takes =
            words.iter().any(|word| takes(&word)) || ANY.contains(&words.join(" ").as_str());
        return takes.then_some(ResponderReply::TakeAny);
    }
    let code = rest.to_uppercase();
    let mut chars = code.chars();
    let letter = chars.next().is_some_and(|c| c.is_ascii_alphabetic());
    let digits = chars.as_str();
    let numbered = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    (letter && numbered).then_some(ResponderReply::Take(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        for text in [
            "K7",
            "k7",
            " k 7 ",
            "\"K7\"",
            "\u{201c}k7\u{201d}",
            "K7.",
            "ack k7",
            "Ack: K-7",
            "taking K7",
            "I got case k7",
            "k7 please",
            "ok k7",
            "I'll take k7 now",
            "Yes, I\u{2019}m taking case K7",
            "tomo k7",
            "Yo tomo el caso K7, por favor",
            "k7 mío",
        ] {
            assert_eq!(
                read_reply(text),
                Some(ResponderReply::Take("K7".to_owned())),
                "{text}"
            );
        }
        for letter in "ACDEFHJKMNPRTUVWXY".chars() {
            let spaced = format!("take {letter} 3 4");
            let code = format!("{letter}34");
            assert_eq!(read_reply(&spaced), Some(ResponderReply::Take(code)));
        }
    }

    #[test]
    fn a_case_may_be_taken_without_its_code() {
        for text in [
            "ack",
            "Taking it",
            "got it!",
            "on it",
            "I'm on it",
            "ok, I'll take it",
            "I have it",
            "mine",
            "lo tomo",
            "Yo lo tengo",
            "me encargo",
        ] {
            assert_eq!(read_reply(text), Some(ResponderReply::TakeAny), "{text}");
        }
    }

    #[test]
    fn other_texts_are_left_to_the_line() {
        for text in [
            "",
            "7",
            "MENU",
            "STOP",
            "cbt",
            "ok",
            "thanks",
            "yes please",
            "i want to talk",
            "i can't take it",
            "no puedo",
            "dont take k7",
            "k7 or k9",
            "k7 and then some more words here",
            "k777777777",
        ] {
            assert_eq!(read_reply(text), None, "{text}");
        }
    }
}
