//! Reports: a month of made-up texters through the real intake, and every figure once more by other means:
//! plain SQL over the messages, the outbox and the audit log, and what the month itself knows it did.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::StatusCode;
use harborline::drill::Wish;
use harborline::handoff::{Act, WrapUp};
use harborline::oncall::{Until, Variant};
use harborline::reports::{CaseEnd, Ending, Figures, Group, Measure, Period, Spread};
use harborline::staff::Role;
use harborline::store::Account;
use harborline::text::MessageBody;
use harborline::triage::Tier;
use jiff::civil::date;
use jiff::tz::TimeZone;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use uuid::Uuid;

use crate::support::sql::column;
use crate::support::world::{minutes, seconds};
use crate::support::{Engine, World, both};

/// The line's own zone: five hours behind UTC all January.
const ZONE: &str = "America/New_York";
const FIRST: &str = "+15550171";
/// Words that we ask back about.
const ALONE: &str = "i feel so alone";
/// Texters of the month. As many as a test can wait for on both engines.
const TEXTERS: u32 = 60;

async fn in_new_york(engine: Engine) -> Option<World> {
    World::with(engine, |config| {
        ZONE.clone_into(&mut config.oncall.time_zone);
    })
    .await
}

const fn hours(n: u64) -> Duration {
    Duration::from_hours(n)
}

/// What the month knows of itself.
#[derive(Default)]
struct Month {
    conversations: u64,
    spanish: u64,
    opted_out: u64,
    outcomes: BTreeMap<String, u64>,
}

/// Somebody of the made-up month, and what they do.
struct Texter {
    number: String,
    spanish: bool,
    words: &'static str,
    /// Whether a person is called at once.
    calls: bool,
}

fn texter(nth: u32, dice: &mut StdRng) -> Texter {
    let spanish = dice.random_range(0..4) == 0;
    let (words, calls) = match (dice.random_range(0..7), spanish) {
        (0..=2, false) => ("i want to die", true),
        (0..=2, true) => ("me quiero morir", true),
        (3, false) => ("can i talk to a person", true),
        (3, true) => ("quiero hablar con una persona", true),
        (4, false) => (ALONE, false),
        (_, false) => ("menu", false),
        (_, true) => ("hola, que es la terapia", false),
    };
    Texter {
        number: format!("+1555020{nth:04}"),
        spanish,
        words,
        calls,
    }
}

/// Lets a case be taken, answered and closed, as far as the dice let it come.
async fn attended(world: &World, staff: &Account, dice: &mut StdRng, month: &mut Month) {
    let mut wait = |most: u64| seconds(dice.random_range(5..most));
    let (paged, acknowledged, claimed, talked) = (wait(200), wait(100), wait(150), wait(2_000));
    world.jump(paged).await;
    let cases = world.cases().await;
    let newest = cases.iter().max_by_key(|case| case.waiting_since).unwrap();
    let (case, code) = (newest.conversation_id, newest.code.clone());
    let way = dice.random_range(0..6);
    if way == 0 {
        // Nobody comes; a supervisor closes it in the morning.
        world.jump(hours(6)).await;
        closed(world, staff, case, "other_line", month).await;
        return;
    }
    if way < 3 {
        world.phone(FIRST).texts(&code).await;
        world.jump(acknowledged).await;
    }
    if way == 2 {
        // Too slow: it is opened again, and the first times still count.
        world.jump(minutes(20)).await;
    }
    world.acts(staff, case, Act::Claim).await.unwrap();
    world.jump(claimed).await;
    let words = MessageBody::new("I am here with you.");
    world.acts(staff, case, Act::Write(words)).await.unwrap();
    world.jump(talked).await;
    let outcome = if way == 5 {
        "not_meant"
    } else {
        "safe_for_now"
    };
    closed(world, staff, case, outcome, month).await;
}

async fn closed(world: &World, staff: &Account, case: Uuid, outcome: &str, month: &mut Month) {
    let end = Act::WrapUp(WrapUp::with(outcome));
    world.acts(staff, case, end).await.unwrap();
    *month.outcomes.entry(outcome.to_owned()).or_default() += 1;
}

