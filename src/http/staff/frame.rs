//! The frame of the pages of staff: who looks, where they are, where they can go, and what they have
//! just done. It decides what is offered, not what is allowed: that is the handlers' part. Floor 4.

use std::time::Duration;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::theme::Theme;
use crate::http::error::PageError;
use crate::http::session::Current;
use crate::http::words::{phrase, said};
use crate::http::{Doors, cookie};
use crate::locale::Locale;
use crate::staff::Permission;
use crate::store::{Account, Session};

/// Carries a notice over a redirect: the name of one of ours, never words of anybody's.
const COOKIE_NAME: &str = "harborline_done";
/// As long as a slow redirect may take.
const CARRIED: Duration = Duration::from_mins(1);

/// A part of the dashboard, in the order of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Section {
    /// Who waits for a person.
    Queue,
    /// The team's own words.
    Canned,
    /// Who is on call, and when.
    OnCall,
    /// Who waits and who has what, for supervisors.
    Board,
    /// Incidents, open and past.
    Incidents,
    /// How the line did.
    Reports,
    /// Drills and their reports.
    Drills,
    /// The accounts of the staff.
    People,
    /// What the line says and decides by, and how it runs.
    Line,
    /// What is looked at before the first text.
    Shift,
    /// What is one's own.
    Account,
}

/// A way on, as the navigation shows it.
pub(in crate::http) struct Place {
    pub(in crate::http) path: &'static str,
    pub(in crate::http) label: &'static str,
    pub(in crate::http) here: bool,
}

/// What stands around a page.
pub(in crate::http) struct Frame {
    /// Who looks at it.
    pub(in crate::http) name: String,
    /// Where they can go: what is needed at 3 am, first.
    pub(in crate::http) places: Vec<Place>,
    /// Where else. On a narrow screen these stand behind a word.
    pub(in crate::http) rest: Vec<Place>,
    /// What they have just done.
    pub(in crate::http) notice: Option<String>,
    /// How they want pages to look; none as their system does.
    pub(in crate::http) theme: Option<Theme>,
}

impl Frame {
    /// Whether they are in one of the places that a narrow screen does not show.
    pub(in crate::http) fn is_in_rest(&self) -> bool {
        self.rest.iter().any(|place| place.here)
    }
}

/// Declares the notices: what is said once, after something was done.
macro_rules! notices {
    ($($name:ident: $words:literal,)*) => {
        /// What is said once, after something was done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in crate::http) enum Notice {
            $(#[doc = $words] $name,)*
        }

        impl Notice {
            const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name in the cookie.
            const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            const fn words(self) -> &'static str {
                match self {
                    $(Self::$name => $words,)*
                }
            }
        }
    };
}

