//! The interface in English and in Spanish: which of them a person reads, and that it is the whole page.

use std::collections::BTreeMap;
use std::path::Path;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use harborline::staff::Role;
use regex::Regex;

use crate::support::team::a_team;
use crate::support::visitor::link;
use crate::support::world::{PUBLIC_URL, read};
use crate::support::{World, both};

const SPANISH: &str = "es-MX,es;q=0.9,en;q=0.5";
const ENGLISH: &str = "en-US,en;q=0.9";

/// A page as a browser asks for it that likes these languages, with these cookies.
async fn opens(world: &World, path: &str, likes: &str, cookie: &str) -> (StatusCode, String) {
    let request = Request::get(path)
        .header(header::ACCEPT_LANGUAGE, likes)
        .header(header::COOKIE, cookie);
    read(world.call(request.body(Body::empty()).unwrap()).await).await
}

/// A form that a browser sends from a page, in a language that it likes: the answer's status, where it leads,
/// the cookies that it sets, and the page.
async fn sends(
    world: &World,
    (path, from): (&str, &str),
    likes: &str,
    body: &str,
) -> (StatusCode, String, String, String) {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::HOST, "line.example.org")
        .header(header::ORIGIN, PUBLIC_URL)
        .header(header::REFERER, format!("{PUBLIC_URL}{from}"))
        .header(header::ACCEPT_LANGUAGE, likes)
        .body(Body::from(body.to_owned()))
        .unwrap();
    let response = world.call(request).await;
    let said = |name| {
        let values = response.headers().get_all(name).iter();
        let values = values.filter_map(|value| value.to_str().ok());
        let first = values.map(|value| value.split(';').next().unwrap_or_default());
        first.collect::<Vec<_>>().join("; ")
    };
    let (leads_to, cookies) = (said(header::LOCATION), said(header::SET_COOKIE));
    let (status, page) = read(response).await;
    (status, leads_to, cookies, page)
}

#[track_caller]
fn expect(page: &str, lang: &str, parts: &[&str]) {
    assert!(page.contains(&format!("<html lang=\"{lang}\">")), "{page}");
    for part in parts {
        assert!(page.contains(part), "no {part:?}: {page}");
    }
}

/// What a page says to a person, without its tags, and what its attributes say.
fn spoken(page: &str) -> String {
    let says =
        Regex::new(r#"(?:aria-label|placeholder|title|alt|data-[a-z-]+)="([^"]*)""#).unwrap();
    let tags = Regex::new(r"(?s)<[^>]*>").unwrap();
    let said: Vec<&str> = says
        .captures_iter(page)
        .filter_map(|found| Some(found.get(1)?.as_str()))
        .collect();
    let text = format!("{}\n{}", said.join("\n"), tags.replace_all(page, "\n"));
    text.replace("&#39;", "'").replace("&#38;", "&")
}

/// Every English sentence that has a Spanish one, in the pieces between its places.
fn english() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/interface/es");
    let place = Regex::new(r"\{[a-zA-Z0-9_|]*\}|<[^>]*>").unwrap();
    let mut pieces = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let phrases: BTreeMap<String, String> = toml::from_str(&text).unwrap();
        for (english, spanish) in phrases {
            let of_it = place.split(&english).map(str::trim);
            // Shorter ones are words that could be in a name, or are the same in both.
            let of_it = of_it.filter(|piece| piece.len() > 8 && piece.contains(' '));
            pieces.extend(
                of_it
                    .filter(|piece| !spanish.contains(piece))
                    .map(str::to_owned),
            );
        }
    }
    pieces
}