/// A month through the real intake; one drill and what responders text are in it, too.
async fn a_month(world: &World) -> Month {
    let mut dice = StdRng::seed_from_u64(7);
    let staff = world.a_person_as("First", FIRST, Role::Supervisor).await;
    let mut month = Month::default();
    // A day, so that the month begins in it and not before.
    world.jump(hours(24)).await;
    for nth in 0..TEXTERS {
        world.jump(minutes(dice.random_range(30..1_000))).await;
        let texter = texter(nth, &mut dice);
        let phone = world.phone(&texter.number);
        phone.texts(texter.words).await;
        month.conversations += 1;
        month.spanish += u64::from(texter.spanish);
        if texter.calls {
            attended(world, &staff, &mut dice, &mut month).await;
        } else if texter.words == ALONE {
            world.jump(seconds(60)).await;
            phone.texts("N").await;
        } else {
            match dice.random_range(0..4) {
                0 => {
                    phone.texts("STOP").await;
                    phone.texts("hello again").await;
                    month.opted_out += 1;
                }
                1 => {
                    world.jump(seconds(90)).await;
                    phone.texts("1").await;
                }
                _ => {}
            }
        }
        if nth == TEXTERS / 2 {
            let wish = Wish {
                variant: Variant::Plain,
                until: Until::Acknowledged,
                dry_run: true,
                limit: None,
                anyway: true,
                by: "cli".to_owned(),
            };
            world.app.drills.ask(wish).await.unwrap().unwrap();
            world.settle().await;
            world.jump(hours(1)).await;
        }
    }
    world.jump(hours(1)).await;
    month
}

/// The numbers of a question, in any order.
async fn numbers(world: &World, sql: &'static str) -> Vec<i64> {
    column(&world.config.database.url, sql).await
}

/// The smallest number that at least so many of a hundred are not greater than: by counting, without an order.
fn percentile(numbers: &[i64], percent: usize) -> Option<i64> {
    let enough = |limit: &i64| {
        let not_greater = numbers.iter().filter(|one| *one <= limit).count();
        not_greater * 100 >= numbers.len() * percent
    };
    numbers.iter().copied().filter(enough).min()
}

fn spread(numbers: &[i64]) -> Spread {
    Spread {
        count: numbers.len() as u64,
        median: percentile(numbers, 50),
        p90: percentile(numbers, 90),
        p99: percentile(numbers, 99),
    }
}

/// Conversations with a texter: without drills, and without those that hold only what responders texted.
macro_rules! with_texters {
    ($select:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $select,
            " FROM conversations c WHERE c.drill_id IS NULL AND EXISTS (
                SELECT 1 FROM messages m JOIN obligations o ON o.message_id = m.id
                 WHERE m.conversation_id = c.id AND m.author = 'texter'
                   AND COALESCE(o.outcome, '') <> 'responder') ",
            $rest
        )
    };
}

/// Cases that called a person.
macro_rules! called {
    ($select:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $select,
            " FROM alerts a WHERE a.drill_id IS NULL AND a.reason <> 'awaits_human'
                AND COALESCE(a.closed_because, '') <> 'answered_no' ",
            $rest
        )
    };
}

async fn figures(world: &World, period: Period) -> Figures {
    let zone = TimeZone::get(ZONE).unwrap();
    let mut tx = world.app.store.read().await.unwrap();
    let rows = tx
        .report_rows(period.bounds(&zone), world.now())
        .await
        .unwrap();
    Figures::of(&rows, &zone)
}

/// All that the month holds.
const MONTH: Period = Period {
    from: date(2026, 1, 1),
    until: date(2026, 3, 31),
};

