//! Hands the requests of one connection to the router, and tells its line how far they are. Part of
//! `listener`: floor 5.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::Service;
use tokio::time::{Instant, Sleep};
use tower::ServiceExt as _;

use super::Patience;
use super::line::{Line, Phase};
use crate::http::{Narrow, Slow};

/// Where the requests of one connection go.
pub(super) struct Door {
    router: Router,
    peer: SocketAddr,
    line: Arc<Line>,
    narrow: Option<Narrow>,
    patience: Patience,
}

impl Door {
    pub(super) const fn new(
        router: Router,
        peer: SocketAddr,
        line: Arc<Line>,
        patience: Patience,
    ) -> Self {
        Self {
            router,
            peer,
            line,
            narrow: None,
            patience,
        }
    }

    /// The same on a place that is kept for some.
    pub(super) fn kept_for(self, narrow: Option<Narrow>) -> Self {
        Self { narrow, ..self }
    }
}

type Answered = Pin<Box<dyn Future<Output = Result<Response<Answer>, Infallible>> + Send>>;

impl Service<Request<Incoming>> for Door {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Answered;

    fn call(&self, request: Request<Incoming>) -> Answered {
        let line = Arc::clone(&self.line);
        line.now(if request.body().is_end_stream() {
            Phase::Answering
        } else {
            Phase::Body
        });
        let slow = Slow::default();
        let mut request = request.map(|body| {
            Body::new(Asked {
                body,
                line: Arc::clone(&line),
                slow: slow.clone(),
                until: Instant::now() + self.patience.body,
                late: None,
            })
        });
        let extensions = request.extensions_mut();
        extensions.insert(ConnectInfo(self.peer));
        extensions.insert(slow);
        if let Some(narrow) = self.narrow {
            extensions.insert(narrow);
        }
        let answering = self.router.clone().oneshot(request);
        Box::pin(async move {
            let answer = answering.await?;
            Ok(answer.map(|body| Answer { body, line }))
        })
    }
}

/// The body of a request, which ends in time.
struct Asked {
    body: Incoming,
    line: Arc<Line>,
    slow: Slow,
    until: Instant,
    late: Option<Pin<Box<Sleep>>>,
}

impl HttpBody for Asked {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            if frame.is_none() || self.body.is_end_stream() {
                self.line.body_done();
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let until = self.until;
        let late = self
            .late
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        std::task::ready!(late.as_mut().poll(cx));
        self.slow.tell();
        Poll::Ready(Some(Err("the body did not come in time".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.line.body_done();
    }
}

/// The body of an answer. When it has gone, the line waits for the next request.
pub(super) struct Answer {
    body: Body,
    line: Arc<Line>,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.line.now(Phase::Idle);
    }
}
