//! The heartbeat goes out only while everything is scheduled, answered and at work; and a sign of life
//! that does not come is told.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, Uri, header};
use axum::response::IntoResponse;
use harborline::clock::Clock;
use harborline::config::{ExpectSection, PingMethod};
use harborline::store::ChainHead;
use serde_json::Value;

use crate::support::binary::{Serving, run};
use crate::support::world::{minutes, read, seconds};
use crate::support::{Engine, World, both};

const TOKEN: &str = "a token of the backup";

/// A monitor on loopback: keeps what it is asked, and answers as it is told to.
#[derive(Clone)]
struct Monitor {
    pings: Arc<Mutex<Vec<(Method, String, String)>>>,
    status: Arc<Mutex<StatusCode>>,
    url: String,
}

impl Monitor {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let monitor = Self {
            pings: Arc::default(),
            status: Arc::new(Mutex::new(StatusCode::OK)),
            url,
        };
        let kept = monitor.clone();
        let answer = move |method: Method, uri: Uri, body: String| {
            kept.pings
                .lock()
                .unwrap()
                .push((method, uri.path().to_owned(), body));
            let status = *kept.status.lock().unwrap();
            async move { status.into_response() }
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        monitor
    }

    /// What came since the last look, as paths.
    fn paths(&self) -> Vec<String> {
        let pings = std::mem::take(&mut *self.pings.lock().unwrap());
        pings.into_iter().map(|(_, path, _)| path).collect()
    }

    fn answers(&self, status: StatusCode) {
        *self.status.lock().unwrap() = status;
    }
}

/// A world whose heartbeat goes to a monitor, and which expects a backup every hour.
async fn watched(engine: Engine) -> Option<(World, Monitor)> {
    let monitor = Monitor::start().await;
    let url = monitor.url.clone();
    let world = World::with(engine, |config| {
        config.heartbeat.url = Some(format!("{url}/ping/secret").into());
        config.heartbeat.expect.push(ExpectSection {
            name: "backup".to_owned(),
            within_s: 3600,
            token: TOKEN.into(),
        });
        config.heartbeat.watch.push(format!("{url}/heartbeat"));
    });
    Some((world.await?, monitor))
}

/// The pings to our own monitor, without what we asked of the other instance.
fn pings(monitor: &Monitor) -> usize {
    monitor
        .paths()
        .iter()
        .filter(|path| *path == "/ping/secret")
        .count()
}

async fn standing(world: &World) -> (StatusCode, Value) {
    let (status, said) = world.get("/heartbeat").await;
    (status, serde_json::from_str(&said).unwrap())
}

fn findings(said: &Value) -> Vec<&str> {
    let found = said["findings"].as_array().unwrap().iter();
    found
        .map(|found| found["finding"].as_str().unwrap())
        .collect()
}

async fn ping_us(world: &World, name: &str, token: &str) -> StatusCode {
    let request = Request::post(format!("/heartbeats/{name}"))
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Body::empty())
        .unwrap();
    read(world.call(request).await).await.0
}

/// What the operator was told, the people on call here.
fn told(world: &World) -> Vec<String> {
    let mine = |text: &String| text.starts_with("Harborline");
    world.responder().inbox().into_iter().filter(mine).collect()
}