async fn the_conversations_are_counted_right(world: &World, month: &Month, found: &Figures) {
    assert_eq!(
        found.conversations, month.conversations,
        "those that the month opened"
    );
    assert_eq!(found.of_drills, 1);
    let hours = numbers(
        world,
        with_texters!("((c.opened_at / 1000 - 18000) / 3600) % 24", ""),
    )
    .await;
    let days = numbers(
        world,
        with_texters!("((c.opened_at / 1000 - 18000) / 86400 + 3) % 7", ""),
    )
    .await;
    let counted = |list: &[i64], value: usize| {
        let value = i64::try_from(value).unwrap();
        list.iter().filter(|one| **one == value).count() as u64
    };
    for (hour, count) in found.hours.iter().enumerate() {
        assert_eq!(*count, counted(&hours, hour), "hour {hour}");
    }
    for (day, count) in found.weekdays.iter().enumerate() {
        assert_eq!(*count, counted(&days, day), "day {day}");
    }
    for (tier, sql) in [
        (
            Tier::Imminent,
            with_texters!("c.opened_at", "AND c.tier = 'imminent'"),
        ),
        (
            Tier::High,
            with_texters!("c.opened_at", "AND c.tier = 'high'"),
        ),
        (
            Tier::Concern,
            with_texters!("c.opened_at", "AND c.tier = 'concern'"),
        ),
        (
            Tier::Topic,
            with_texters!("c.opened_at", "AND c.tier = 'topic'"),
        ),
        (
            Tier::None,
            with_texters!("c.opened_at", "AND c.tier = 'none'"),
        ),
    ] {
        let expected = numbers(world, sql).await.len() as u64;
        assert_eq!(*found.tiers.get(&tier).unwrap_or(&0), expected, "{tier:?}");
    }
    let spanish = found.locales.get("es").copied().unwrap_or(0);
    assert_eq!(spanish, month.spanish);
    assert_eq!(found.locales.values().sum::<u64>(), month.conversations);
    assert_eq!(found.opted_out, month.opted_out);
    for (code, count) in &month.outcomes {
        assert_eq!(
            found.endings[&Ending::Outcome(code.clone())],
            *count,
            "{code}"
        );
    }
    assert_eq!(found.endings.values().sum::<u64>(), month.conversations);
    let open = numbers(
        world,
        with_texters!("c.opened_at", "AND c.closed_at IS NULL"),
    )
    .await;
    assert_eq!(found.endings[&Ending::Open], open.len() as u64);
}

async fn the_texts_are_counted_right(world: &World, found: &Figures) {
    // From the outbox and the messages, not from the state of the obligations' own reasons.
    let ended =
        "SELECT o.closed_at - o.due_at FROM obligations o JOIN messages m ON m.id = o.message_id
                   JOIN conversations c ON c.id = m.conversation_id
                  WHERE c.drill_id IS NULL AND o.outcome IN ('replied', 'answered_together')";
    let ended = numbers(world, ended).await;
    let in_time = ended.iter().filter(|late| **late <= 0).count() as u64;
    assert_eq!(found.texts.in_time, in_time);
    assert_eq!(found.texts.late, ended.len() as u64 - in_time);
    let texts = world
        .count(
            "SELECT COUNT(*) FROM messages m JOIN conversations c ON c.id = m.conversation_id
              WHERE m.author = 'texter' AND c.drill_id IS NULL",
        )
        .await;
    let codes = world
        .count("SELECT COUNT(*) FROM audit_log WHERE action = 'alert.acknowledged' AND detail LIKE '%\"how\":\"text\"%'")
        .await;
    assert!(codes > 0, "responders texted, too");
    assert_eq!(found.texts.all(), u64::try_from(texts - codes).unwrap());
    let silent = found.texts.reasons.get("opted_out").copied().unwrap_or(0);
    assert_eq!(silent, found.opted_out, "each of them wrote once more");
}

