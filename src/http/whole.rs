//! The body of a hook: how much of it is read, and how many large ones at once. Floor 4.

use axum::RequestExt as _;
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{DefaultBodyLimit, Request};
use axum::response::{IntoResponse, Response};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::LARGEST_BODY;
use super::hooks::later;
use crate::gateway::Gateway;

/// The largest hook of a gateway that brings pictures themselves. Carriers let 1 to 3 MB through, of which
/// base64 makes a third more.
const LARGEST_PICTURES: usize = 4 * 1024 * 1024;

/// How many hooks of more than [`LARGEST_BODY`] are in memory at once. Whose they are is known only when all
/// of one is there, so that anyone can begin many.
const AT_ONCE: usize = 8;

static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);

/// A body, with the place that a large one has for as long as it is looked at.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) body: Bytes,
    _place: Option<SemaphorePermit<'static>>,
}

/// Why there is no body.
#[derive(Debug)]
pub(super) enum NotRead {
    /// It has more than is ever read.
    TooLarge(BytesRejection),
    /// It is large, and others are being read: it is to come again.
    NoPlace,
    /// It ended too early.
    Cut(BytesRejection),
}

impl IntoResponse for NotRead {
    fn into_response(self) -> Response {
        match self {
            Self::TooLarge(why) | Self::Cut(why) => why.into_response(),
            Self::NoPlace => later(),
        }
    }
}

/// Reads the body of a hook of this gateway.
pub(super) async fn whole(gateway: &dyn Gateway, body: Body) -> Result<Whole, NotRead> {
    let usual = u64::try_from(LARGEST_BODY).unwrap_or(u64::MAX);
    let may_be_large = body.size_hint().upper().is_none_or(|bytes| bytes > usual);
    let wants_place = may_be_large && gateway.brings_pictures();
    let place = wants_place.then(|| PLACES.try_acquire().ok()).flatten();
    let most = if place.is_some() {
        LARGEST_PICTURES
    } else {
        LARGEST_BODY
    };
    let mut request = Request::new(body);
    DefaultBodyLimit::max(most).apply(&mut request);
    let read: Result<Bytes, BytesRejection> = request.extract().await;
    match read {
        Ok(body) => Ok(Whole {
            body,
            _place: place,
        }),
        Err(BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)))
            if wants_place && place.is_none() =>
        {
            Err(NotRead::NoPlace)
        }
        Err(why @ BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_))) => {
            Err(NotRead::TooLarge(why))
        }
        Err(why) => Err(NotRead::Cut(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::android::{Android, AndroidConfig};
    use crate::gateway::drill::Loopback;

    fn phone() -> Android {
        Android::new(AndroidConfig {
            name: "main".to_owned(),
            username: "user".to_owned(),
            password: "password".into(),
            signing_keys: Vec::new(),
            sim: None,
            messages_url: "http://phone.example.org:8080/message".to_owned(),
        })
    }

    async fn read(gateway: &dyn Gateway, bytes: usize) -> Result<Whole, NotRead> {
        whole(gateway, Body::from(vec![b'a'; bytes])).await
    }

    /// One test, because the places are those of the process.
    #[tokio::test]
    async fn pictures_have_room_and_only_so_many_at_once() {
        for (bytes, fits) in [(LARGEST_PICTURES, true), (LARGEST_PICTURES + 1, false)] {
            let read = read(&phone(), bytes).await;
            assert_eq!(read.is_ok(), fits, "{bytes}");
            assert!(
                fits || matches!(read, Err(NotRead::TooLarge(_))),
                "{read:?}"
            );
        }
        let elsewhere = read(&Loopback::default(), LARGEST_BODY + 1).await;
        assert!(matches!(elsewhere, Err(NotRead::TooLarge(_))));

        let mut held = Vec::new();
        for _ in 0..AT_ONCE {
            held.push(read(&phone(), LARGEST_BODY + 1).await.unwrap());
        }
        let another = read(&phone(), LARGEST_BODY + 1).await;
        assert!(matches!(another, Err(NotRead::NoPlace)), "{another:?}");
        let words = read(&phone(), LARGEST_BODY).await.unwrap();
        assert_eq!(words.body.len(), LARGEST_BODY, "a text has room always");
        held.pop();
        assert!(read(&phone(), LARGEST_BODY + 1).await.is_ok());
    }
}
