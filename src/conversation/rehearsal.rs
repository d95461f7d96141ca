//! A conversation on paper: the texts of one made-up person, answered by the same step as real ones, with
//! nothing kept and nobody paged. Total and pure: what comes out follows from what goes in. Floor 1.

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::At;
use crate::content::Packs;
use crate::locale::Locale;
use crate::text::MessageBody;
use crate::triage::Verdict;

use super::{
    AlertRequest, Call, EARLIER, Earlier, JOINED_WITHIN, Line, Reply, Silence, State, Turn, step,
};

/// What a rehearsal depends on besides what happens in it.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// When it begins.
    pub start: At,
    /// The language of the first answer.
    pub locale: Locale,
    /// The line, as texters are told.
    pub line: &'a Line,
    /// The words that can be sent.
    pub packs: &'a Packs,
}

/// Something that happens in a conversation.
#[derive(Clone, Debug)]
pub enum Happens {
    /// The person texts this.
    Text(MessageBody),
    /// A gateway accepts a page: the team was told.
    Told,
    /// Somebody of the team says that they take the case.
    Taken,
    /// Somebody of the team writes to the person.
    Joined,
    /// Somebody of the team closes the conversation.
    Closed,
}

/// What happens, and how long after what was before it.
#[derive(Clone, Debug)]
pub struct Moment {
    /// How long after.
    pub after: Duration,
    /// What.
    pub what: Happens,
}

/// What came of a moment.
#[derive(Clone, Debug)]
pub struct Played {
    /// When it happened.
    pub at: At,
    /// What triage said of the text, in the light of those before; none when it was no text.
    pub verdict: Option<Verdict>,
    /// What is sent, in order. One that waited for more words, and got them, is taken out again.
    pub replies: Vec<Reply>,
    /// Whether a reply that waited was taken back, because more words came.
    pub taken_back: bool,
    /// Why nothing is sent.
    pub silence: Option<Silence>,
    /// Whether people are called.
    pub alert: Option<AlertRequest>,
    /// Whether the call that waited for an answer is called off.
    pub called_off: bool,
    /// Whether everything about the person is deleted.
    pub erase: bool,
}

/// Plays a conversation through. `assess` judges words.
#[must_use]
pub fn rehearse(
    setting: Setting<'_>,
    moments: &[Moment],
    assess: impl Fn(&str) -> Verdict,
) -> Vec<Played> {
    let mut stage = Stage {
        setting,
        now: setting.start,
        state: State::new(setting.locale),
        call: None,
        human_joined: false,
        earlier: VecDeque::new(),
    };
    let mut all: Vec<Played> = Vec::with_capacity(moments.len());
    for moment in moments {
        let (told, takes_back) = stage.play(moment, &assess);
        if takes_back {
            take_back(&mut all);
        }
        all.push(told);
    }
    all
}

/// Takes the replies out that still waited for more words.
fn take_back(all: &mut [Played]) {
    for told in all.iter_mut().rev() {
        let before = told.replies.len();
        told.replies.retain(|reply| reply.wait.is_zero());
        if told.replies.len() < before {
            told.taken_back = true;
            return;
        }
    }
}

/// Where a rehearsal stands.
struct Stage<'a> {
    setting: Setting<'a>,
    now: At,
    state: State,
    call: Option<Call>,
    human_joined: bool,
    earlier: VecDeque<Earlier>,
}

