//! The pages of staff: set-up, sign-in, queue, conversation.

mod conversation;
mod door;
mod queue;
mod when;

use axum::Router;

pub(crate) use door::SETUP_TOKEN;

use super::Doors;

pub(super) fn routes() -> Router<Doors> {
    Router::new()
        .merge(door::routes())
        .merge(queue::routes())
        .merge(conversation::routes())
}
