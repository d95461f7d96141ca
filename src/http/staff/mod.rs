//! The pages of staff: the door, queue, conversation, on call, schedules, drills, the board of
//! supervisors, incidents, reports, people, how they are reached, one's own account.

mod audit;
mod board;
mod canned;
mod chart;
mod clocks;
mod confirm;
mod content;
mod conversation;
mod csv;
mod door;
mod drills;
mod form;
mod frame;
mod incidents;
mod keys;
mod lab;
mod link;
mod lists;
mod me;
mod methods;
mod on_call;
mod people;
mod policies;
mod push;
mod question;
mod queue;
mod readiness;
mod reports;
mod rights;
mod schedules;
mod search;
mod security;
mod sessions;
mod shift;
mod system;
mod take;
mod theme;
mod when;

use super::access::Routes;
pub(crate) use reports::tables as report_tables;

pub(super) fn routes() -> Routes {
    Routes::new()
        .merge(door::routes())
        .merge(link::routes())
        .merge(confirm::routes())
        .merge(queue::routes())
        .merge(lists::routes())
        .merge(search::routes())
        .merge(conversation::routes())
        .merge(canned::routes())
        .merge(on_call::routes())
        .merge(schedules::routes())
        .merge(policies::routes())
        .merge(drills::routes())
        .merge(content::routes())
        .merge(lab::routes())
        .merge(audit::routes())
        .merge(system::routes())
        .merge(board::routes())
        .merge(incidents::routes())
        .merge(reports::routes())
        .merge(people::routes())
        .merge(me::routes())
        .merge(shift::routes())
        .merge(keys::routes())
        .merge(theme::routes())
        .merge(push::routes())
        .merge(methods::routes())
        .merge(security::routes())
        .merge(sessions::routes())
        .merge(take::routes())
}
