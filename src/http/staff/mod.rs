//! The pages of staff: the door, queue, conversation, people, one's own account.

mod confirm;
mod conversation;
mod door;
mod frame;
mod link;
mod people;
mod queue;
mod security;
mod sessions;
mod take;
mod when;

use super::access::Routes;

pub(super) fn routes() -> Routes {
    Routes::new()
        .merge(door::routes())
        .merge(link::routes())
        .merge(confirm::routes())
        .merge(queue::routes())
        .merge(conversation::routes())
        .merge(people::routes())
        .merge(security::routes())
        .merge(sessions::routes())
        .merge(take::routes())
}