async fn the_times_are_measured_right(world: &World, found: &Figures) {
    // Replies: when the outbox was done with the first that a gateway took.
    let replied = numbers(
        world,
        with_texters!(
            "(SELECT MIN(o.done_at) FROM outbox o JOIN messages m ON m.id = o.message_id
               WHERE m.conversation_id = c.id AND o.state = 'accepted')
             - (SELECT MIN(m.at) FROM messages m WHERE m.conversation_id = c.id AND m.author = 'texter')",
            "AND EXISTS (SELECT 1 FROM outbox o JOIN messages m ON m.id = o.message_id
                          WHERE m.conversation_id = c.id AND o.state = 'accepted')"
        ),
    )
    .await;
    assert_eq!(
        found.waits[&(Measure::Replied, Group::All)],
        spread(&replied)
    );
    // The rest: from the audit log and the messages, which nothing undoes.
    let acknowledged = numbers(
        world,
        called!(
            "(SELECT MIN(l.at) FROM audit_log l WHERE l.subject = a.id AND l.action = 'alert.acknowledged')
             - COALESCE((SELECT MIN(p.at) FROM audit_log p WHERE p.subject = a.id AND p.action = 'alert.paged'
                          AND p.at <= (SELECT MIN(l.at) FROM audit_log l
                                        WHERE l.subject = a.id AND l.action = 'alert.acknowledged')), a.opened_at)",
            "AND EXISTS (SELECT 1 FROM audit_log l WHERE l.subject = a.id AND l.action = 'alert.acknowledged')"
        ),
    )
    .await;
    assert_eq!(
        found.waits[&(Measure::Acknowledged, Group::All)],
        spread(&acknowledged)
    );
    let claimed = numbers(
        world,
        called!(
            "(SELECT MIN(l.at) FROM audit_log l WHERE l.subject = a.conversation_id
                AND l.action = 'conversation.claimed') - a.opened_at",
            "AND EXISTS (SELECT 1 FROM audit_log l WHERE l.subject = a.conversation_id
                          AND l.action = 'conversation.claimed')"
        ),
    )
    .await;
    assert_eq!(
        found.waits[&(Measure::Claimed, Group::All)],
        spread(&claimed)
    );
    let answered = called!(
        "(SELECT MIN(m.at) FROM messages m WHERE m.conversation_id = a.conversation_id AND m.author = 'staff')
           - a.opened_at",
        "AND EXISTS (SELECT 1 FROM messages m WHERE m.conversation_id = a.conversation_id AND m.author = 'staff')"
    );
    let answered = numbers(world, answered).await;
    assert_eq!(
        found.waits[&(Measure::Answered, Group::All)],
        spread(&answered)
    );
    let crises = called!(
        "(SELECT MIN(m.at) FROM messages m WHERE m.conversation_id = a.conversation_id AND m.author = 'staff')
           - a.opened_at",
        "AND a.tier IN ('high', 'imminent')
         AND EXISTS (SELECT 1 FROM messages m WHERE m.conversation_id = a.conversation_id AND m.author = 'staff')"
    );
    let crises = numbers(world, crises).await;
    assert_eq!(
        found.waits[&(Measure::Answered, Group::Crisis)],
        spread(&crises)
    );
    assert!(
        crises.len() > 5 && answered.len() > crises.len(),
        "the month had of both"
    );
    let person = found.answered_by_a_person(Group::All);
    assert_eq!(person.answered, answered.len() as u64);
    let safe = found.others.get(&CaseEnd::NotNeeded).copied().unwrap_or(0);
    let said_no = "SELECT COUNT(*) FROM audit_log WHERE action = 'text.decided' AND detail LIKE '%\"calls_human\":true%'
                      AND subject IN (SELECT id FROM messages WHERE tier = 'concern')";
    assert_eq!(
        safe,
        u64::try_from(world.count(said_no).await).unwrap(),
        "each said that they are safe"
    );
    let all = numbers(world, called!("a.opened_at", "")).await;
    assert_eq!(person.of, all.len() as u64);
    let unanswered = found.crises.get(&CaseEnd::Unanswered).unwrap_or(&0)
        + found.others.get(&CaseEnd::Unanswered).unwrap_or(&0);
    assert_eq!(
        unanswered,
        person.of - person.answered,
        "nobody waits any more"
    );
    assert!(unanswered > 0, "the month had of these, too");
}

both! {
    in in_new_york;
    async fn a_month_comes_out_the_same_by_other_means(world: World) {
        let month = a_month(&world).await;
        let found = figures(&world, MONTH).await;
        the_conversations_are_counted_right(&world, &month, &found).await;
        the_texts_are_counted_right(&world, &found).await;
        the_times_are_measured_right(&world, &found).await;
        let drills: Vec<_> = found.drills.iter().collect();
        assert_eq!(drills, [(&("plain", Some("passed")), &1)]);

        // Two halves are the whole, whatever day lies between.
        let first = Period { until: date(2026, 1, 14), ..MONTH };
        let second = Period { from: date(2026, 1, 15), ..MONTH };
        let (first, second) = (figures(&world, first).await, figures(&world, second).await);
        assert!(first.conversations > 0 && second.conversations > 0);
        assert_eq!(first.conversations + second.conversations, found.conversations);
        assert_eq!(first.texts.all() + second.texts.all(), found.texts.all());
        let before = Period { from: date(2025, 1, 1), until: date(2025, 12, 30) };
        assert_eq!(figures(&world, before).await, Figures::default());
        the_pages_show_it(&world, &found).await;
    }
}

