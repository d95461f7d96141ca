//! The gateway log: what was asked and answered stands beside the message, and holds nothing of a person.

use axum::body::Body;
use axum::http::{Request, header};
use harborline::store::{Exchange, ExchangeKind};

use crate::support::gateway::Fault;
use crate::support::world::{TOKEN, minutes, read, seconds};
use crate::support::{World, both};

/// Everything in the log about the only conversation, unsealed.
async fn log(world: &World) -> Vec<Exchange> {
    let conversation = world.first_in_the_queue().await;
    let mut tx = world.app.store.read().await.unwrap();
    let texter = tx.texter_of(conversation).await.unwrap().unwrap();
    let mut log = Vec::new();
    for message in tx.thread(&texter, conversation, 1_000).await.unwrap() {
        log.extend(tx.exchanges(message.id, 1_000).await.unwrap());
    }
    log
}

both! {
    async fn every_exchange_is_kept_for_seven_days(world: World) {
        let texter = world.phone("+15550123");
        world.twilio.fail_next(&[Fault::TooMany(2), Fault::Timeout]);
        texter.texts("HELP").await;
        world.advance(minutes(3)).await;
        let sent = world.twilio.sent_to(&texter.number).remove(0);
        let path = sent.status_callback.strip_prefix("https://line.example.org").unwrap().to_owned();
        world.hook(&path, &[("MessageSid", sent.sid.as_str()), ("MessageStatus", "delivered")]).await;
        world.settle().await;
        let log = log(&world).await;
        let said: Vec<_> = log.iter().map(|exchange| (exchange.kind, exchange.outcome.as_str(), exchange.status)).collect();
        for expected in [
            (ExchangeKind::Inbound, "text", Some(200)),
            (ExchangeKind::Send, "retry 20429", Some(429)),
            (ExchangeKind::Send, "in doubt", None),
            (ExchangeKind::Send, "accepted", Some(201)),
            (ExchangeKind::Receipt, "delivered", Some(200)),
        ] {
            assert!(said.contains(&expected), "{expected:?} in {said:?}");
        }
        world.clock.advance(minutes(7 * 24 * 60 + 1));
        world.settle().await;
        assert_eq!(world.count("SELECT COUNT(*) FROM gateway_log").await, 0);
    }

    async fn even_unsealed_the_log_holds_no_number_no_word_and_no_token(world: World) {
        let texter = world.phone("+15550177123");
        world.twilio.fail_next(&[Fault::ServerError, Fault::NoSuchNumber]);
        texter.texts("canarybird sings at midnight").await;
        texter.texts("canarybird wants to die and i want to die").await;
        world.advance(minutes(1)).await;
        for sent in world.twilio.sent() {
            let path = sent.status_callback.strip_prefix("https://line.example.org").unwrap().to_owned();
            let fields = [("MessageSid", sent.sid.as_str()), ("MessageStatus", "delivered"), ("To", sent.to.as_str()), ("Body", "canarybird")];
            world.hook(&path, &fields).await;
        }
        world.settle().await;
        let log = log(&world).await;
        assert!(log.len() > 6, "{log:?}");
        let words = format!("{log:?}");
        for canary in ["canarybird", "midnight", "5550177123", "5550100", "988", "Thank you", "AC0000", TOKEN, "Basic ", "SMout"] {
            assert!(!words.contains(canary), "{canary} in {words}");
        }
        assert!(words.contains("Body=(") && words.contains("MessageStatus=delivered"), "and still says what it was: {words}");
    }

    async fn the_conversation_page_shows_it_and_who_cannot_be_reached(world: World) {
        let texter = world.phone("+15550123");
        world.twilio.fail_next(&[Fault::OptedOut]);
        texter.delivers(&world.new_sid(), "im so alone").await;
        world.advance(seconds(40)).await;
        let staff = world.a_member_of_staff("night@example.org").await;
        let cookie = world.session_of(&staff).await;
        let get = async |path: String| {
            let request = Request::get(path).header(header::COOKIE, &cookie);
            read(world.call(request.body(Body::empty()).unwrap()).await).await.1
        };
        let conversation = world.first_in_the_queue().await;
        let path = format!("/conversations/{conversation}");
        let page = get(path.clone()).await;
        let mut behind = String::new();
        for link in page.split(&format!("{path}/texts/")).skip(1) {
            let (text, _) = link.split_once('"').unwrap();
            behind += &get(format!("{path}/texts/{text}/part")).await;
        }
        let page = page + &behind;
        for part in ["This person cannot be reached by text.", "<summary>Gateway log", "opted out 21610", "HTTP 400", "came from main"] {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert!(get("/".to_owned()).await.contains("the carrier blocks us"));
    }
}