both! {
    in watched;

    async fn it_goes_out_each_round_while_the_audit_finds_nothing(it: (World, Monitor)) {
        let (world, monitor) = it;
        world.settle().await;
        assert_eq!(standing(&world).await.0, StatusCode::SERVICE_UNAVAILABLE, "none has passed yet");
        world.advance(seconds(60)).await;
        assert_eq!(pings(&monitor), 1);
        let (status, said) = standing(&world).await;
        assert_eq!((status, &said["status"], &said["every_s"]), (StatusCode::OK, &"ok".into(), &60.into()));
        world.advance(minutes(5)).await;
        assert_eq!(pings(&monitor), 5);
        assert!(told(&world).is_empty());
        // A crisis that is paged for and answered in time is no fault.
        world.phone("+15550123").texts("i want to die").await;
        world.advance(minutes(5)).await;
        assert_eq!(pings(&monitor), 5);
    }

    async fn after_the_clock_went_back_the_audit_before_says_nothing(it: (World, Monitor)) {
        let (world, _monitor) = it;
        world.settle().await;
        world.advance(seconds(60)).await;
        assert_eq!(standing(&world).await.0, StatusCode::OK);
        world.clock.go_back(minutes(360));
        let (status, said) = world.get("/heartbeat").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{said}");
    }

    async fn it_is_withheld_while_a_text_has_no_answer_in_time(it: (World, Monitor)) {
        let (world, monitor) = it;
        world.settle().await;
        world.phone("+15550123").delivers("SM1", "MENU").await;
        world.damage("DELETE FROM outbox").await;
        world.advance(minutes(3)).await;
        pings(&monitor);
        world.advance(minutes(4)).await;
        assert_eq!(pings(&monitor), 0);
        let (status, said) = standing(&world).await;
        assert_eq!((status, findings(&said)), (StatusCode::SERVICE_UNAVAILABLE, vec!["overdue"]), "{said}");
        let told = told(&world);
        assert!(told.len() == 1 && told[0].contains("NO ANSWER"), "the ledger tells of it, and nobody else: {told:?}");
        world.damage("UPDATE obligations SET closed_at = 1").await;
        world.advance(minutes(2)).await;
        assert!(pings(&monitor) > 0);
        assert_eq!(standing(&world).await.0, StatusCode::OK);
    }

    async fn it_is_withheld_while_a_case_is_not_paged_when_it_should_be(it: (World, Monitor)) {
        let (world, monitor) = it;
        world.settle().await;
        world.phone("+15550123").delivers("SM1", "i want to die").await;
        world.damage("UPDATE alerts SET next_page_at = 1").await;
        world.clock.advance(minutes(2));
        assert_eq!(world.app.heartbeat.tick().await.unwrap(), 1);
        assert_eq!(pings(&monitor), 0);
        let (_, said) = standing(&world).await;
        assert!(findings(&said).contains(&"late_pages"), "{said}");
        let open = world.app.store.read().await.unwrap().incidents_open().await.unwrap();
        assert!(open.iter().any(|open| open.subject == "late_pages"), "{open:?}");
        // Paged at last, it is over.
        world.settle().await;
        world.advance(minutes(3)).await;
        let told = told(&world);
        assert!(told.iter().any(|text| text.contains("should have been paged")), "{told:?}");
        assert!(told.iter().any(|text| text.contains("over:") && text.contains("late_pages")), "{told:?}");
        assert!(pings(&monitor) > 0);
    }

    async fn it_is_withheld_while_a_case_has_nothing_scheduled_and_nobody(it: (World, Monitor)) {
        let (world, monitor) = it;
        world.settle().await;
        world.phone("+15550123").texts("i want to die").await;
        world.damage("UPDATE alerts SET next_page_at = NULL").await;
        world.clock.advance(minutes(2));
        world.app.heartbeat.tick().await.unwrap();
        assert_eq!(pings(&monitor), 0);
        assert!(findings(&standing(&world).await.1).contains(&"unscheduled"));
    }

    async fn it_is_withheld_while_a_worker_does_not_work(it: (World, Monitor)) {
        let (world, monitor) = it;
        world.settle().await;
        let pulse = world.app.heartbeat.pulses.of("paging", minutes(2), world.clock.now());
        world.advance(minutes(2)).await;
        assert_eq!(pings(&monitor), 2);
        world.advance(minutes(2)).await;
        assert_eq!(pings(&monitor), 0);
        let (_, said) = standing(&world).await;
        assert_eq!((findings(&said), &said["findings"][0]["names"][0]), (vec!["silent_workers"], &"paging".into()));
        let said = told(&world);
        assert!(said.len() == 1 && said[0].contains("(paging)"), "{said:?}");
        pulse.beat(world.clock.now());
        world.advance(minutes(1)).await;
        assert_eq!(pings(&monitor), 1);
    }

    async fn what_another_replica_finds_in_itself_withholds_it_too(it: (World, Monitor)) {
        let (world, monitor) = it;
        let other = world.another_app().await;
        world.settle().await;
        other.heartbeat.tick().await.unwrap();
        other.heartbeat.pulses.of("dispatch", seconds(10), world.clock.now());
        world.clock.advance(minutes(1));
        other.heartbeat.tick().await.unwrap();
        world.app.heartbeat.tick().await.unwrap();
        assert_eq!(pings(&monitor), 0, "one round, by whoever holds the lease");
        world.clock.advance(minutes(1));
        world.app.heartbeat.tick().await.unwrap();
        assert_eq!(pings(&monitor), 0);
        assert!(findings(&standing(&world).await.1).contains(&"silent_workers"));
        // Gone for three rounds, it says nothing any more.
        world.advance(minutes(5)).await;
        assert!(pings(&monitor) > 0);
    }

    async fn a_monitor_that_takes_no_pings_is_told(it: (World, Monitor)) {
        let (world, monitor) = it;
        world.settle().await;
        monitor.answers(StatusCode::INTERNAL_SERVER_ERROR);
        world.advance(minutes(3)).await;
        let said = told(&world);
        assert!(said.iter().any(|text| text.contains("did not take our pings, 3 times")), "{said:?}");
        assert!(said.iter().all(|text| !text.contains("secret")), "{said:?}");
        assert_eq!(standing(&world).await.0, StatusCode::OK, "it works all the same");
        monitor.answers(StatusCode::OK);
        world.advance(minutes(1)).await;
        assert!(told(&world).iter().any(|text| text.contains("takes our pings again")));
    }

    async fn pings_that_get_through_after_a_restart_end_the_alarm(it: (World, Monitor)) {
        let (mut world, monitor) = it;
        monitor.answers(StatusCode::INTERNAL_SERVER_ERROR);
        world.settle().await;
        world.advance(minutes(3)).await;
        assert!(!told(&world).is_empty());
        monitor.answers(StatusCode::OK);
        world.restart().await;
        world.advance(minutes(2)).await;
        assert!(told(&world).iter().any(|text| text.contains("takes our pings again")));
    }

    async fn a_ping_that_is_expected_and_does_not_come_is_told_until_it_comes(it: (World, Monitor)) {
        let (world, _) = it;
        world.settle().await;
        for (name, token) in [("backup", "another token"), ("nobody", TOKEN), ("audit:passed", TOKEN)] {
            assert_eq!(ping_us(&world, name, token).await, StatusCode::UNAUTHORIZED, "{name}");
        }
        world.advance(minutes(50)).await;
        assert!(told(&world).is_empty(), "it has an hour from the start");
        world.advance(minutes(15)).await;
        let said = told(&world);
        assert!(said.len() == 1 && said[0].contains("no sign of life from backup for 61 min"), "{said:?}");
        world.advance(minutes(5 * 60)).await;
        assert!(told(&world).is_empty(), "not every quarter of an hour");
        assert_eq!(ping_us(&world, "backup", TOKEN).await, StatusCode::NO_CONTENT);
        world.advance(minutes(1)).await;
        let said = told(&world);
        assert!(said.len() == 1 && said[0].contains("backup shows signs of life again"), "{said:?}");
    }

    async fn another_instance_that_fails_is_told(it: (World, Monitor)) {
        let (world, monitor) = it;
        world.settle().await;
        world.advance(minutes(2)).await;
        monitor.answers(StatusCode::SERVICE_UNAVAILABLE);
        world.advance(minutes(5)).await;
        let (said, host) = (told(&world), monitor.url.trim_start_matches("http://"));
        let missing = format!("no sign of life from {host}");
        assert_eq!(said.iter().filter(|text| text.contains(&missing)).count(), 1, "{said:?}");
        monitor.answers(StatusCode::OK);
        world.advance(minutes(1)).await;
        assert!(told(&world).iter().any(|text| text.contains("signs of life again")));
    }
}

