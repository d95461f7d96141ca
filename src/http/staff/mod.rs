//! The pages of staff: set-up, sign-in, queue, conversation.

mod conversation;
mod door;
mod frame;
mod queue;
mod when;

pub(crate) use door::SETUP_TOKEN;

use super::access::Routes;

pub(super) fn routes() -> Routes {
    Routes::new()
        .merge(door::routes())
        .merge(queue::routes())
        .merge(conversation::routes())
}