notices! {
    Taken: "The case is yours. Please write to them now.",
    Joined: "You are on this case, and more people are paged for it. Please write to them now.",
    Closed: "The conversation is closed. A new text from the person opens another.",
    Claimed: "The conversation is yours. Please write to them now.",
    TakenOver: "The conversation is yours now, and who had it was told. Please write to them now.",
    Released: "You gave the case back. Others are paged for it now.",
    Offered: "Your colleague was asked. The conversation is yours until they accept.",
    OfferDeclined: "You declined. It stays with who asked you, and they were told.",
    OfferWithdrawn: "The offer is taken back.",
    HelpCalled: "Supervisors are being called, again and again until one comes.",
    HelpAnswered: "They know that you are with them.",
    NumberShown: "You see the number now, for ten minutes.",
    TierDecided: "The tier is changed.",
    Noted: "The note is kept. It is never sent.",
    SessionEnded: "The session has ended.",
    OtherSessionsEnded: "You are signed out everywhere else.",
    PasswordChanged: "The password is changed. You are signed out everywhere else.",
    FactorRemoved: "The second factor is taken away. You are signed out everywhere else.",
    RoleChanged: "The role is changed. The person has to sign in again.",
    Locked: "The account is locked, and the person is signed out. What they had claimed is paged for again.",
    Unlocked: "The person can sign in again.",
    Removed: "The person is removed and signed out. What they had claimed is paged for again.",
    ScheduleKept: "The schedule is kept.",
    ScheduleRemoved: "The schedule is removed. Nobody is on call by it any more.",
    RotationKept: "The rotation is kept.",
    RotationRemoved: "The rotation is removed.",
    ShiftKept: "The shift is kept.",
    ShiftRemoved: "The shift is removed.",
    PolicyKept: "The policy is kept. What is being paged goes on by it.",
    PolicyRemoved: "The policy is removed.",
    PolicyAssigned: "From now on this policy pages for it.",
    SwapOffered: "They are asked. Until they say yes the turn is yours.",
    SwapAccepted: "The swap is made, and the other one is told.",
    SwapDeclined: "You said no, and the other one is told. Nothing is changed.",
    SwapWithdrawn: "The offer is taken back. Nothing is changed.",
    PageTestSent: "The test page is on its way. What comes of it is shown below.",
    PageTestAnswered: "Thank you: the test page reached you.",
    CannedKept: "The canned reply is kept.",
    CannedRemoved: "The canned reply is removed.",
    PushOff: "This browser does not tell you any more.",
    OverrideMade: "It is changed, and who is concerned was told.",
    OverrideRemoved: "The change is taken back.",
    MethodAdded: "It is added, and a code is on its way there. Enter it below.",
    MethodAddedOnly: "It is added. Send a code there to verify it.",
    MethodKept: "The change is kept.",
    MethodRemoved: "It is removed. No page goes there any more.",
    MethodOff: "It is switched off. No page goes there until it is switched on again.",
    MethodOn: "It is switched on.",
    MethodVerified: "It is verified: pages go there from now on.",
    CodeSent: "Another code is on its way. Earlier ones do not work any more.",
    TestSent: "A test page is on its way.",
    TestArrived: "Thank you: the test arrived.",
    HoursKept: "Hours and time zone are kept.",
    ShiftTaken: "Thank you: the shift is yours.",
    CalendarRevoked: "The address of your calendar does not work any more.",
    ContentApproved: "It is signed off. The day on which it is to be read again is shown below.",
    RulesInForce: "These rules are in force from now on.",
    ApprovalWithdrawn: "The approval is taken back.",
    HoldSet: "It is held now, whatever its age and whoever wants it deleted.",
    HoldLifted: "The hold is lifted. What was to be deleted goes from now on.",
    TeamCalled: "Your call for help is on its way. Whoever it reaches is asked to sign in now.",
    IncidentAcknowledged: "You look after it. The operator hears of it once an hour from now on, until it is over.",
    IncidentNoted: "The note is kept with the incident.",
    IncidentClosed: "The incident is closed, and the operator is told.",
    DrillAsked: "The drill begins within seconds.",
    LanguageKept: "From now on the pages speak to you in this language.",
    DrillStopped: "The drill is called off, and who was paged is told.",
}

/// Somebody signed in who looks at a page.
pub(in crate::http) struct Visit {
    /// Who.
    pub(in crate::http) me: Account,
    /// The language that they chose, if they did.
    pub(in crate::http) locale: Option<Locale>,
    notice: Option<Notice>,
    /// How they want pages to look; none as their system does.
    pub(in crate::http) theme: Option<Theme>,
}

impl FromRequestParts<Doors> for Visit {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, doors: &Doors) -> Result<Self, PageError> {
        let Current(Session {
            account: me,
            locale,
            ..
        }) = Current::from_request_parts(parts, doors).await?;
        let name = cookie::value(doors, &parts.headers, COOKIE_NAME);
        let notice = name.and_then(|name| {
            let mut all = Notice::ALL.iter().copied();
            all.find(|notice| notice.name() == name)
        });
        let theme = Theme::chosen(doors, &parts.headers);
        Ok(Self {
            me,
            locale,
            notice,
            theme,
        })
    }
}

