//! Methods are added, changed, switched off and removed; hours are set.

use jiff::tz::TimeZone;
use serde_json::json;
use uuid::Uuid;

use super::draft::{MethodChange, MethodDraft, gateway, label};
use super::refused::{MOST_METHODS, quoted};
use super::{Done, Refused, Stop, Work};
use crate::oncall::{Preset, Quiet};
use crate::store::NewMethod;

const MINUTES: u16 = 24 * 60;

impl Work<'_> {
    pub(super) async fn add(&mut self, draft: &MethodDraft) -> Result<Done, Stop> {
        let checked = draft.checked(&self.service.ways)?;
        if self.person.methods.len() >= MOST_METHODS {
            return Err(Refused::TooMany.into());
        }
        // Our own JSON is always signed: with what was typed, or with a secret of ours that is shown once.
        let ours = checked.preset == Some(Preset::Json) && checked.secret.is_none();
        let made = ours.then(|| self.job.secret.clone());
        let new = NewMethod {
            staff_id: self.person.id,
            channel: draft.channel,
            label: &checked.label,
            gateway: checked.gateway.as_deref(),
            preset: checked.preset.map(Preset::word),
            address: &checked.address,
            secret: made.as_ref().or(checked.secret.as_ref()),
            uses: draft.uses,
        };
        let added = self.tx.add_method(&new, self.now).await?;
        let id = added.ok_or(Refused::Known)?;
        let detail = json!({
            "staff": self.person.id, "channel": draft.channel.word(), "uses": draft.uses.word(),
            "preset": new.preset, "gateway": new.gateway,
        });
        self.audit("method.added", id, &detail).await?;
        self.tell_of("added a way to page you to your account.")
            .await?;
        Ok(Done { id, secret: made })
    }

    pub(super) async fn change(&mut self, id: Uuid, change: &MethodChange) -> Result<(), Stop> {
        let method = self.method(id)?;
        let label = label(&change.label)?;
        let gateway = gateway(method.channel, &change.gateway, &self.service.ways)?;
        self.tx
            .change_method(id, &label, gateway.as_deref(), change.uses)
            .await?;
        let detail = json!({
            "staff": self.person.id, "channel": method.channel.word(), "uses": change.uses.word(),
            "gateway": gateway,
        });
        self.audit("method.changed", id, &detail).await
    }

    pub(super) async fn switch(&mut self, id: Uuid, on: bool) -> Result<(), Stop> {
        let method = self.method(id)?;
        if method.disabled_at.is_none() == on {
            return Ok(());
        }
        let at = (!on).then_some(self.now);
        self.tx.method_disabled(id, at).await?;
        let action = if on { "method.on" } else { "method.off" };
        self.audit_method(action, &method).await?;
        // By what is left, and by this one if it is back.
        self.read_again().await?;
        let done = if on { "on" } else { "off" };
        let label = &method.label;
        self.tell_of(&format!("switched {done} “{label}”, a way to page you."))
            .await
    }

    pub(super) async fn remove(&mut self, id: Uuid) -> Result<(), Stop> {
        let method = self.method(id)?;
        self.tx.remove_method(id, self.now).await?;
        self.audit_method("method.removed", &method).await?;
        self.read_again().await?;
        let left = &self.person.methods;
        if method.stopped_at.is_some() && left.iter().all(|one| one.stopped_at.is_none()) {
            self.no_longer_stopped().await?;
        }
        let label = &method.label;
        self.tell_of(&format!("removed “{label}”, a way to page you."))
            .await
    }

    pub(super) async fn hours(&mut self, zone: &str, quiet: Option<Quiet>) -> Result<(), Stop> {
        let zone = zone_named(zone)?;
        if let Some(Quiet { from, until }) = quiet {
            if from >= MINUTES || until > MINUTES {
                return Err(Refused::Quiet.into());
            }
            if from == until % MINUTES {
                return Err(Refused::QuietSame.into());
            }
        }
        let quiet = quiet.map(|quiet| Quiet {
            until: quiet.until % MINUTES,
            ..quiet
        });
        self.tx
            .set_person_hours(self.person.id, zone.as_deref(), quiet)
            .await?;
        let hours = quiet.map(|quiet| [quiet.from, quiet.until]);
        let detail = json!({"zone": zone, "quiet": hours});
        self.audit("person.hours", self.person.id, &detail).await
    }

    async fn read_again(&mut self) -> Result<(), Stop> {
        let person = self.tx.person(self.person.id).await?;
        self.person = person.ok_or(Refused::UnknownPerson)?;
        Ok(())
    }
}

/// The name of a zone as the data base of zones has it; none where nothing is named.
fn zone_named(typed: &str) -> Result<Option<String>, Refused> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let zone = TimeZone::get(typed).ok().filter(|zone| !zone.is_unknown());
    let name = zone.and_then(|zone| zone.iana_name().map(str::to_owned));
    name.map(Some).ok_or_else(|| Refused::Zone(quoted(typed)))
}
