//! Pages that are no texts: by e-mail and webhook, each at its own pace, and told to the operator when
//! they reach nobody.

use harborline::clock::Clock as _;
use harborline::handoff::{Act, WrapUp};
use harborline::lane::Lane;
use harborline::oncall::{Channel, Contact, Preset};
use harborline::store::{NewPage, PageKind};
use serde_json::Value;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::mailbox::Mailbox;
use crate::support::world::{DUTY, minutes, seconds};
use crate::support::{Engine, World, both};

const PAGE: &str = "CRISIS: case K7, waiting 0:20. Reply K7 to take it.";

/// A world whose webhooks may go to this machine.
async fn near(engine: Engine) -> Option<World> {
    World::with(engine, |config| config.webhooks.allow_private = true).await
}

/// A receiver that answers everything with this status.
async fn receiver(status: u16) -> MockServer {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(status);
    Mock::given(method("POST"))
        .respond_with(answer)
        .mount(&server)
        .await;
    server
}

/// Gives somebody a method that works.
async fn with_method(world: &World, channel: Channel, preset: Option<Preset>, address: &str) {
    let staff = world.a_member_of_staff(channel.word()).await;
    world.a_method(&staff, channel, preset, address).await;
}

/// Pages everyone who has a method by each of them, about the open case if there is one.
async fn page_everyone(world: &World) {
    let now = world.clock.now();
    let page = world.app.store.write(move |tx| {
        Box::pin(async move {
            let alert = tx.open_alerts().await?.first().map(|alert| alert.id);
            for person in tx.people().await? {
                for method in &person.methods {
                    let page = NewPage {
                        alert,
                        kind: PageKind::Page,
                        contact: &Contact::of(&person, method),
                        words: PAGE,
                    };
                    tx.send_to_responder("main", &page, now).await?;
                }
            }
            Ok(())
        })
    });
    page.await.unwrap();
}

async fn bodies(server: &MockServer) -> Vec<Value> {
    let requests = server.received_requests().await.unwrap();
    let bodies = requests.iter().map(|request| &request.body);
    bodies
        .map(|body| serde_json::from_slice(body).unwrap())
        .collect()
}