#[tokio::test]
async fn a_monitor_that_wants_to_know_is_told_what_was_found() {
    let monitor = Monitor::start().await;
    let url = monitor.url.clone();
    let world = World::with(Engine::Sqlite, |config| {
        config.heartbeat.url = Some(format!("{url}/ping").into());
        config.heartbeat.fail_url = Some(format!("{url}/ping/fail").into());
        config.heartbeat.method = PingMethod::Post;
    });
    let world = world.await.unwrap();
    world.settle().await;
    world.advance(minutes(1)).await;
    world
        .app
        .heartbeat
        .pulses
        .of("paging", seconds(1), world.clock.now());
    world.advance(minutes(1)).await;
    let pings = monitor.pings.lock().unwrap().clone();
    let expected = [
        ("/ping", "the audit found nothing"),
        ("/ping/fail", "1 worker(s) do not work: paging"),
    ];
    let came: Vec<_> = pings
        .iter()
        .map(|(_, path, body)| (path.as_str(), body.lines().next().unwrap()))
        .collect();
    assert_eq!(came, expected);
    for (_, _, body) in &pings {
        let last = body.lines().last().unwrap();
        let head = last.strip_prefix("the audit log ends at ").unwrap();
        assert!(
            head.parse::<ChainHead>().is_ok(),
            "a monitor keeps it: {body}"
        );
    }
    assert!(pings.iter().all(|(method, _, _)| method == Method::POST));
}

/// Pings a world as another line does: with the end of its audit log.
async fn ping_with(world: &World, head: &str) -> StatusCode {
    let request = Request::post("/heartbeats/backup")
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .header("x-harborline-audit-head", head)
        .body(Body::empty())
        .unwrap();
    read(world.call(request).await).await.0
}

