//! `[retention]`: for how many days what is kept.

use serde::Deserialize;

use super::load::ConfigError;

/// `[retention]`: days, by class. What belongs to an open case, to a text without its answer, or is under
/// a legal hold stays longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionSection {
    /// The words of texts, both ways, and what was found in them.
    pub bodies_days: u32,
    /// Notes of the staff in a conversation.
    pub notes_days: u32,
    /// What was not sent yet by staff: started answers.
    pub drafts_days: u32,
    /// Numbers, after the last text; with them goes all that is left of their texters.
    pub numbers_days: u32,
    /// What gateways were asked and answered.
    pub gateway_log_days: u32,
    /// Sessions, known browsers, and failed tries to sign in.
    pub sessions_days: u32,
    /// Pages to the staff, with the addresses that they went to.
    pub pages_days: u32,
    /// What counts only: conversations and cases without words and numbers, drills, incidents.
    pub counts_days: u32,
}

impl Default for RetentionSection {
    fn default() -> Self {
        Self {
            bodies_days: 30,
            notes_days: 30,
            drafts_days: 7,
            numbers_days: 90,
            gateway_log_days: 7,
            sessions_days: 30,
            pages_days: 90,
            counts_days: 730,
        }
    }
}

/// The longest that makes sense: a hundred years.
const LONGEST: u32 = 36_500;

/// The first thing in the section that cannot work.
pub(super) fn check(
    section: &RetentionSection,
    at: &impl Fn(&str) -> String,
) -> Result<(), ConfigError> {
    let all = [
        ("bodies_days", section.bodies_days),
        ("notes_days", section.notes_days),
        ("drafts_days", section.drafts_days),
        ("numbers_days", section.numbers_days),
        ("gateway_log_days", section.gateway_log_days),
        ("sessions_days", section.sessions_days),
        ("pages_days", section.pages_days),
        ("counts_days", section.counts_days),
    ];
    for (key, days) in all {
        if !(1..=LONGEST).contains(&days) {
            return Err(ConfigError::new(
                at(&format!("retention.{key}")),
                format!("{days} days is too short or too long"),
                format!("Write a number from 1 to {LONGEST}"),
            ));
        }
    }
    if section.numbers_days < section.bodies_days {
        return Err(ConfigError::new(
            at("retention.numbers_days"),
            "words would be kept longer than the key that opens them",
            format!(
                "Write {} or more, or lower bodies_days",
                section.bodies_days
            ),
        ));
    }
    if section.counts_days < section.numbers_days {
        return Err(ConfigError::new(
            at("retention.counts_days"),
            "conversations would be removed before their texters",
            format!(
                "Write {} or more, or lower numbers_days",
                section.numbers_days
            ),
        ));
    }
    Ok(())
}
