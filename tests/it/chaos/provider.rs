//! Faults of the provider: errors, silence, nonsense, answers that are cut off, redirects, broken TLS, and an
//! hour of nothing. A crisis is answered in the response to its hook; what must be sent waits, and leaves when
//! the provider is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use harborline::config::{Config, GatewaySection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{delivered, in_crisis, other};
use crate::support::figures::Figures;
use crate::support::gateway::Fault;
use crate::support::world::{DUTY, SECOND, inline_text, minutes, receipt_path, seconds};
use crate::support::{Engine, World};

/// How many people in crisis text, and as many others.
const PEOPLE: usize = 10;

/// A provider that reads a request and answers with these bytes, and how often it was asked.
async fn answers(with: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, asked) = (
        listener.local_addr().unwrap(),
        Arc::<AtomicUsize>::default(),
    );
    let counted = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (with, counted) = (with.clone(), Arc::clone(&counted));
            tokio::spawn(async move {
                let mut bytes = vec![0; 16 * 1024];
                if client.read(&mut bytes).await.is_ok_and(|read| read > 0) {
                    counted.fetch_add(1, Ordering::SeqCst);
                    let _ = client.write_all(with.as_bytes()).await;
                }
            });
        }
    });
    (address.to_string(), asked)
}

fn provider_at(config: &mut Config, address: String) {
    let Some(GatewaySection::Twilio(main)) = config.gateways.get_mut("main") else {
        panic!("the gateway is Twilio's");
    };
    main.api_url = address;
}

/// A crisis and a menu, from different people.
async fn two_people_text(world: &World, figures: &Figures, n: usize) {
    let (twiml, took) = delivered(world, &format!("SMc{n}"), &in_crisis(n), "i want to die").await;
    assert!(inline_text(&twiml).unwrap().contains("988"), "{twiml}");
    figures.text(Some(took));
    let receipt = [("MessageSid", "SMreply"), ("MessageStatus", "delivered")];
    world.hook(&receipt_path(&twiml).unwrap(), &receipt).await;
    delivered(world, &format!("SMo{n}"), &other(n), "menu").await;
}

/// What the provider took although its answer was lost: its receipts come.
async fn receipts_come(world: &World) {
    for sent in world.twilio.sent() {
        let Some(path) = sent
            .status_callback
            .strip_prefix("https://line.example.org")
        else {
            continue;
        };
        let receipt = [
            ("MessageSid", sent.sid.as_str()),
            ("MessageStatus", "delivered"),
        ];
        world.hook(path, &receipt).await;
    }
}

/// Everyone was paged, and whoever texted has an answer; how many have theirs twice.
async fn all_is_well(world: &World, figures: &Figures) {
    for number in [DUTY, SECOND] {
        let pages = world.twilio.sent_to(number);
        assert!(
            pages.iter().any(|page| page.body.contains("CRISIS")),
            "{pages:?}"
        );
    }
    let menus = (0..PEOPLE).map(|n| {
        let sent = world.twilio.sent_to(&other(n));
        sent.iter()
            .filter(|text| text.body.contains("Reply with a number"))
            .count()
    });
    let menus: Vec<usize> = menus.collect();
    let lost = menus.iter().filter(|menus| **menus == 0).count();
    let doubled = menus.iter().filter(|menus| **menus > 1).count();
    figures.kept(lost, doubled);
    assert_eq!((lost, doubled), (0, 0), "{menus:?}");
    let owed = "SELECT COUNT(*) FROM obligations WHERE closed_at IS NULL";
    assert_eq!(world.count(owed).await, 0);
    figures.print();
}

/// Everything while the fake provider fails in this way, and after it.
async fn with_provider(fault: Fault, name: &'static str) {
    let world = World::on(Engine::Sqlite).await.unwrap();
    world.twilio.fail_always(Some(fault));
    let figures = Figures::of(name, "P1 P2 P3 P6");
    for n in 0..PEOPLE {
        two_people_text(&world, &figures, n).await;
    }
    world.settle().await;
    receipts_come(&world).await;
    figures.mended();
    world.twilio.fail_always(None);
    world.advance(minutes(4)).await;
    figures.recovered();
    all_is_well(&world, &figures).await;
}