impl Visit {
    /// Whether they have just done this, and are to be told so.
    pub(in crate::http) fn has_done(&self, notice: Notice) -> bool {
        self.notice == Some(notice)
    }

    /// The frame of a page in this part of the dashboard.
    pub(in crate::http) fn frame(&self, doors: &Doors, here: Section) -> Frame {
        let place = |path, label, section| Place {
            path,
            label,
            here: section == Some(here),
        };
        let mut places = vec![
            place("/", phrase!("Queue"), Some(Section::Queue)),
            place("/on-call", phrase!("On call"), Some(Section::OnCall)),
        ];
        if self.me.role.may(Permission::SuperviseLine) {
            places.push(place("/board", phrase!("Board"), Some(Section::Board)));
        }
        let may = |permission| self.me.role.may(permission);
        let rest = [
            (
                may(Permission::HandleIncidents),
                place("/incidents", phrase!("Incidents"), Some(Section::Incidents)),
            ),
            (
                may(Permission::EditCannedReplies),
                place("/canned", phrase!("Replies"), Some(Section::Canned)),
            ),
            (
                may(Permission::RunDrills),
                place("/drills", phrase!("Drills"), Some(Section::Drills)),
            ),
            (
                may(Permission::ViewReports),
                place("/reports", phrase!("Reports"), Some(Section::Reports)),
            ),
            (
                may(Permission::ViewPeople),
                place("/people", phrase!("People"), Some(Section::People)),
            ),
            (
                may(Permission::ViewContent),
                place("/content", phrase!("The line"), Some(Section::Line)),
            ),
            (
                true,
                place("/shift", phrase!("Start of shift"), Some(Section::Shift)),
            ),
            (true, place("/me", phrase!("Me"), Some(Section::Account))),
            (
                doors.simulator.is_some(),
                place("/simulator", phrase!("Simulator"), None),
            ),
        ];
        let rest = rest
            .into_iter()
            .filter_map(|(there, place)| there.then_some(place));
        Frame {
            name: self.me.name.clone(),
            places,
            rest: rest.collect(),
            notice: self.notice.map(|notice| said(notice.words())),
            theme: self.theme,
        }
    }

    /// The page as an answer. A notice that it shows is not shown again.
    pub(in crate::http) fn show(
        &self,
        doors: &Doors,
        page: &impl Template,
    ) -> Result<Response, PageError> {
        let html = Html(page.render()?);
        if self.notice.is_none() {
            return Ok(html.into_response());
        }
        let taken_back = cookie::set(doors, COOKIE_NAME, "", Duration::ZERO);
        Ok(([(SET_COOKIE, taken_back)], html).into_response())
    }
}

/// The page again, because what was sent with it was refused: nothing was changed.
pub(in crate::http) fn refused(page: &impl Template) -> Result<Response, PageError> {
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(page.render()?)).into_response())
}

/// The page again, because what it was made from has changed, or stands against it.
pub(in crate::http) fn conflict(page: &impl Template) -> Result<Response, PageError> {
    Ok((StatusCode::CONFLICT, Html(page.render()?)).into_response())
}

/// On to a page that says what was done.
pub(in crate::http) fn done(doors: &Doors, path: &str, notice: Notice) -> Response {
    let carried = cookie::set(doors, COOKIE_NAME, notice.name(), CARRIED);
    ([(SET_COOKIE, carried)], Redirect::to(path)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::words::within;

    #[test]
    fn every_notice_is_a_sentence_with_a_name_of_its_own() {
        let mut names: Vec<&str> = Notice::ALL.iter().map(|notice| notice.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Notice::ALL.len());
        for notice in Notice::ALL {
            let words = notice.words();
            assert!(words.ends_with('.'), "{words}");
            assert_ne!(within(Locale::Es, || said(words)), words);
        }
    }
}
