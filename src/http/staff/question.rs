//! The page that asks again before something is done that cannot be taken back.

use askama::Template;

use super::frame::Frame;
use crate::http::words::filters;

/// Asks again. The same address takes the answer.
#[derive(Template)]
#[template(path = "pages/question.html")]
pub(super) struct QuestionPage {
    pub(super) frame: Frame,
    /// The question.
    pub(super) title: String,
    /// What happens.
    pub(super) words: String,
    /// Why it was refused, if it was.
    pub(super) problem: String,
    /// The word on the button.
    pub(super) button: &'static str,
    /// Where who thinks better of it goes.
    pub(super) back: String,
}
