//! The menu and the pages: what is said when nobody is in danger.
//!
//! Finding a page is the content's part, not this module's. Floor 1.

use std::time::Duration;

use crate::content::chooser::Answers;
use crate::content::{Key, PageId};
use crate::lane::Lane;
use crate::locale::Locale;
use crate::triage::Tier;

use super::keywords::{Keyword, is_about_change};
use super::state::{Place, Spot, Waiting};
use super::step::{MORE_WORDS, Rule, SAID, Scene};
use super::turn::{Reason, Reply};

/// What a text asks for.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    Menu,
    Hello,
    Back,
    More,
    Language,
    Page(PageId),
    /// An option of the question that the chooser asked.
    Option(Answers),
    Thanks,
    Away,
    /// No words, or a picture that we cannot see.
    Picture,
    Unknown,
}

impl Scene<'_> {
    /// The last rule: every text that reaches it is answered.
    pub(super) fn content(&mut self) -> Rule {
        let wanted = self.wanted();
        if matches!(wanted, Wanted::Unknown) && self.state.human_awaited {
            return self.keep_for_a_person();
        }
        let missed = self.state.misses;
        self.state.misses = 0;
        let first = !self.state.greeted;
        self.welcome();
        match wanted {
            Wanted::Unknown => self.not_understood(missed, first),
            Wanted::Page(page) => {
                self.show_page(page, 0);
                if self.turn.has_media {
                    self.say(Key::Picture, Lane::Content);
                }
            }
            Wanted::Away if first => self.say(Key::Away, Lane::Content),
            Wanted::Option(answers) => self.choose(answers),
            Wanted::Picture => self.say(Key::Picture, Lane::Content),
            Wanted::Menu => self.show_menu(),
            _ if first => self.show_menu(),
            Wanted::Hello => self.hello(),
            Wanted::Back => self.back(),
            Wanted::More => self.more(),
            Wanted::Language => {
                self.say(Key::Language, Lane::Content);
                self.show_again();
            }
            Wanted::Thanks => self.say(Key::Thanks, Lane::Content),
            Wanted::Away => self.say(Key::Away, Lane::Content),
        }
        SAID
    }

    fn wanted(&mut self) -> Wanted {
        if let Place::Choosing { answers } = self.state.place {
            let chooser = self.turn.packs.chooser(self.state.locale);
            if let Some(option) = chooser.option(&answers, &self.words) {
                return Wanted::Option(answers.and(option));
            }
        }
        match self.keyword {
            // "Hello?" and "ok" are said to the person who was asked for.
            Some(Keyword::Greeting | Keyword::Thanks | Keyword::Away)
                if self.state.human_awaited =>
            {
                Wanted::Unknown
            }
            Some(Keyword::Menu | Keyword::OptIn) => Wanted::Menu,
            Some(Keyword::Greeting) => Wanted::Hello,
            Some(Keyword::Back) => Wanted::Back,
            Some(Keyword::More) => Wanted::More,
            Some(Keyword::Language(_)) => Wanted::Language,
            Some(Keyword::Thanks) => Wanted::Thanks,
            Some(Keyword::Away) => Wanted::Away,
            Some(
                Keyword::OptOut | Keyword::Help | Keyword::Human | Keyword::Dial | Keyword::Delete,
            )
            | None => self.page(),
        }
    }

    fn page(&mut self) -> Wanted {
        if let Some(page) = self.find(self.turn.text).or_else(|| self.find_joined()) {
            Wanted::Page(page)
        } else if self.turn.verdict.tier == Tier::Topic {
            Wanted::Page(if is_about_change(&self.words) {
                PageId::HowTherapyHelps
            } else {
                PageId::WhatItIs
            })
        } else if self.words.is_empty() || self.turn.has_media {
            Wanted::Picture
        } else {
            Wanted::Unknown
        }
    }

    /// Looks in the texter's language first. Words of the other one change the language, unless
    /// the texter has chosen.
    fn find(&mut self, text: &str) -> Option<PageId> {
        let packs = self.turn.packs;
        let found = packs.find(text, self.state.locale);
        if found.is_some() || self.state.locale_chosen {
            return found;
        }
        let mut others = Locale::ALL.into_iter();
        let (locale, page) = others.find_map(|l| packs.find(text, l).map(|page| (l, page)))?;
        self.state.locale = locale;
        Some(page)
    }

    /// Looks with the words before, whose answer still waits: "how do i" and "tell my mom".
    fn find_joined(&mut self) -> Option<PageId> {
        let since = self.fragments_since?;
        let pieces = self.turn.earlier.iter().filter(|text| text.at >= since);
        let pieces = pieces
            .map(|text| text.body.reveal())
            .chain([self.turn.text]);
        self.find(&pieces.collect::<Vec<_>>().join(" "))
    }

    /// A hello in the middle of something, after a while, leads back to it.
    fn hello(&mut self) {
        if self.paused && self.state.place != Place::Menu {
            self.remind();
            self.show_again();
        } else {
            self.show_menu();
        }
    }

    /// Says where they were. What they get next is from there.
    fn remind(&mut self) {
        let Place::Page { page, .. } = self.state.place else {
            return;
        };
        let packs = self.turn.packs;
        let title = packs.page(self.state.locale, page).title();
        let fill = self.fill().about(title);
        let text = packs.message(self.state.locale, Key::Resumed, &fill);
        self.reply(text);
    }

    /// Shows the menu. There is nothing before it to go back to.
    pub(super) fn show_menu(&mut self) {
        self.state.place = Place::Menu;
        self.state.trail.clear();
        self.say(Key::Menu, Lane::Content);
    }

    pub(super) fn show_page(&mut self, page: PageId, part: u8) {
        if let Some(spot) = self.state.spot()
            && spot != (Spot::Page { page, part })
        {
            self.state.leave(spot);
        }
        self.show(Spot::Page { page, part });
    }

    fn back(&mut self) {
        match self.state.trail.pop() {
            Some(spot @ Spot::Page { .. }) => self.show(spot),
            Some(Spot::Menu) | None => self.show_menu(),
        }
    }

    fn more(&mut self) {
        if self.paused {
            self.remind();
        }
        match self.state.place {
            Place::Page { page, part } if self.has_part(page, part.saturating_add(1)) => {
                self.show_page(page, part.saturating_add(1));
            }
            Place::Page { .. } if self.paused => self.show_again(),
            Place::Page { .. } => self.say(Key::NoMore, Lane::Content),
            _ => self.show_menu(),
        }
    }

    fn has_part(&self, page: PageId, part: u8) -> bool {
        usize::from(part) < self.turn.packs.page(self.state.locale, page).parts()
    }

    /// Asks the next question of the chooser, or says what the answers speak for.
    fn choose(&mut self, answers: Answers) {
        let (packs, locale) = (self.turn.packs, self.state.locale);
        let text = if packs.chooser(locale).is_done(&answers) {
            self.state.place = Place::Page {
                page: PageId::Chooser,
                part: 0,
            };
            packs.chosen(locale, &answers, &self.fill())
        } else {
            self.state.place = Place::Choosing { answers };
            packs.question(locale, &answers, &self.fill())
        };
        self.reply(text);
    }

    /// Shows the present place again, in the language that was chosen.
    fn show_again(&mut self) {
        if let Place::Choosing { answers } = self.state.place {
            return self.choose(answers);
        }
        match self.state.spot() {
            Some(spot @ Spot::Page { .. }) => self.show(spot),
            Some(Spot::Menu) | None => self.show_menu(),
        }
    }

    fn show(&mut self, spot: Spot) {
        let Spot::Page { page, part } = spot else {
            return self.show_menu();
        };
        self.state.place = spot.into();
        let packs = self.turn.packs;
        let text = packs.page_part(self.state.locale, page, part.into(), &self.fill());
        self.reply(text);
        if page == PageId::Chooser {
            self.choose(Answers::default());
        }
    }

    fn reply(&mut self, text: String) {
        self.replies.push(Reply {
            text,
            lane: Lane::Content,
            wait: Duration::ZERO,
        });
    }

    /// While a person is awaited, words that we do not understand are meant for them.
    fn keep_for_a_person(&mut self) -> Rule {
        self.call(Reason::WantsHuman, self.tier(), Duration::ZERO);
        self.say_waiting(Lane::Content);
        SAID
    }

    /// Words that we do not understand: the answer waits a moment, because they may go on. Words that
    /// came in pieces are one miss; two misses in a row offer a person. The first text of all is
    /// answered with the menu and is no miss.
    fn not_understood(&mut self, missed: u8, first: bool) {
        let now = self.turn.now;
        let goes_on = self.fragments_since.is_some();
        self.state.misses = if first || goes_on {
            missed
        } else {
            missed.saturating_add(1)
        };
        let key = match self.state.misses {
            0 => Key::Menu,
            // The question again says best what would be understood.
            1 if matches!(self.state.place, Place::Choosing { .. }) => return self.show_again(),
            1 => Key::NotUnderstood,
            _ => Key::NotUnderstoodTwice,
        };
        if key == Key::Menu {
            self.state.place = Place::Menu;
            self.state.trail.clear();
        }
        self.state.waiting = Some(Waiting {
            since: self.fragments_since.unwrap_or(now),
            until: now.plus(MORE_WORDS),
        });
        self.say_after(key, Lane::Content, MORE_WORDS);
    }
}
