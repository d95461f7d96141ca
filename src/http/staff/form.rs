//! Forms as they were sent. Nothing is refused while it is read, so that a page can show again what
//! was typed, with what is wrong beside it. Floor 4.

use std::fmt::Display;

use axum::extract::multipart::{MultipartError, MultipartRejection};
use axum::extract::rejection::RawFormRejection;
use axum::extract::{FromRequest, Multipart, RawForm, Request};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use crate::http::Doors;
use crate::http::words::said;
use crate::locale::Locale;

/// The fields of a form, or what stands after `?`, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent(Vec<(String, String)>);

/// A form that cannot be read: too large, cut off, or no form at all.
#[derive(Debug)]
pub(super) enum Unread {
    Form(RawFormRejection),
    Parts(MultipartRejection),
    Part(MultipartError),
}

impl IntoResponse for Unread {
    fn into_response(self) -> Response {
        match self {
            Self::Form(why) => why.into_response(),
            Self::Parts(why) => why.into_response(),
            Self::Part(why) => why.into_response(),
        }
    }
}

impl FromRequest<Doors> for Sent {
    type Rejection = Unread;

    async fn from_request(request: Request, doors: &Doors) -> Result<Self, Unread> {
        if has_files(&request) {
            let parts = Multipart::from_request(request, doors).await;
            return read_parts(parts.map_err(Unread::Parts)?).await;
        }
        let form = RawForm::from_request(request, doors).await;
        let RawForm(bytes) = form.map_err(Unread::Form)?;
        let fields = form_urlencoded::parse(&bytes);
        Ok(Self(fields.into_owned().collect()))
    }
}

/// Whether a form is sent in the way that can carry files.
fn has_files(request: &Request) -> bool {
    let kind = request.headers().get(CONTENT_TYPE);
    kind.and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("multipart/form-data"))
}

/// The fields of such a form; a file is the text in it.
async fn read_parts(mut parts: Multipart) -> Result<Sent, Unread> {
    let mut fields = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(Unread::Part)? {
        let name = part.name().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(Unread::Part)?;
        fields.push((name, String::from_utf8_lossy(&bytes).into_owned()));
    }
    Ok(Sent(fields))
}

impl Sent {
    /// What a field holds; nothing when it is not there.
    pub(super) fn get(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// Everything that fields of this name hold.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let fields = self.0.iter().filter(move |(field, _)| field == name);
        fields.map(|(_, value)| value.as_str())
    }

    /// An id.
    pub(super) fn id(&self, name: &str) -> Option<Uuid> {
        self.get(name).parse().ok()
    }

    /// The language that was chosen.
    pub(super) fn locale(&self) -> Option<Locale> {
        Locale::of_tag(self.get("locale"))
    }

    /// The button that was pressed, as a word and the place that it is for: `up 2` is ("up", 2).
    pub(super) fn act(&self) -> (&str, usize) {
        let act = self.get("act");
        let (word, place) = act.split_once(' ').unwrap_or((act, ""));
        (word, place.parse().unwrap_or(usize::MAX))
    }
}

/// What is wrong with a form, if anything is, and with which field.
#[derive(Clone, Debug, Default)]
pub(super) struct Wrong {
    /// The field; empty when it is about the whole.
    pub(super) field: String,
    /// What to do about it; empty when nothing is wrong.
    pub(super) words: String,
}

impl Wrong {
    /// A field that cannot be read.
    pub(super) fn with(field: impl Into<String>, words: &impl Display) -> Self {
        Self {
            field: field.into(),
            words: said(words),
        }
    }

    /// What is wrong with this field.
    pub(super) fn of(&self, field: &str) -> &str {
        if self.field == field { &self.words } else { "" }
    }
}

/// Something that can be chosen.
pub(super) struct Choice {
    /// What is sent.
    pub(super) value: String,
    /// What is shown.
    pub(super) label: String,
    /// Whether it is chosen.
    pub(super) chosen: bool,
}

impl Choice {
    pub(super) fn new(
        value: &impl ToString,
        label: &(impl ToString + ?Sized),
        chosen: bool,
    ) -> Self {
        Self {
            value: value.to_string(),
            label: label.to_string(),
            chosen,
        }
    }
}

