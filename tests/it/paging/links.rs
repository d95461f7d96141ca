//! A case is taken by the link in a page, on the dashboard, and by a key in a call.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use harborline::oncall::{Acknowledged, Address, Channel, Uses};
use harborline::store::NewMethod;
use uuid::Uuid;

use crate::support::world::{PUBLIC_URL, SECOND, minutes, read};
use crate::support::{World, both};

const FIRST: &str = "+15550171";

/// A call of the dashboard: status, where it leads to, page.
async fn call(
    world: &World,
    method: &str,
    path: &str,
    cookie: Option<&str>,
) -> (StatusCode, String, String) {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "line.example.org")
        .header(header::ORIGIN, PUBLIC_URL)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    let response = world.call(request.body(Body::empty()).unwrap()).await;
    let leads_to = response.headers().get(header::LOCATION);
    let leads_to = leads_to
        .map_or("", |place| place.to_str().unwrap())
        .to_owned();
    let (status, page) = read(response).await;
    (status, leads_to, page)
}

/// A path with the link of a case.
async fn a_link(world: &World) -> String {
    let now = world.now();
    let make = world.app.store.write(move |tx| {
        Box::pin(async move {
            let open = tx.open_alerts().await?;
            Ok(tx.link_to_case(open[0].id, now))
        })
    });
    format!("/take/{}", make.await.unwrap())
}