both! {
    in near;

    async fn a_webhook_is_paged_with_the_case_and_hears_when_it_is_over(world: World) {
        let server = receiver(202).await;
        world.phone("+15550123").texts("i want to die").await;
        with_method(&world, Channel::Webhook, Some(Preset::Json), &server.uri()).await;
        page_everyone(&world).await;
        world.settle().await;
        let sent = bodies(&server).await;
        assert_eq!(sent.len(), 1);
        let case = &sent[0]["data"]["case"];
        assert_eq!((&sent[0]["type"], &case["tier"]), (&"page".into(), &"high".into()));
        let requests = server.received_requests().await.unwrap();
        for header in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            assert!(requests[0].headers.contains_key(header), "{header}");
        }
        let staff = world.a_member_of_staff("first").await;
        let conversation = world.first_in_the_queue().await;
        world.acts(&staff, conversation, Act::Claim).await.unwrap();
        world.acts(&staff, conversation, Act::WrapUp(WrapUp::with("safe_for_now"))).await.unwrap();
        let sent = bodies(&server).await;
        let last = sent.last().unwrap();
        assert_eq!((&last["type"], &last["data"]["case"]["id"]), (&"over".into(), &case["id"]));
        assert_eq!(sent.iter().filter(|sent| sent["type"] == "over").count(), 1);
    }

    async fn a_case_that_is_called_for_anew_rings_where_the_last_call_was_acknowledged(world: World) {
        let server = receiver(202).await;
        world.phone("+15550123").texts("i want to die").await;
        with_method(&world, Channel::Webhook, Some(Preset::Pagerduty), &server.uri()).await;
        page_everyone(&world).await;
        world.settle().await;
        let staff = world.a_member_of_staff("first").await;
        let conversation = world.first_in_the_queue().await;
        world.acts(&staff, conversation, Act::Claim).await.unwrap();
        let events = |sent: &[Value]| {
            let of = |event: &Value| (event["event_action"].clone(), event["dedup_key"].clone());
            sent.iter().map(of).collect::<Vec<_>>()
        };
        let first = events(&bodies(&server).await);
        let key = first[0].1.clone();
        assert_eq!(first, [("trigger".into(), key.clone()), ("acknowledge".into(), key.clone())]);
        // Nobody writes: the case is opened again.
        world.advance(minutes(6)).await;
        page_everyone(&world).await;
        world.settle().await;
        world.acts(&staff, conversation, Act::Claim).await.unwrap();
        world.acts(&staff, conversation, Act::WrapUp(WrapUp::with("safe_for_now"))).await.unwrap();
        let mut after = events(&bodies(&server).await).split_off(first.len());
        let anew: Value = format!("{}-1", key.as_str().unwrap()).into();
        let old: Vec<_> = after.extract_if(.., |(_, of)| *of == key).collect();
        assert_eq!(old, [("resolve".into(), key)], "the last call is over");
        assert!(after.iter().all(|(_, of)| *of == anew), "{after:?}");
        let (rings, ends) = (&after[0].0, &after.last().unwrap().0);
        assert_eq!((rings, ends), (&"trigger".into(), &"resolve".into()), "{after:?}");
    }

    async fn a_receiver_that_leads_elsewhere_is_not_followed(world: World) {
        let (server, inside) = (MockServer::start().await, receiver(202).await);
        let there = ResponseTemplate::new(307).insert_header("location", inside.uri());
        Mock::given(method("POST")).respond_with(there).mount(&server).await;
        with_method(&world, Channel::Webhook, Some(Preset::Json), &server.uri()).await;
        page_everyone(&world).await;
        world.settle().await;
        assert!(!server.received_requests().await.unwrap().is_empty());
        assert!(inside.received_requests().await.unwrap().is_empty());
    }

    async fn a_receiver_that_is_busy_is_tried_again_with_the_same_id(world: World) {
        let server = receiver(503).await;
        with_method(&world, Channel::Webhook, Some(Preset::Json), &server.uri()).await;
        page_everyone(&world).await;
        world.advance(seconds(30)).await;
        let requests = server.received_requests().await.unwrap();
        assert!(requests.len() >= 3, "{}", requests.len());
        let id = |at: usize| requests[at].headers.get("webhook-id").cloned();
        assert!(id(0).is_some() && id(0) == id(1) && id(1) == id(2));
        world.advance(minutes(20)).await;
        let tries = server.received_requests().await.unwrap().len();
        world.advance(minutes(5)).await;
        assert_eq!(server.received_requests().await.unwrap().len(), tries, "a page that hung for a quarter of an hour is none any more");
    }

    async fn a_page_that_is_given_up_is_told_to_the_operator(world: World) {
        let server = receiver(404).await;
        with_method(&world, Channel::Webhook, Some(Preset::Ntfy), &format!("{}/topic", server.uri())).await;
        page_everyone(&world).await;
        world.settle().await;
        let told = world.phone(DUTY).inbox();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("1 page(s) to Second by webhook did NOT arrive (http-404)"), "{told:?}");
        assert_eq!(bodies(&server).await.len(), 1, "another try says the same");
    }

    async fn the_log_holds_no_address_of_a_webhook_and_no_word(world: World) {
        let server = receiver(200).await;
        with_method(&world, Channel::Webhook, Some(Preset::Slack), &format!("{}/TCANARY/canary", server.uri())).await;
        page_everyone(&world).await;
        world.settle().await;
        let exchanges = world.count("SELECT COUNT(*) FROM gateway_log WHERE gateway = 'webhook' AND outcome = 'accepted'").await;
        assert_eq!(exchanges, 1);
        let shown = world.count("SELECT COUNT(*) FROM audit_log WHERE detail LIKE '%anary%'").await;
        assert_eq!(shown, 0);
    }
}