/// The languages, to choose from: each in its own word.
pub(super) fn languages(chosen: Option<Locale>) -> impl Iterator<Item = Choice> {
    let choice = move |one: Locale| Choice::new(&one.tag(), one.name(), chosen == Some(one));
    Locale::ALL.into_iter().map(choice)
}

/// Moves what stands at a place in a list: the buttons of lists that have an order.
pub(super) fn arrange<T>(list: &mut Vec<T>, act: &str, place: usize) -> Option<usize> {
    match act {
        "up" if (1..list.len()).contains(&place) => {
            list.swap(place, place - 1);
            Some(place - 1)
        }
        "down" if place < list.len().saturating_sub(1) => {
            list.swap(place, place + 1);
            Some(place + 1)
        }
        "remove" if place < list.len() => {
            list.remove(place);
            None
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[tokio::test]
    async fn a_form_with_a_file_is_read_like_any_other() {
        let body = "--x\r\ncontent-disposition: form-data; name=\"locale\"\r\n\r\nes\r\n--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"es.toml\"\r\ncontent-type: text/plain\r\n\r\na = \"ñ\"\n\r\n--x--\r\n";
        let request = |kind: &str, body: &'static str| {
            let request = Request::post("/").header(CONTENT_TYPE, kind);
            request.body(axum::body::Body::from(body)).unwrap()
        };
        let sent = request("multipart/form-data; boundary=x", body);
        assert!(has_files(&sent));
        assert!(!has_files(&request(
            "application/x-www-form-urlencoded",
            ""
        )));
        let parts = Multipart::from_request(sent, &()).await.unwrap();
        let sent = read_parts(parts).await.unwrap();
        assert_eq!(
            (sent.get("locale"), sent.get("file")),
            ("es", "a = \"ñ\"\n")
        );
        let cut = request("multipart/form-data; boundary=x", "--x\r\ncontent-dis");
        let parts = Multipart::from_request(cut, &()).await.unwrap();
        let refused = read_parts(parts).await.unwrap_err();
        assert!(refused.into_response().status().is_client_error());
    }

    proptest! {
        #[test]
        fn whatever_a_browser_sends_as_a_form_is_read_or_refused(bytes: Vec<u8>, whole: bool) {
            let mut body = b"--x\r\ncontent-disposition: form-data; name=\"".to_vec();
            if !whole {
                body.clear();
            }
            body.extend(bytes);
            let request = Request::post("/").header(CONTENT_TYPE, "multipart/form-data; boundary=x");
            let request = request.body(axum::body::Body::from(body)).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let read = runtime.block_on(async {
                let parts = Multipart::from_request(request, &()).await.unwrap();
                read_parts(parts).await
            });
            if let Err(refused) = read {
                prop_assert!(refused.into_response().status().is_client_error());
            }
        }
    }

    #[test]
    fn a_list_is_moved_by_its_buttons_and_by_nothing_else() {
        let mut list = vec!["a", "b", "c"];
        assert_eq!(arrange(&mut list, "up", 2), Some(1));
        assert_eq!(list, ["a", "c", "b"]);
        assert_eq!(arrange(&mut list, "down", 0), Some(1));
        assert_eq!(list, ["c", "a", "b"]);
        for (act, place) in [
            ("up", 0),
            ("up", 3),
            ("down", 2),
            ("down", usize::MAX),
            ("remove", 3),
            ("", 0),
        ] {
            assert_eq!(arrange(&mut list, act, place), None);
            assert_eq!(list, ["c", "a", "b"], "{act} {place}");
        }
        arrange(&mut list, "remove", 0);
        assert_eq!(list, ["a", "b"]);
    }

    #[test]
    fn the_button_says_what_to_do_and_where() {
        let sent = |value: &str| Sent(vec![("act".to_owned(), value.to_owned())]);
        assert_eq!(sent("up 2").act(), ("up", 2));
        assert_eq!(sent("save").act(), ("save", usize::MAX));
        assert_eq!(sent("up x").act(), ("up", usize::MAX));
        assert_eq!(Sent::default().act(), ("", usize::MAX));
    }
}
