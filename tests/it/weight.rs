//! What a page weighs: its HTML as it is, its style and its scripts as they travel. Bytes, and no time. The
//! line is busy: its queue is full, its team has cases, a conversation is long.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use harborline::handoff::Act;
use harborline::http::declared;
use harborline::staff::Role;
use harborline::text::MessageBody;
use regex::Regex;
use uuid::Uuid;

use crate::support::team::{Team, a_team};
use crate::support::world::minutes;
use crate::support::{Engine, World};

/// What a page may weigh.
const MOST: usize = 100 * 1024;

/// The bytes of an answer, as a browser gets them; none when it is no page.
async fn bytes(world: &World, path: &str, cookie: &str) -> Option<Vec<u8>> {
    let request = Request::get(path)
        .header(header::COOKIE, cookie)
        .header(header::ACCEPT_ENCODING, "gzip");
    let response = world.call(request.body(Body::empty()).unwrap()).await;
    if response.status() != StatusCode::OK {
        return None;
    }
    let compressed = response.headers().contains_key(header::CONTENT_ENCODING);
    assert_eq!(
        compressed,
        path.starts_with("/assets/") && !path.contains(".png"),
        "{path}: assets travel compressed, and nothing else"
    );
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Some(body.to_vec())
}

/// The scripts, the style and the icon that a page asks for.
fn assets(page: &str) -> Vec<String> {
    static ASSET: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?:src|href)="(/assets/[^"]+)""#).unwrap());
    let found = ASSET.captures_iter(page).map(|found| found[1].to_owned());
    // What only a telephone asks for that puts the page on its first screen.
    found.filter(|path| !path.contains("icon-180")).collect()
}

/// Cases that wait, cases in hands, and a long conversation.
async fn busy(world: &World, team: &Team) -> Uuid {
    let mut opened = None;
    for nth in 0..85 {
        let texter = world.phone(&format!("+1555012{nth:04}"));
        texter.texts("i want to die and i have pills").await;
        if nth < 45 {
            let conversation = world.first_in_the_queue().await;
            let who = if nth % 2 == 0 {
                &team.first
            } else {
                &team.night
            };
            world.acts(who, conversation, Act::Claim).await.unwrap();
            opened = opened.or(Some(conversation));
        }
    }
    let long = opened.unwrap();
    let texter = world.phone("+15550120000");
    for nth in 0..70 {
        let words = format!(
            "Text {nth}: we can take all the time that you need tonight, and I read every word that you write to me."
        );
        let done = world
            .acts(&team.first, long, Act::Write(MessageBody::new(words)))
            .await;
        done.unwrap();
        texter
            .texts("i still want to die, my dad hates me and i cannot sleep")
            .await;
    }
    let noted = MessageBody::new("Sounds calmer.");
    world
        .acts(&team.first, long, Act::Note(noted))
        .await
        .unwrap();
    world.jump(minutes(1)).await;
    long
}

#[tokio::test]
async fn no_screen_weighs_more_than_a_hundred_kilobytes() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let team = a_team(&world).await;
    let conversation = busy(&world, &team).await;
    let administrator = world
        .an_account("operator@example.org", Role::Administrator)
        .await;
    let mut paths: Vec<String> = declared()
        .into_iter()
        .filter(|route| route.method == Method::GET && route.path != "/live")
        .map(|route| {
            route.path.replace(
                "/conversations/{id}",
                &format!("/conversations/{conversation}"),
            )
        })
        .filter(|path| !path.contains('{'))
        .collect();
    paths.extend(["/sign-in".to_owned(), "/reports?period=year".to_owned()]);
    let mut weights = BTreeMap::new();
    for (who, account) in [
        ("administrator", &administrator),
        ("responder", &team.first),
    ] {
        let cookie = world.session_of(account).await;
        for path in &paths {
            let Some(html) = bytes(&world, path, &cookie).await else {
                continue;
            };
            let page = String::from_utf8_lossy(&html).into_owned();
            let mut all = html.len();
            for asset in assets(&page) {
                all += bytes(&world, &asset, &cookie).await.unwrap().len();
            }
            weights.insert(format!("{who} {path}"), (all, html.len()));
        }
    }
    assert!(weights.len() > 40, "{weights:?}");
    let heavy: Vec<_> = weights.iter().filter(|(_, (all, _))| *all > MOST).collect();
    assert!(heavy.is_empty(), "{heavy:?} of {weights:#?}");
    let (thread, _) = weights[&format!("responder /conversations/{conversation}")];
    assert!(thread > MOST / 4, "the conversation is long: {thread}");
}