both! {
    async fn no_webhook_leads_into_the_servers_own_network(world: World) {
        let server = receiver(200).await;
        with_method(&world, Channel::Webhook, Some(Preset::Json), &server.uri()).await;
        page_everyone(&world).await;
        world.settle().await;
        assert_eq!(bodies(&server).await.len(), 0);
        let waits = world.count("SELECT COUNT(*) FROM outbox WHERE state = 'queued' AND code = 'address-refused'").await;
        assert_eq!(waits, 1, "it waits for somebody to mend it");
    }

    async fn without_a_mail_server_a_page_by_mail_waits_and_is_told_in_the_end(world: World) {
        with_method(&world, Channel::Email, None, "first@example.org").await;
        page_everyone(&world).await;
        world.advance(minutes(14)).await;
        assert!(world.phone(DUTY).inbox().is_empty());
        world.advance(minutes(2)).await;
        let told = world.phone(DUTY).inbox();
        assert!(told[0].contains("by email did NOT arrive (expired)"), "{told:?}");
    }

    async fn a_carrier_that_blocks_a_responder_is_told_at_once_and_their_phone_is_not_texted_again(world: World) {
        with_method(&world, Channel::Sms, None, "+15550170").await;
        world.twilio.block("+15550170");
        page_everyone(&world).await;
        world.settle().await;
        let told = world.phone(DUTY).inbox();
        assert!(told[0].contains("The carrier blocks our texts to Second: NO PAGE reaches it"), "{told:?}");
        let stopped = world.count("SELECT COUNT(*) FROM contact_methods WHERE stopped_at IS NOT NULL").await;
        assert_eq!(stopped, 1);
    }
}

/// A world with a mail server.
async fn with_mail(engine: Engine) -> Option<(World, Mailbox)> {
    let mailbox = Mailbox::open().await;
    let port = mailbox.port;
    let settings = |config: &mut harborline::config::Config| {
        let section = format!(
            "host = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\nfrom = \"Example Line <pages@line.example.org>\""
        );
        config.smtp = Some(toml::from_str(&section).unwrap());
    };
    Some((World::with(engine, settings).await?, mailbox))
}

both! {
    in with_mail;

    async fn a_mail_says_where_to_sign_in_and_nothing_of_the_texter(built: (World, Mailbox)) {
        let (world, mailbox) = built;
        world.phone("+15550123").texts("i want to die").await;
        with_method(&world, Channel::Email, None, "first@example.org").await;
        page_everyone(&world).await;
        world.settle().await;
        let mails = mailbox.unread();
        let [mail] = &mails[..] else { panic!("{mails:?}") };
        for expected in ["To: first@example.org", "Subject: CRISIS: case K7, waiting 0:20.", "Auto-Submitted: auto-generated", "Sign in to take it: https://line.example.org"] {
            assert!(mail.contains(expected), "{expected} is not in {mail}");
        }
        assert!(!mail.contains("5550123") && !mail.contains("die") && !mail.contains("Reply K7"), "{mail}");
    }

    async fn a_mail_server_that_is_away_holds_up_no_text(built: (World, Mailbox)) {
        let (world, mailbox) = built;
        with_method(&world, Channel::Email, None, "first@example.org").await;
        with_method(&world, Channel::Sms, None, "+15550170").await;
        page_everyone(&world).await;
        let texts = world.app.dispatch.look(Lane::Page, Channel::Sms).await.unwrap();
        assert_eq!(texts.done, 1);
        assert!(mailbox.unread().is_empty(), "its own workers send the mail");
        assert_eq!(world.app.dispatch.look(Lane::Page, Channel::Email).await.unwrap().done, 1);
        assert_eq!(mailbox.unread().len(), 1);
    }
}
