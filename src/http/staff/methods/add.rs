//! Adding a contact method: first of which kind, then where it leads.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::form::{Choice, Sent, Wrong};
use super::super::frame::{Frame, Notice, Visit, done, refused};
use super::Whose;
use super::one::{choices_of_gateways, choices_of_uses};
use crate::http::Doors;
use crate::http::error::PageError;
use crate::http::words::{filters, phrase, tr};
use crate::oncall::{Channel, Preset, Secret, Uses};
use crate::people::{Act, MethodDraft};

#[derive(Template)]
#[template(path = "pages/method_new.html")]
struct KindPage {
    frame: Frame,
    home: String,
    crumb: String,
    kinds: Vec<Kind>,
}

/// A kind of method that can be added, or why it cannot.
struct Kind {
    word: &'static str,
    title: &'static str,
    words: &'static str,
    missing: &'static str,
}

#[derive(Template)]
#[template(path = "pages/method_form.html")]
struct FormPage {
    frame: Frame,
    home: String,
    crumb: String,
    own: bool,
    channel: &'static str,
    called: String,
    address: String,
    secret: String,
    presets: Vec<Choice>,
    gateways: Vec<Choice>,
    uses: Vec<Choice>,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "pages/method_secret.html")]
struct SecretPage {
    frame: Frame,
    secret: String,
    label: String,
    on: String,
}

/// What is typed.
struct Fields(MethodDraft);

impl Fields {
    fn sent(channel: Channel, sent: &Sent) -> Self {
        let typed = |name: &str| sent.get(name).to_owned();
        Self(MethodDraft {
            channel,
            label: typed("label"),
            address: typed("address"),
            gateway: typed("gateway"),
            preset: typed("preset"),
            secret: typed("secret"),
            uses: Uses::of(sent.get("uses")).unwrap_or(Uses::All),
        })
    }

    fn empty(channel: Channel) -> Self {
        let label = match channel {
            Channel::Sms => tr!("phone"),
            Channel::Voice => tr!("calls"),
            Channel::Email => tr!("e-mail"),
            Channel::Webhook => tr!("webhook"),
        };
        let mut fields = Self::sent(channel, &Sent::default());
        fields.0.label = label;
        fields
    }
}

fn presets(chosen: &str) -> Vec<Choice> {
    let label = |preset: Preset| match preset {
        Preset::Json => tr!("Harborline's own JSON, signed (Standard Webhooks)"),
        Preset::Ntfy => tr!("ntfy: a push to a phone"),
        Preset::Slack => tr!("Slack, Mattermost or Discord's /slack address"),
        Preset::Teams => "Microsoft Teams".to_owned(),
        Preset::Pagerduty => "PagerDuty".to_owned(),
        Preset::Alertmanager => tr!("Alertmanager, or a receiver of its webhooks"),
    };
    let choice =
        |preset: Preset| Choice::new(&preset.word(), &label(preset), preset.word() == chosen);
    Preset::ALL.into_iter().map(choice).collect()
}

async fn form(
    visit: &Visit,
    doors: &Doors,
    whose: &Whose,
    Fields(typed): Fields,
    wrong: Wrong,
) -> Result<FormPage, PageError> {
    let profile = whose.profile(doors).await?;
    let MethodDraft {
        channel,
        label,
        address,
        gateway,
        preset,
        secret,
        uses,
    } = typed;
    Ok(FormPage {
        frame: whose.frame(visit, doors),
        home: whose.home(),
        crumb: whose.crumb(&profile),
        own: whose.own,
        channel: channel.word(),
        called: label,
        address,
        secret,
        presets: presets(&preset),
        gateways: choices_of_gateways(doors, channel, &gateway),
        uses: choices_of_uses(uses),
        wrong,
    })
}

fn kinds(doors: &Doors) -> Vec<Kind> {
    let ways = &doors.people.ways;
    let unless = |there: bool, missing: &'static str| if there { "" } else { missing };
    vec![
        Kind {
            word: "sms",
            title: phrase!("Text"),
            words: phrase!("Pages come as texts, and are answered by text."),
            missing: "",
        },
        Kind {
            word: "voice",
            title: phrase!("Call"),
            words: phrase!(
                "The phone rings, and a key takes the case. It wakes who sleeps through texts."
            ),
            missing: unless(
                !ways.calls.is_empty(),
                phrase!("No gateway of this line can make calls."),
            ),
        },
        Kind {
            word: "email",
            title: phrase!("E-mail"),
            words: phrase!("Good as a second way, where there is no signal. It wakes nobody."),
            missing: unless(
                ways.mail,
                phrase!(
                    "This line has no mail server: the operator sets [smtp] in the configuration."
                ),
            ),
        },
        Kind {
            word: "webhook",
            title: phrase!("Push or webhook"),
            words: phrase!(
                "ntfy, Slack, Teams, PagerDuty, Alertmanager, or a program of your own."
            ),
            missing: "",
        },
    ]
}

pub(super) async fn page(
    visit: Visit,
    State(doors): State<Doors>,
    whose: Whose,
    sent: Sent,
) -> Result<Response, PageError> {
    let Some(channel) = Channel::of(sent.get("kind")) else {
        let profile = whose.profile(&doors).await?;
        let page = KindPage {
            frame: whose.frame(&visit, &doors),
            home: whose.home(),
            crumb: whose.crumb(&profile),
            kinds: kinds(&doors),
        };
        return visit.show(&doors, &page);
    };
    let fields = Fields::empty(channel);
    let page = form(&visit, &doors, &whose, fields, Wrong::default()).await?;
    visit.show(&doors, &page)
}

pub(super) async fn add(
    visit: Visit,
    State(doors): State<Doors>,
    whose: Whose,
    sent: Sent,
) -> Result<Response, PageError> {
    let channel = Channel::of(sent.get("kind")).ok_or(PageError::NotFound)?;
    let fields = Fields::sent(channel, &sent);
    let label = fields.0.label.trim().to_owned();
    let act = Act::Add(fields.0.clone());
    let added = match whose.act(&doors, &visit, act).await? {
        Ok(added) => added,
        Err(wrong) => return refused(&form(&visit, &doors, &whose, fields, wrong).await?),
    };
    let on = whose.path_of(added.id);
    if let Some(secret) = &added.secret {
        // Its receiver has to know the secret before anything is sent there.
        let page = SecretPage {
            frame: whose.frame(&visit, &doors),
            secret: Secret::reveal(secret).to_owned(),
            label,
            on,
        };
        return visit.show(&doors, &page);
    }
    let notice = match whose.act(&doors, &visit, Act::SendCode(added.id)).await? {
        Ok(_) => Notice::MethodAdded,
        // It is there all the same: its page says what keeps the code from it.
        Err(_) => Notice::MethodAddedOnly,
    };
    Ok(done(&doors, &on, notice))
}