/// The same numbers stand on the page; in what is given away the small ones are taken out.
async fn the_pages_show_it(world: &World, found: &Figures) {
    let night = world
        .an_account("night@example.org", Role::Supervisor)
        .await;
    let visitor = world.visitor(&night).await;
    let page = visitor
        .reads("/reports?from=2026-01-01&until=2026-03-31")
        .await;
    for part in [
        format!("<strong>{}</strong>", found.conversations),
        "America/New_York".to_owned(),
        "1 made-up conversation is left out".to_owned(),
        "1 Jan 2026 – 31 Mar 2026, 90 days".to_owned(),
        "Safe for now: they told us so, and have a plan".to_owned(),
        "<title id=\"hours-title\">".to_owned(),
        "nearest rank".to_owned(),
    ] {
        assert!(page.contains(&part), "no {part:?}: {page}");
    }
    assert!(!page.contains("style="), "the policy forbids it");
    let hours = visitor
        .reads("/reports/hours?from=2026-01-01&until=2026-03-31")
        .await;
    let lines: Vec<&str> = hours.lines().collect();
    assert_eq!((lines[0], lines.len()), ("from,until,hour,count", 26));
    for (line, count) in lines[1..].iter().zip(found.hours) {
        let small = (1..5).contains(&count);
        let shown = line.rsplit(',').next().unwrap();
        assert!(
            shown == "suppressed" || (!small && shown == count.to_string()),
            "{line}: {count}"
        );
    }
    assert_eq!(
        lines[25],
        format!("2026-01-01,2026-03-31,total,{}", found.conversations)
    );
    let waits = visitor
        .reads("/reports/waits?from=2026-01-01&until=2026-03-31")
        .await;
    let spread = found.waits[&(Measure::Claimed, Group::All)];
    let line = format!(
        "\"Claimed, from the opening\",all,{},{},",
        spread.median.unwrap(),
        spread.p90.unwrap()
    );
    assert!(waits.contains(&line), "no {line}: {waits}");
    for table in [
        "texts",
        "cases",
        "weekdays",
        "tiers",
        "outcomes",
        "languages",
        "opt-outs",
        "drills",
    ] {
        let csv = visitor
            .reads(&format!(
                "/reports/{table}?from=2026-01-01&until=2026-03-31"
            ))
            .await;
        assert!(
            csv.starts_with("from,until,") && csv.contains("2026-01-01,2026-03-31,"),
            "{table}: {csv}"
        );
    }
    let (status, _) = visitor.opens("/reports/people?days=7").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

both! {
    async fn an_empty_line_has_a_report_and_a_time_that_is_none_is_refused(world: World) {
        let night = world.an_account("night@example.org", Role::Supervisor).await;
        let visitor = world.visitor(&night).await;
        for path in ["/reports", "/reports?days=7", "/reports?days=never"] {
            let page = visitor.reads(path).await;
            assert!(page.contains("None in this time."), "{page}");
            assert!(page.contains("No drill was held in this time."), "{page}");
        }
        for (query, words) in [
            ("from=2026-01-31&until=2026-01-01", "The last day is before the first one"),
            ("from=&until=2026-01-01", "The first day is no date"),
            ("from=2026-01-01&until=31.1.2026", "The last day is no date"),
            ("from=2020-01-01&until=2026-01-01", "366 days at most"),
        ] {
            for path in ["/reports", "/reports/tiers"] {
                let (status, page) = visitor.opens(&format!("{path}?{query}")).await;
                assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
                assert!(page.contains(words), "no {words:?}: {page}");
            }
        }
    }
}

#[test]
fn the_other_means_agree_on_what_a_percentile_is() {
    let times: Vec<i64> = (0..97).map(|nth| nth * 37 % 97).collect();
    assert_eq!(spread(&times), Spread::of(times.clone()));
    assert_eq!(spread(&[]), Spread::of(Vec::new()));
}