both! {
    async fn the_door_speaks_the_language_that_the_browser_asks_for(world: World) {
        let (_, page) = opens(&world, "/sign-in", SPANISH, "").await;
        expect(&page, "es", &["Iniciar sesión", "Contraseña", "lang=\"en\">English"]);
        let (_, page) = opens(&world, "/sign-in", ENGLISH, "").await;
        expect(&page, "en", &["Sign in", "Password", "lang=\"es\">Español"]);
        let (_, page) = opens(&world, "/sign-in", "de, fr;q=0.5", "").await;
        expect(&page, "en", &["Sign in"]);
        let (status, page) = opens(&world, "/nowhere", SPANISH, "").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        expect(&page, "es", &["Aquí no hay nada"]);
        let wrong = "login=first%40example.org&password=nothing+that+fits";
        let (status, _, _, page) = sends(&world, ("/sign-in", "/sign-in"), SPANISH, wrong).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        expect(&page, "es", &["Este correo y esta contraseña no corresponden."]);
    }

    async fn a_language_chosen_at_the_door_is_kept_and_leads_back_to_the_page(world: World) {
        let from = "/sign-in?then=%2Fon-call";
        let (status, leads_to, cookie, _) = sends(&world, ("/language", from), ENGLISH, "locale=es").await;
        assert_eq!((status, leads_to.as_str()), (StatusCode::SEE_OTHER, from));
        let (_, page) = opens(&world, &leads_to, ENGLISH, &cookie).await;
        expect(&page, "es", &["Iniciar sesión"]);
        let (status, ..) = sends(&world, ("/language", from), ENGLISH, "locale=xx").await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    async fn what_the_account_says_comes_before_what_the_browser_says(world: World) {
        let first = world.a_member_of_staff("first@example.org").await;
        let visitor = world.visitor(&first).await;
        let cookie = world.session_of(&first).await;
        let before = opens(&world, "/me", SPANISH, &cookie).await.1;
        expect(&before, "es", &["Mi página", "<option value=\"\" selected>el idioma de mi navegador"]);
        let sent = visitor.sends("/me/language", &[("locale", "es")]).await;
        sent.expect_done("Desde ahora las páginas le hablan en este idioma.");
        expect(&opens(&world, "/me", ENGLISH, &cookie).await.1, "es", &["<option value=\"es\" selected>Español"]);
        let (status, page) = opens(&world, "/people", ENGLISH, &cookie).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        expect(&page, "es", &["No es parte de su función"]);
        visitor.sends("/me/language", &[("locale", "en")]).await.expect_done("From now on the pages speak");
        expect(&opens(&world, "/me", SPANISH, &cookie).await.1, "en", &["<option value=\"en\" selected>English"]);
        visitor.sends("/me/language", &[("locale", "")]).await.expect_done("From now on the pages speak");
        expect(&opens(&world, "/me", SPANISH, &cookie).await.1, "es", &[]);
    }

    async fn every_page_is_spanish_from_top_to_bottom_and_names_stay_as_they_are(world: World) {
        let team = a_team(&world).await;
        let lead = world.an_account("lead@example.org", Role::Administrator).await;
        let visitor = world.visitor(&lead).await;
        visitor.sends("/me/language", &[("locale", "es")]).await.expect_done("Desde ahora");
        let odd = "<i>{zone}</i> & Co";
        visitor.sends("/schedules/new", &[("name", odd), ("zone", "UTC")]).await.expect_done("El horario se guardó.");
        let schedule = format!("schedule {}", team.schedule);
        let fields = [("name", "Crisis"), ("acks", "2"), ("delay", "60"), ("repeat", "2"), ("targets-0", schedule.as_str()), ("act", "save")];
        visitor.sends("/policies/new", &fields).await.expect_done("La política se guardó.");
        visitor.sends("/on-call/tests", &[("who", "on-call"), ("wake", "yes")]).await.expect_done("aviso de prueba");
        visitor.sends("/drills/new", &[("variant", "plain"), ("dry_run", "true")]).await.expect_done("El simulacro empieza");
        world.phone("+15550100").texts("I want to die").await;
        world.settle().await;
        let drills = visitor.reads("/drills").await;
        let policies = visitor.reads("/policies").await;
        let on_call = visitor.reads("/on-call").await;
        let conversation = world.first_in_the_queue().await;
        let (plan, person) = (format!("/schedules/{}", team.schedule), format!("/people/{}", team.first.id));
        let pages = [
            "/".to_owned(),
            "/board".to_owned(),
            "/incidents".to_owned(),
            "/reports".to_owned(),
            "/content/phone".to_owned(),
            "/content/codes".to_owned(),
            "/triage-lab".to_owned(),
            "/audit".to_owned(),
            "/system".to_owned(),
            "/canned/new".to_owned(),
            "/keys".to_owned(),
            format!("/conversations/{conversation}"),
            format!("/conversations/{conversation}/timeline"),
            format!("/conversations/{conversation}/release"),
            format!("/conversations/{conversation}/hand-on"),
            "/queue/automated".to_owned(),
            "/queue/closed".to_owned(),
            "/search".to_owned(),
            "/shift".to_owned(),
            "/on-call".to_owned(),
            "/on-call/tests".to_owned(),
            "/schedules".to_owned(),
            "/schedules/new".to_owned(),
            plan.clone(),
            format!("{plan}/edit"),
            format!("{plan}/remove"),
            format!("{plan}/rotations/new"),
            format!("{plan}/shifts/new"),
            format!("{plan}/overrides/new"),
            link(&on_call, &format!("{plan}/overrides/new?out=")),
            "/policies".to_owned(),
            "/policies/new".to_owned(),
            "/policies/try/high".to_owned(),
            link(&policies, "/policies/0"),
            "/drills".to_owned(),
            "/drills/new".to_owned(),
            link(&drills, "/drills/0"),
            "/people".to_owned(),
            "/people/invite".to_owned(),
            person.clone(),
            format!("{person}/hours"),
            "/me".to_owned(),
            "/me/hours".to_owned(),
            "/me/methods/new".to_owned(),
            "/me/methods/new?kind=sms".to_owned(),
            "/me/methods/new?kind=webhook".to_owned(),
            "/me/password".to_owned(),
            "/me/second-factor".to_owned(),
            "/me/security".to_owned(),
            "/me/sessions".to_owned(),
            "/confirm".to_owned(),
            format!("/conversations/{conversation}/tier"),
            format!("/conversations/{conversation}/number"),
            format!("/conversations/{conversation}/close"),
        ];
        let english = english();
        let mut left = Vec::new();
        for path in pages {
            let page = visitor.reads(&path).await;
            expect(&page, "es", &[]);
            let said = spoken(&page);
            left.extend(english.iter().filter(|piece| said.contains(*piece)).map(|piece| format!("{path}: {piece}")));
        }
        assert!(left.is_empty(), "English is left:\n{}", left.join("\n"));
        let page = visitor.reads("/schedules").await;
        assert!(page.contains("&#60;i&#62;{zone}&#60;/i&#62; &#38; Co") && !page.contains(odd), "{page}");
    }
}
