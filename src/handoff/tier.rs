//! A person decides how urgent a conversation is: the only way in which it becomes less urgent (promise
//! P7). Part of `handoff`: floor 3.

use uuid::Uuid;

use super::carry_out::{Case, Done};
use super::{Handoff, Refused};
use crate::content::codes;
use crate::conversation::{AlertRequest, Crisis, Place, Reason, State};
use crate::oncall::Alert;
use crate::store::{StoreError, Tx};
use crate::triage::Tier;

impl Handoff {
    pub(super) async fn set_tier(
        &self,
        tx: &mut Tx,
        case: &mut Case<'_>,
        (tier, reason): (Tier, &str),
        seen: Option<Uuid>,
    ) -> Done {
        if codes::line(&self.packs.codes().tiers, reason).is_none() {
            return Ok(Err(Refused::NoReason));
        }
        let was = case.texter.conversation.map(|open| open.tier);
        let was = was.unwrap_or_default();
        if tier == was {
            return Ok(Err(Refused::SameTier));
        }
        if tier < was
            && let Err(refused) = case.is_read(tx, seen).await?
        {
            return Ok(Err(refused));
        }
        tx.set_tier(case.conversation, tier).await?;
        let state = decided(&case.texter.state, tier, case.now);
        tx.save_state(&case.texter, &state).await?;
        case.texter.state = state;
        self.urgency_follows(tx, case, tier, tier > was).await?;
        Ok(Ok(()))
    }

    /// The case is as urgent as was decided. Where nobody has it, a person is called for what became more
    /// urgent, at once.
    async fn urgency_follows(
        &self,
        tx: &mut Tx,
        case: &mut Case<'_>,
        tier: Tier,
        rises: bool,
    ) -> Result<(), StoreError> {
        let request = AlertRequest {
            reason: Reason::Crisis,
            tier,
            page_after: std::time::Duration::ZERO,
        };
        let calls = rises && tier >= Tier::Concern && case.holder.is_none();
        match (&mut case.alert, case.texter.conversation) {
            (Some(alert), _) if calls => {
                if alert.raise(request, case.now, &self.desk.clocks) {
                    tx.forget_acknowledgements(alert.id).await?;
                }
            }
            (Some(alert), _) => alert.tier = tier,
            (None, Some(open)) if calls => {
                let (id, code) = (tx.id(case.now), tx.free_code().await?);
                let mut alert = Alert::open(id, open.id, case.texter.id, code, request, case.now);
                alert.drill = open.drill;
                tx.insert_alert(&alert).await?;
                case.alert = Some(alert);
            }
            (None, _) => {}
        }
        Ok(())
    }
}

/// Where the texter stands after a person has decided.
fn decided(state: &State, tier: Tier, now: crate::clock::At) -> State {
    let crisis = (tier >= Tier::High).then(|| Crisis {
        tier,
        since: state.crisis.map_or(now, |crisis| crisis.since),
        menu: state.crisis.is_some_and(|crisis| crisis.menu),
    });
    // A question that a person has answered for them is not asked any more.
    let place = match state.place {
        Place::Asked { .. } => Place::Menu,
        place => place,
    };
    State {
        place,
        crisis,
        ..state.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::At;

    #[test]
    fn a_person_ends_a_crisis_or_begins_one() {
        let state = decided(&State::default(), Tier::Imminent, At(5));
        assert_eq!(state.open_tier(), Some(Tier::Imminent));
        let lower = decided(&state, Tier::High, At(9));
        assert_eq!(lower.crisis.unwrap().since, At(5), "it is the same crisis");
        let over = decided(&lower, Tier::Topic, At(9));
        assert_eq!(over.open_tier(), None);
        let asked = State {
            place: Place::Asked {
                since: At(1),
                page: None,
            },
            ..State::default()
        };
        assert_eq!(decided(&asked, Tier::None, At(9)).open_tier(), None);
    }
}
