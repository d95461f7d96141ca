//! One file of the packs: every text with what it costs, how hard it is to read and who approved it; the
//! resources with their dates; the codes.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::frame::{Frame, Section, Visit};
use super::super::readiness::Mark;
use super::super::when::date;
use super::{VIEW, file_of, label, short, standing};
use crate::content::codes::Code;
use crate::content::review::{Text, mark_of};
use crate::content::{Approval, PackFile, Resource, approval};
use crate::http::Doors;
use crate::http::access::Routes;
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::words::{filters, phrase, tr};
use crate::locale::Locale;
use crate::review::Overview;
use crate::staff::Permission;

pub(super) fn routes() -> Routes {
    Routes::new().get("/content/{file}", VIEW, page)
}

#[derive(Template)]
#[template(path = "pages/content_file.html")]
struct FilePage {
    frame: Frame,
    word: &'static str,
    label: &'static str,
    /// The language of its texts; empty when it has none.
    lang: &'static str,
    source: String,
    version: String,
    mark: Mark,
    approved: String,
    may_approve: bool,
    groups: Vec<Group>,
    resources: Vec<ResourceRow>,
    lists: Vec<List>,
}

/// Texts that belong together.
struct Group {
    id: &'static str,
    title: &'static str,
    texts: Vec<TextRow>,
}

/// A text, in words.
struct TextRow {
    key: String,
    words: String,
    cost: String,
    grade: String,
    /// Who approved it, in the version of the file that they read.
    approved: String,
    mark: Mark,
}

/// The groups: what their keys begin with or whether they are crisis texts, and their titles.
const GROUPS: [(&str, &str); 4] = [
    (
        "crisis",
        phrase!("Crisis texts, questions and answers to who asks for a person"),
    ),
    ("messages", phrase!("Other messages")),
    ("pages", phrase!("Pages")),
    ("chooser", phrase!("Questions of the chooser")),
];

impl TextRow {
    fn new(file: PackFile, text: Text, overview: &Overview) -> Self {
        let segments = match text.cost.segments {
            1 => tr!("1 segment"),
            n => tr!("{n} segments", n),
        };
        let found = approval::of_text(file, (&text.key, &text.mark), &overview.approvals);
        let (mark, approved) = approved(found, overview);
        Self {
            cost: tr!(
                "{segments}, {units} of {most} units, {encoding}",
                segments,
                units = text.cost.units,
                most = text.most_units,
                encoding = text.cost.encoding
            ),
            grade: text.grade.map_or_else(String::new, |grade| {
                tr!("reading grade {grade}", grade = format!("{grade:.1}"))
            }),
            mark,
            approved,
            key: text.key,
            words: text.words,
        }
    }
}

/// Who approved a text as it is now, in a word and a few.
fn approved(found: Option<&Approval>, overview: &Overview) -> (Mark, String) {
    let (mark, _) = standing(found, overview.today);
    let words = found.map_or_else(String::new, |approval| {
        let day = date(approval.review_on);
        tr!("by {by}, review {day}", by = approval.by, day)
    });
    (mark, words)
}

fn groups(doors: &Doors, file: PackFile, locale: Locale, overview: &Overview) -> Vec<Group> {
    let mut groups = GROUPS.map(|(id, title)| Group {
        id,
        title,
        texts: Vec::new(),
    });
    for text in doors.review.texts(locale) {
        let id = if text.crisis {
            "crisis"
        } else {
            text.key.split('.').next().unwrap_or_default()
        };
        if let Some(group) = groups.iter_mut().find(|group| group.id == id) {
            group.texts.push(TextRow::new(file, text, overview));
        }
    }
    groups.into()
}

/// A resource, in words.
struct ResourceRow {
    id: String,
    name: String,
    en: String,
    es: String,
    source: String,
    /// The address of the source, if it is one.
    link: bool,
    dates: String,
    reviewed_by: String,
    unverified: String,
    freshness: Mark,
    mark: Mark,
    approved: String,
}

impl ResourceRow {
    fn new(id: &str, resource: &Resource, overview: &Overview) -> Self {
        let freshness = if resource.expires_on <= overview.today {
            Mark {
                class: "bad",
                word: phrase!("stale"),
            }
        } else if resource.unverified.is_empty() {
            Mark {
                class: "good",
                word: phrase!("verified"),
            }
        } else {
            Mark {
                class: "care",
                word: phrase!("unsure"),
            }
        };
        let key = format!("resources.{id}");
        let mark = mark_of(resource);
        let found = approval::of_text(PackFile::Resources, (&key, &mark), &overview.approvals);
        let (mark, approved) = approved(found, overview);
        Self {
            id: id.to_owned(),
            name: resource.name.clone(),
            en: resource.words(Locale::En).to_owned(),
            es: resource.words(Locale::Es).to_owned(),
            source: resource.source.clone(),
            link: resource.source.starts_with("https://"),
            dates: tr!(
                "verified on {verified_on}, to be verified again by {expires_on}",
                verified_on = date(resource.verified_on),
                expires_on = date(resource.expires_on)
            ),
            reviewed_by: resource.reviewed_by.clone(),
            unverified: resource.unverified.clone(),
            freshness,
            mark,
            approved,
        }
    }
}

/// A list of codes.
struct List {
    name: &'static str,
    codes: Vec<Code>,
}

async fn page(
    visit: Visit,
    State(doors): State<Doors>,
    Path(word): Path<String>,
) -> Result<Response, PageError> {
    let file = file_of(&word)?;
    let overview = doors.review.overview().await?;
    let packs = &doors.review.packs;
    let (mark, approved) = standing(
        approval::in_force(packs, file, &overview.approvals),
        overview.today,
    );
    let page = FilePage {
        frame: visit.frame(&doors, Section::Line),
        word: file.word(),
        label: label(file),
        lang: file.locale().map_or("", Locale::tag),
        source: packs.source(file).to_owned(),
        version: short(packs.hash(file)).to_owned(),
        mark,
        approved,
        may_approve: visit.me.role.may(Permission::ApproveContent),
        groups: file
            .locale()
            .map(|locale| groups(&doors, file, locale, &overview))
            .unwrap_or_default(),
        resources: match file {
            PackFile::Resources => packs
                .resources()
                .iter()
                .map(|(id, resource)| ResourceRow::new(id, resource, &overview))
                .collect(),
            _ => Vec::new(),
        },
        lists: match file {
            PackFile::Codes => packs
                .codes()
                .lists()
                .map(|(name, codes)| List {
                    name,
                    codes: codes.to_vec(),
                })
                .into(),
            _ => Vec::new(),
        },
    };
    visit.show(&doors, &page)
}