/// Everything while the provider is at this address, and after it is where it should be again.
async fn with_provider_at(address: String, name: &'static str) {
    let wrong = address.clone();
    let settings = |config: &mut Config| provider_at(config, wrong);
    let mut world = World::with(Engine::Sqlite, settings).await.unwrap();
    let figures = Figures::of(name, "P1 P2 P3 P6");
    for n in 0..PEOPLE {
        two_people_text(&world, &figures, n).await;
    }
    world.settle().await;
    assert!(world.twilio.sent().is_empty());
    figures.mended();
    let right = world.twilio_url.clone();
    provider_at(&mut world.config, right);
    world.restart().await;
    world.advance(minutes(4)).await;
    figures.recovered();
    all_is_well(&world, &figures).await;
}

#[tokio::test]
async fn with_a_provider_that_fails_all_are_answered_when_it_is_back() {
    with_provider(Fault::ServerError, "provider answers 500").await;
}

#[tokio::test]
async fn with_a_provider_that_does_not_answer_nobody_hears_twice() {
    with_provider(Fault::Timeout, "provider takes texts and does not answer").await;
}

#[tokio::test]
async fn with_a_provider_that_answers_nonsense_nobody_hears_twice() {
    with_provider(Fault::Garbage, "provider answers 201 with nonsense").await;
}

#[tokio::test]
async fn with_answers_that_are_cut_off_all_are_answered_when_it_is_back() {
    let cut = "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"sid\":";
    let (address, asked) = answers(cut.to_owned()).await;
    with_provider_at(format!("http://{address}"), "provider's answers cut off").await;
    assert!(asked.load(Ordering::SeqCst) > 0);
}

#[tokio::test]
async fn a_redirect_is_followed_with_nobodys_words() {
    let (elsewhere, reached) =
        answers("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned()).await;
    let redirect = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://{elsewhere}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    let (address, asked) = answers(redirect).await;
    with_provider_at(format!("http://{address}"), "provider redirects elsewhere").await;
    assert!(asked.load(Ordering::SeqCst) > 0);
    assert_eq!(reached.load(Ordering::SeqCst), 0, "nothing goes elsewhere");
}

#[tokio::test]
async fn with_broken_tls_all_are_answered_when_it_is_mended() {
    let (address, asked) = answers("HTTP/1.1 400 Bad Request\r\n\r\n".to_owned()).await;
    with_provider_at(format!("https://{address}"), "TLS of the provider broken").await;
    assert!(asked.load(Ordering::SeqCst) > 0);
}

/// An hour: menus of its beginning are too late to be of use, and are given up with a reason. Pages and
/// crisis replies never are.
#[tokio::test]
async fn with_the_provider_down_for_an_hour_every_page_leaves_and_every_text_has_an_end() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    world.twilio.fail_always(Some(Fault::ServerError));
    let figures = Figures::of("provider down for an hour", "P1 P2 P3 P4");
    for n in 0..PEOPLE {
        two_people_text(&world, &figures, n).await;
        for _ in 0..12 {
            world.clock.advance(seconds(30));
            world.settle().await;
        }
    }
    figures.mended();
    world.twilio.fail_always(None);
    world.advance(minutes(2)).await;
    figures.recovered();
    for number in [DUTY, SECOND] {
        let pages = world.twilio.sent_to(number);
        assert!(
            pages.iter().any(|page| page.body.contains("CRISIS")),
            "{pages:?}"
        );
    }
    let owed = "SELECT COUNT(*) FROM obligations WHERE closed_at IS NULL";
    assert_eq!(world.count(owed).await, 0);
    let ends = "SELECT COUNT(*) FROM obligations WHERE outcome NOT IN ('replied', 'expired')";
    assert_eq!(world.count(ends).await, 0);
    let expired = "SELECT COUNT(*) FROM obligations WHERE outcome = 'expired'";
    let expired = world.count(expired).await;
    assert!(
        expired < 3,
        "{expired} of {PEOPLE}: only those of its beginning"
    );
    figures.print();
}
