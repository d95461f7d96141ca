//! Words that mean the same wherever they are sent: carrier keywords, answers, ways around.
//!
//! Only a whole message counts: "STOP." opts out, "I want it all to stop" does not. Every list
//! holds both languages, because people do not always write in the one that they are answered in.
//! Floor 1.

mod lists;

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
    /// 988 or 911, or the word emergency.
    Dial,
    /// Everything is to be deleted.
    Delete,
    /// Anger, at us or at everything.
    Away,
}

/// Whether a question about self-harm is about getting out of it.
pub(super) fn is_about_change(words: &str) -> bool {
    words.split(' ').any(|word| lists::CHANGE.contains(&word))
}

/// Whether the texter is the one who does something in a message. Spanish says it with the verb, and is
/// heard by what the verb says.
pub(super) fn speaks_of_self(words: &str) -> bool {
    words.split(' ').any(|word| lists::SELF.contains(&word))
}

/// Whether a message is one that only somebody who reads Spanish sends.
pub(super) fn is_spanish(words: &str) -> bool {
    lists::IN_SPANISH.contains(&words) || lists::HOLA.contains(&words)
}

impl Keyword {
    /// What a message means as a whole, if it is one of these.
    pub(super) fn of(words: &str) -> Option<Self> {
        let lists: [(&[&str], Self); 15] = [
            (lists::DIAL, Self::Dial),
            (lists::OPT_IN, Self::OptIn),
            (lists::HELP, Self::Help),
            (lists::HUMAN, Self::Human),
            (lists::MENU, Self::Menu),
            (lists::BACK, Self::Back),
            (lists::MORE, Self::More),
            (lists::LANGUAGE, Self::Language(None)),
            (lists::ENGLISH, Self::Language(Some(Locale::En))),
            (lists::SPANISH, Self::Language(Some(Locale::Es))),
            (lists::HELLO, Self::Greeting),
            (lists::HOLA, Self::Greeting),
            (lists::THANKS, Self::Thanks),
            (lists::DELETE, Self::Delete),
            (lists::AWAY, Self::Away),
        ];
        if opts_out(words) {
            return Some(Self::OptOut);
        }
        if cries_for_help(words) {
            return Some(Self::Human);
        }
        let mut lists = lists.into_iter();
        lists
            .find(|(list, _)| list.contains(&words))
            .map(|(_, keyword)| keyword)
    }
}

/// Whether a whole message finds its way in the menu and says nothing about a person: a number, or a
/// word that we told them to send.
pub(super) fn is_menu_input(words: &str) -> bool {
    let number = words.len() <= 2 && words.bytes().all(|byte| byte.is_ascii_digit());
    let way = matches!(
        Keyword::of(words),
        Some(
            Keyword::Menu
                | Keyword::Back
                | Keyword::More
                | Keyword::Language(_)
                | Keyword::Human
                | Keyword::Delete
        )
    );
    number || way
}

/// "Help help help": nobody means the keyword of carriers by it.
fn cries_for_help(words: &str) -> bool {
    let mut cries = words.split(' ');
    cries.clone().count() > 1 && cries.all(|word| lists::HELP.contains(&word))
}

/// Whether somebody who writes little says that they speak Spanish, or asks whether we do. In a longer
/// text it is part of a story.
pub(super) fn asks_for_spanish(words: &str) -> bool {
    let named = || words.split(' ').any(|word| word == "espanol");
    let is_short = words.split(' ').count() <= 6;
    is_short && (named() || lists::NO_ENGLISH.iter().any(|says| words.contains(says)))
}

/// Whether a message says that no more texts are wanted: a carrier word, or any plain wording, however
/// often it is said.
fn opts_out(words: &str) -> bool {
    if lists::OPT_OUT.contains(&words) {
        return true;
    }
    let mut core = without_courtesies(words);
    let mut is_plain = core != words;
    loop {
        let bare = is_plain && lists::OPT_OUT_PLAIN.contains(&core);
        if bare || lists::OPT_OUT_PHRASES.contains(&core) || is_no_more_texting(core) {
            return true;
        }
        // "Stop stop", "stop please leave me alone": once more, without the first.
        let mut plain = lists::OPT_OUT_PLAIN.iter();
        let Some(rest) = plain.find_map(|word| core.strip_prefix(word)?.strip_prefix(' ')) else {
            return false;
        };
        core = without_courtesies(rest);
        is_plain = true;
    }
}

/// "Please stop texting me now, thanks" without its please, now and thanks, or what it calls us.
fn without_courtesies(words: &str) -> &str {
    let strip_before = |rest: &str| {
        let mut found = lists::BEFORE
            .iter()
            .filter_map(|word| rest.strip_prefix(word));
        found.find_map(|rest| rest.strip_prefix(' ')).map(str::len)
    };
    let strip_after = |rest: &str| {
        let mut found = lists::AFTER
            .iter()
            .filter_map(|word| rest.strip_suffix(word));
        found.find_map(|rest| rest.strip_suffix(' ')).map(str::len)
    };
    let mut core = words;
    while let Some(length) = strip_before(core) {
        core = &core[core.len() - length..];
    }
    while let Some(length) = strip_after(core) {
        core = &core[..length];
    }
    core
}

/// "Stop texting me", "dont send me any more messages".
fn is_no_more_texting(core: &str) -> bool {
    let mut starts = lists::NO_MORE
        .iter()
        .filter_map(|word| core.strip_prefix(word));
    let Some(rest) = starts.find_map(|rest| rest.strip_prefix(' ')) else {
        return false;
    };
    let mut rest = rest
        .split(' ')
        .filter(|word| !matches!(*word, "fucking" | "ever"));
    let verb = rest.next().unwrap_or_default();
    let rest: Vec<&str> = rest.collect();
    // "Don't bother" alone is not about texts.
    let is_whole = !rest.is_empty() || verb.ends_with("ing");
    lists::TEXTING.contains(&verb)
        && is_whole
        && rest.iter().all(|word| lists::SMALL.contains(word))
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
    /// What a message says as an answer: its text as it came, and its plain words. A no that stands
    /// beside a question mark or a face that does not smile is not a clear no.
    pub(super) fn of(text: &str, words: &str) -> Self {
        if lists::YES.contains(&words) {
            Self::Yes
        } else if lists::NO.contains(&words) && !is_doubtful(text) {
            Self::No
        } else {
            Self::Unclear
        }
    }
}

/// Whether something in a text as it came makes its words doubtful.
fn is_doubtful(text: &str) -> bool {
    text.chars().any(is_doubt) || lists::SAD_FACES.iter().any(|face| text.contains(face))
}

/// A question mark, or an emoji that is neither a smile, nor a laugh, nor a heart, nor a thumb.
fn is_doubt(c: char) -> bool {
    const HARMLESS: &str = "🙂😊😀😁😄😅😆😂🤣😃😌😉😇👍👌🙏💖💕💜💙💚💛🧡❤♥☺🤗✌😎🥰😘🏻🏼🏽🏾🏿";
    let is_emoji =
        matches!(c, '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}');
    c == '?' || (is_emoji && !HARMLESS.contains(c))
}