both! {
    in watched;

    async fn the_end_of_anothers_audit_log_is_kept_and_one_that_goes_back_is_told(it: (World, Monitor)) {
        let (world, _) = it;
        world.settle().await;
        let head = |seq: i64, byte: u8| ChainHead { seq, hash: vec![byte; 32] }.to_string();
        let kept = async || world.app.heartbeat.head_of("backup").await.unwrap();
        assert_eq!(ping_with(&world, &head(10, 1)).await, StatusCode::NO_CONTENT);
        assert_eq!(kept().await, Some(head(10, 1)));
        let noted = "SELECT COUNT(*) FROM audit_log WHERE action = 'head.kept'";
        assert_eq!(world.count(noted).await, 1, "our own chain vouches for it");
        for same in [head(10, 1), head(12, 2)] {
            ping_with(&world, &same).await;
        }
        assert_eq!((kept().await, world.count(noted).await), (Some(head(12, 2)), 1), "once a day");
        // What is none changes nothing, nor does a ping without one.
        for odd in ["", "12", "12:zz", "-1:00"] {
            assert_eq!(ping_with(&world, odd).await, StatusCode::NO_CONTENT);
        }
        assert_eq!(ping_us(&world, "backup", TOKEN).await, StatusCode::NO_CONTENT);
        assert_eq!(kept().await, Some(head(12, 2)));
        world.settle().await;
        assert!(told(&world).is_empty());
        ping_with(&world, &head(9, 1)).await;
        world.settle().await;
        let said = told(&world);
        assert!(said.len() == 1 && said[0].contains("AUDIT LOG of backup was cut off"), "{said:?}");
        assert_eq!(kept().await, Some(head(12, 2)), "the higher one stays");
        ping_with(&world, &head(12, 3)).await;
        ping_with(&world, &head(13, 4)).await;
        world.settle().await;
        let said = told(&world);
        assert!(said.iter().any(|text| text.contains("over:") && text.contains("goes on")), "{said:?}");
    }
}

#[tokio::test]
async fn one_line_vouches_for_the_audit_log_of_another() {
    // The second expects the first, on a listener of its own.
    let expects = World::with(Engine::Sqlite, |config| {
        config.heartbeat.expect.push(ExpectSection {
            name: "first".to_owned(),
            within_s: 3600,
            token: TOKEN.into(),
        });
    });
    let second = expects.await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/heartbeats/first", listener.local_addr().unwrap());
    let router = second.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let first = World::with(Engine::Sqlite, |config| {
        config.heartbeat.url = Some(url.into());
        config.heartbeat.method = PingMethod::Post;
        config.heartbeat.token = Some(TOKEN.into());
    });
    let first = first.await.unwrap();
    for words in ["hello", "menu", "12"] {
        first.phone("+15550123").texts(words).await;
    }
    first.settle().await;
    first.advance(minutes(1)).await;
    let kept = second
        .app
        .heartbeat
        .head_of("first")
        .await
        .unwrap()
        .unwrap();
    let anchor: ChainHead = kept.parse().unwrap();
    assert!(anchor.seq > 0);
    let checked = first
        .app
        .audit_log
        .verify(std::slice::from_ref(&anchor))
        .await
        .unwrap();
    assert_eq!(
        checked.bad, None,
        "what the second keeps is an anchor of the first"
    );
    // Whoever cuts the log of the first off writes a new end into it, and not into the second.
    first.damage("DELETE FROM audit_log WHERE seq > 1").await;
    first
        .damage("UPDATE audit_head SET seq = 1, hash = (SELECT hash FROM audit_log WHERE seq = 1)")
        .await;
    assert_eq!(first.app.audit_log.verify(&[]).await.unwrap().bad, None);
    assert!(
        first
            .app
            .audit_log
            .verify(&[anchor])
            .await
            .unwrap()
            .bad
            .is_some()
    );
}

#[tokio::test]
async fn rules_that_do_not_see_a_crisis_withhold_it() {
    let world = World::judged_by(|rules, _| harborline::triage::assess(rules, "hello")).await;
    world.settle().await;
    world.advance(minutes(1)).await;
    assert_eq!(findings(&standing(&world).await.1), ["triage"]);
    assert!(
        told(&world)
            .iter()
            .any(|text| text.contains("not seen as one"))
    );
}

#[test]
fn a_cron_job_asks_a_server_and_gets_an_exit_code() {
    let server = Serving::start();
    let folder = tempfile::tempdir().unwrap();
    let asked = |url: &str| {
        let output = run(folder.path(), &["heartbeat", "--check", url], "");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    let (code, said) = asked(&server.url);
    assert!(
        code == Some(1) && said.contains("no audit has passed yet"),
        "{said}"
    );
    let (code, said) = asked(&format!("{}/healthz", server.url));
    assert!(code == Some(1) && said.contains("/heartbeat"), "{said}");
    let (code, said) = asked("127.0.0.1:1");
    assert!(
        code == Some(2) && said.contains("https://line.example.org/heartbeat"),
        "{said}"
    );
    let (code, said) = asked("http://127.0.0.1:1");
    assert!(code == Some(1) && said.contains("no answer"), "{said}");
}
