//! The trail of a text: from the request that brought it to the gateway that took its answer. What is logged on
//! the way carries the id of that request, and where traces are collected each step is a span. Floor 2.
//!
//! A span holds ids of rows and of requests, names of gateways and lanes: nothing of a person. The names of the
//! spans stand in [`STEPS`]; no other span leaves the program.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use tracing::{Instrument as _, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use uuid::Uuid;

use crate::lane::Lane;

/// The spans of a trail, in their order.
pub const STEPS: [&str; 6] = [
    "request",
    "triage",
    "commit",
    "conversation",
    "outbox",
    "gateway",
];

/// How many texts are remembered whose answers may still leave; older ones begin a trail of their own.
const REMEMBERED: usize = 4_096;

tokio::task_local! {
    /// The request that is answered just now, or that brought what is sent just now.
    static REQUEST: Arc<str>;
}

/// Does what a request asks for, under its id.
pub async fn of_request<T>(id: &str, work: impl Future<Output = T>) -> T {
    REQUEST.scope(Arc::from(id), work).await
}

/// The same work for a task of its own, which belongs to the request that starts it.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let id = id();
    async move {
        match id {
            Some(id) => REQUEST.scope(id, work).await,
            None => work.await,
        }
    }
}

/// A text is judged.
#[must_use]
pub fn triage() -> Span {
    tracing::info_span!("triage", id = id().as_deref())
}

/// What follows from a text is decided and kept, in one commit.
#[must_use]
pub fn commit() -> Span {
    tracing::info_span!("commit", id = id().as_deref())
}

/// The decision inside of a commit. It may run on another task, and more than once.
#[must_use]
pub fn conversation(commit: &Span, id: Option<&str>) -> Span {
    tracing::info_span!(parent: commit, "conversation", id)
}

/// The id of the request that is answered just now, if one is.
#[must_use]
pub fn id() -> Option<Arc<str>> {
    REQUEST.try_with(Arc::clone).ok()
}

/// A gateway is asked to take a text.
#[must_use]
pub fn gateway(name: &str) -> Span {
    tracing::info_span!("gateway", id = id().as_deref(), gateway = name)
}

/// Where a text came from.
#[derive(Clone)]
struct Trail {
    request: Option<Arc<str>>,
    span: SpanContext,
}

/// Where the latest texts came from, so that their answers are known to belong to them.
#[derive(Default)]
pub struct Trails(Mutex<Latest>);

#[derive(Default)]
struct Latest {
    trails: HashMap<Uuid, Trail>,
    order: VecDeque<Uuid>,
}

impl Trails {
    /// Remembers where a text came from: the request that is answered just now.
    pub fn begin(&self, text: Uuid) {
        let context = Span::current().context();
        let trail = Trail {
            request: id(),
            span: context.span().span_context().clone(),
        };
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.trails.insert(text, trail).is_none() {
            latest.order.push_back(text);
        }
        if latest.order.len() > REMEMBERED
            && let Some(oldest) = latest.order.pop_front()
        {
            latest.trails.remove(&oldest);
        }
    }

    /// Sends what answers a text, on its trail. Without one it is a trail of its own.
    pub async fn follow<T>(
        &self,
        text: Option<Uuid>,
        (lane, gateway): (Lane, &str),
        work: impl Future<Output = T>,
    ) -> T {
        let trail = text.and_then(|text| {
            let latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            latest.trails.get(&text).cloned()
        });
        let id = trail.as_ref().and_then(|trail| trail.request.clone());
        let lane = lane.word();
        let span = tracing::info_span!("outbox", id = id.as_deref(), lane, gateway);
        if let Some(trail) = trail.filter(|trail| trail.span.is_valid()) {
            let parent = Context::new().with_remote_span_context(trail.span);
            // Refused only where no traces are collected.
            let _ = span.set_parent(parent);
        }
        let work = work.instrument(span);
        match id {
            Some(id) => REQUEST.scope(id, work).await,
            None => work.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_answers_a_text_carries_the_id_of_its_request_and_others_carry_none() {
        let trails = Trails::default();
        let (text, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        of_request("a-1", async {
            let apart = tokio::spawn(carried(async { id().as_deref() == Some("a-1") }));
            assert!(apart.await.unwrap(), "a task of its own, too");
            trails.begin(text);
        })
        .await;
        let seen = |text| trails.follow(text, (Lane::Content, "main"), async { id() });
        assert_eq!(seen(Some(text)).await.as_deref(), Some("a-1"));
        assert_eq!(seen(Some(other)).await, None);
        assert_eq!(seen(None).await, None);
    }

    #[tokio::test]
    async fn only_the_latest_texts_are_remembered() {
        let trails = Trails::default();
        for n in 0..=REMEMBERED as u128 {
            of_request("a", async { trails.begin(Uuid::from_u128(n)) }).await;
        }
        let latest = trails.0.lock().unwrap();
        assert_eq!(latest.trails.len(), REMEMBERED);
        assert!(!latest.trails.contains_key(&Uuid::from_u128(0)));
    }
}