impl Stage<'_> {
    /// What comes of a moment, and whether it takes back a reply that waited.
    fn play(&mut self, moment: &Moment, assess: &impl Fn(&str) -> Verdict) -> (Played, bool) {
        self.now = self.now.plus(moment.after);
        let told = Played {
            at: self.now,
            verdict: None,
            replies: Vec::new(),
            taken_back: false,
            silence: None,
            alert: None,
            called_off: false,
            erase: false,
        };
        match &moment.what {
            Happens::Text(body) => return self.text(body, told, assess),
            // What nobody called for nobody is told of.
            Happens::Told => self.call = self.call.map(|call| call.max(Call::Told)),
            Happens::Taken => self.call = self.call.map(|call| call.max(Call::Taken)),
            Happens::Joined => self.human_joined = true,
            Happens::Closed => {
                self.state = std::mem::take(&mut self.state).closed();
                self.call = None;
                self.human_joined = false;
            }
        }
        (told, false)
    }

    fn text(
        &mut self,
        body: &MessageBody,
        mut told: Played,
        assess: &impl Fn(&str) -> Verdict,
    ) -> (Played, bool) {
        let now = self.now;
        self.earlier
            .retain(|earlier| now.since(earlier.at) < JOINED_WITHIN);
        let before: Vec<Earlier> = self.earlier.iter().cloned().collect();
        let own = assess(body.reveal());
        let verdict = self
            .state
            .in_context(own, body.reveal(), &before, now, assess);
        let turn = Turn {
            now,
            said_at: now,
            decided: now,
            text: body.reveal(),
            has_media: false,
            verdict: &verdict,
            earlier: &before,
            human_joined: self.human_joined,
            call: self.call,
            keyword_handled: false,
            held: false,
            line: self.setting.line,
            packs: self.setting.packs,
        };
        let step = step(&self.state, &turn);
        if step.question_answered_no {
            self.call = None;
        }
        if step.alert.is_some() {
            self.call = self.call.or(Some(Call::Made));
        }
        self.earlier.push_back(Earlier {
            at: now,
            tier: verdict.tier,
            body: body.clone(),
        });
        if self.earlier.len() > usize::from(EARLIER) {
            self.earlier.pop_front();
        }
        self.state = step.state;
        told.verdict = Some(verdict);
        told.replies = step.replies;
        told.silence = step.silence;
        told.alert = step.alert;
        told.called_off = step.question_answered_no;
        told.erase = step.erase;
        (told, step.takes_back_waiting)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::triage::{RuleSet, Tier, assess};

    static RULES: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::builtin().unwrap());
    static PACKS: LazyLock<Packs> = LazyLock::new(|| Packs::builtin().unwrap());

    fn text(after: u64, words: &str) -> Moment {
        Moment {
            after: Duration::from_secs(after),
            what: Happens::Text(MessageBody::new(words)),
        }
    }

    fn happens(what: Happens) -> Moment {
        Moment {
            after: Duration::from_secs(5),
            what,
        }
    }

    fn play(moments: &[Moment]) -> Vec<Played> {
        let line = Line {
            name: "Example Line".to_owned(),
            contact: "help@example.org".to_owned(),
            free_to_end_user: false,
            care: String::new(),
        };
        let setting = Setting {
            start: At(1_767_225_600_000),
            locale: Locale::En,
            line: &line,
            packs: &PACKS,
        };
        rehearse(setting, moments, |words| assess(&RULES, words))
    }

    fn said(told: &Played) -> String {
        let texts = told.replies.iter().map(|reply| reply.text.as_str());
        texts.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_first_text_is_welcomed_and_a_crisis_calls_people() {
        let told = play(&[text(0, "hi"), text(60, "i want to die")]);
        assert!(said(&told[0]).contains("Automatic"), "{told:?}");
        assert_eq!(told[1].verdict.as_ref().unwrap().tier, Tier::High);
        assert!(said(&told[1]).contains("988"));
        assert!(
            told[1]
                .alert
                .is_some_and(|alert| alert.page_after.is_zero())
        );
    }

    #[test]
    fn who_waits_hears_only_what_is_true_by_then() {
        let told = play(&[
            text(0, "i want to die"),
            text(400, "are you there"),
            happens(Happens::Told),
            text(400, "are you there"),
            happens(Happens::Joined),
            text(400, "ok"),
            happens(Happens::Closed),
            text(400, "menu"),
        ]);
        assert!(!said(&told[1]).contains("We told our"), "{:?}", told[1]);
        assert!(said(&told[3]).contains("We told our"), "{:?}", told[3]);
        assert_eq!(told[5].silence, Some(Silence::WithHuman));
        assert!(said(&told[7]).contains("1 "), "{:?}", told[7]);
    }

    #[test]
    fn a_clear_no_calls_the_waiting_page_off_and_fragments_are_heard_together() {
        let told = play(&[text(0, "im so alone"), text(60, "no")]);
        assert!(
            told[0]
                .alert
                .is_some_and(|alert| !alert.page_after.is_zero())
        );
        assert!(told[1].called_off, "{:?}", told[1]);
        let told = play(&[text(0, "i want"), text(1, "to"), text(1, "die")]);
        assert_eq!(told[2].verdict.as_ref().unwrap().tier, Tier::High);
        assert!(told[..2].iter().any(|told| told.taken_back), "{told:?}");
    }

    #[test]
    fn the_same_moments_lead_to_the_same_words() {
        let moments = [
            text(0, "hola"),
            text(5, "3"),
            text(5, "STOP"),
            text(5, "me quiero morir"),
        ];
        let [first, second] = [play(&moments), play(&moments)];
        assert_eq!(first.len(), moments.len());
        assert!(first.iter().zip(&second).all(|(a, b)| said(a) == said(b)));
    }
}