both! {
    async fn the_link_of_a_page_takes_its_case_for_who_signs_in(world: World) {
        let first = world.a_person("First", FIRST).await;
        let night = world.a_person("Night", "+15550172").await;
        world.phone("+15550123").texts("i want to die").await;
        let link = a_link(&world).await;
        let (status, leads_to, page) = call(&world, "GET", &link, None).await;
        assert!(status == StatusCode::SEE_OTHER && leads_to.starts_with("/sign-in?then=%2Ftake%2F"), "{leads_to} {page}");
        assert_eq!(call(&world, "POST", &link, None).await.0, StatusCode::SEE_OTHER);
        assert_eq!(world.count("SELECT COUNT(*) FROM acknowledgements").await, 0, "a link alone does nothing");
        let cookie = world.session_of(&first).await;
        let (status, _, page) = call(&world, "GET", &link, Some(&cookie)).await;
        assert!(status == StatusCode::OK && page.contains("Case A3") && page.contains("Take A3</button>"), "{page}");
        assert!(!page.contains("5550123") && !page.contains("die"), "{page}");
        assert_eq!(world.count("SELECT COUNT(*) FROM acknowledgements").await, 0, "a look does nothing");
        let (status, leads_to, _) = call(&world, "POST", &link, Some(&cookie)).await;
        assert!(status == StatusCode::SEE_OTHER && leads_to.starts_with("/conversations/"), "{leads_to}");
        let row = world.cases().await.remove(0);
        assert_eq!(row.acknowledged_by.as_deref(), Some("First"));
        world.settle().await;
        let heard = world.phone("+15550172").inbox();
        assert!(heard.iter().any(|text| text.contains("taken by First")), "{heard:?}");
        // Who comes later learns who has it.
        let late = world.session_of(&night).await;
        let (_, _, page) = call(&world, "GET", &link, Some(&late)).await;
        assert!(page.contains("First has it"), "{page}");
        let (status, _, page) = call(&world, "POST", &link, Some(&late)).await;
        assert!(status == StatusCode::CONFLICT && page.contains("A3 was already taken by First at 00:00 UTC."), "{page}");
    }

    async fn a_link_that_is_too_old_or_wrong_or_of_a_closed_case_takes_nothing(world: World) {
        let first = world.a_person("First", FIRST).await;
        world.phone("+15550123").texts("i want to die").await;
        let link = a_link(&world).await;
        let cookie = world.session_of(&first).await;
        let (start, end) = link.split_at(link.len() - 20);
        let other = if end.starts_with('A') { 'B' } else { 'A' };
        let wrong = format!("{start}{other}{}", &end[1..]);
        for path in ["/take/x", wrong.as_str()] {
            for method in ["GET", "POST"] {
                let (status, _, page) = call(&world, method, path, Some(&cookie)).await;
                assert!(status == StatusCode::NOT_FOUND && page.contains("too old"), "{path}: {page}");
            }
        }
        world.clock.advance(minutes(24 * 60));
        let cookie = world.session_of(&first).await;
        assert_eq!(call(&world, "POST", &link, Some(&cookie)).await.0, StatusCode::NOT_FOUND);
        let fresh = a_link(&world).await;
        world.damage("UPDATE alerts SET closed_at = 1").await;
        assert_eq!(call(&world, "GET", &fresh, Some(&cookie)).await.0, StatusCode::NOT_FOUND);
        assert_eq!(world.count("SELECT COUNT(*) FROM acknowledgements").await, 0);
    }

    async fn a_page_by_mail_or_webhook_has_the_link_and_one_by_text_has_not(world: World) {
        let first = world.a_person("First", FIRST).await;
        let (staff_id, now) = (first.id, world.now());
        let add = world.app.store.write(move |tx| Box::pin(async move {
            let mail = NewMethod {
                staff_id, channel: Channel::Email, label: "mail", gateway: None, preset: None,
                address: &Address::new("first@example.org"), secret: None, uses: Uses::All,
            };
            let method = tx.add_method(&mail, now).await?.unwrap();
            tx.method_verified(method, now).await
        }));
        add.await.unwrap();
        world.phone("+15550123").texts("i want to die").await;
        let pages = world.phone(FIRST).inbox();
        assert!(pages.len() == 1 && !pages[0].contains("/take/"), "{pages:?}");
        let queued = "SELECT COUNT(*) FROM outbox o JOIN pages p ON p.id = o.page_id WHERE o.channel = 'email' AND p.kind = 'page'";
        assert_eq!(world.count(queued).await, 1);
    }

    async fn a_case_is_taken_from_the_queue_by_one_button(world: World) {
        let first = world.a_person("First", FIRST).await;
        world.phone("+15550123").texts("i want to die").await;
        let cookie = world.session_of(&first).await;
        let (_, _, queue) = call(&world, "GET", "/", Some(&cookie)).await;
        let action = format!("action=\"/conversations/{}/claim\"", world.first_in_the_queue().await);
        assert!(queue.contains(&action) && queue.contains("Claim A3</button>"), "{queue}");
        let path = format!("/conversations/{}/claim", world.first_in_the_queue().await);
        let (status, leads_to, _) = call(&world, "POST", &path, Some(&cookie)).await;
        assert!(status == StatusCode::SEE_OTHER && leads_to.starts_with("/conversations/"), "{leads_to}");
        let (_, _, queue) = call(&world, "GET", "/", Some(&cookie)).await;
        assert!(!queue.contains(&action) && queue.contains("claimed by First"), "{queue}");
        let nobody = format!("/conversations/{}/claim", Uuid::nil());
        assert_eq!(call(&world, "POST", &nobody, Some(&cookie)).await.0, StatusCode::NOT_FOUND);
    }

    async fn a_key_in_a_call_takes_the_case_of_its_page(world: World) {
        let first = world.a_person("First", FIRST).await;
        world.phone("+15550123").texts("i want to die").await;
        world.phone(FIRST).inbox();
        let page = page_of(&world, Some(first.id)).await;
        let answer = world.app.acknowledge.key(page).await.unwrap().unwrap();
        assert_eq!((answer.code.as_str(), &answer.outcome), ("A3", &Acknowledged::Yours));
        assert!(answer.words.starts_with("A3 is yours"), "{}", answer.words);
        let again = world.app.acknowledge.key(page).await.unwrap().unwrap();
        assert_eq!(again.outcome, Acknowledged::Yours);
        world.phone(SECOND).texts("a3").await.expect_reply("already taken by First");
        assert_eq!(world.app.acknowledge.key(Uuid::nil()).await.unwrap(), None);
        world.damage("UPDATE alerts SET closed_at = 1").await;
        assert_eq!(world.app.acknowledge.key(page).await.unwrap(), None, "closed meanwhile");
    }
}

/// A page that went to somebody.
async fn page_of(world: &World, staff: Option<Uuid>) -> Uuid {
    let mut tx = world.app.store.read().await.unwrap();
    let open = tx.open_alerts().await.unwrap();
    drop(tx);
    let (alert, now) = (open[0].id, world.now());
    let desk = std::sync::Arc::clone(&world.app.paging.desk);
    let send = world.app.store.write(move |tx| {
        let desk = std::sync::Arc::clone(&desk);
        Box::pin(async move {
            let person = tx.person(staff.unwrap()).await?.unwrap();
            let contact = harborline::oncall::Contact::of(&person, &person.methods[0]);
            let page = harborline::store::NewPage {
                alert: Some(alert),
                kind: harborline::store::PageKind::Page,
                contact: &contact,
                words: "words",
            };
            tx.send_to_responder(&desk.gateway, &page, now).await
        })
    });
    send.await.unwrap()
}
