//! A browser that goes through the pages of staff: it keeps cookies, and an address.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use harborline::clock::Clock;
use harborline::credential::Secret;

use super::World;
use super::world::{PUBLIC_URL, read};

/// A password that is good for everyone.
pub(crate) const PASSWORD: &str = "a long enough password";

pub(crate) struct Browser<'w> {
    world: &'w World,
    cookies: Mutex<BTreeMap<String, String>>,
    address: SocketAddr,
}

/// What a page said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) page: String,
}

impl Answer {
    /// Where it leads, if anywhere.
    pub(crate) fn leads_to(&self) -> &str {
        let place = self.headers.get(header::LOCATION);
        place.map_or("", |place| place.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn expect(&self, status: u16, part: &str) -> &Self {
        let found = self.page.contains(part) || self.leads_to().contains(part);
        assert!(
            self.status == status && found,
            "{status} {part:?}: {self:#?}"
        );
        self
    }

    #[track_caller]
    pub(crate) fn goes_to(&self, place: &str) -> &Self {
        assert_eq!(
            (self.status, self.leads_to()),
            (StatusCode::SEE_OTHER, place),
            "{self:#?}"
        );
        self
    }

    /// What stands in the page between two words.
    #[track_caller]
    pub(crate) fn between(&self, start: &str, end: &str) -> String {
        let rest = self
            .page
            .split_once(start)
            .unwrap_or_else(|| panic!("{start:?} in {self:#?}"))
            .1;
        rest.split_once(end).unwrap().0.to_owned()
    }
}

impl<'w> Browser<'w> {
    /// A browser that nobody has used.
    pub(crate) fn new(world: &'w World) -> Self {
        Self::at(world, "198.51.100.1")
    }

    /// One at this address.
    pub(crate) fn at(world: &'w World, address: &str) -> Self {
        Self {
            world,
            cookies: Mutex::default(),
            address: SocketAddr::new(address.parse().unwrap(), 4711),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::HOST, "line.example.org")
            .header(header::ORIGIN, PUBLIC_URL);
        self.call(request.body(Body::from(body)).unwrap()).await
    }

    async fn call(&self, mut request: Request<Body>) -> Answer {
        let cookies: Vec<String> = {
            let kept = self.cookies.lock().unwrap();
            kept.iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect()
        };
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";
        request
            .headers_mut()
            .insert(header::USER_AGENT, agent.parse().unwrap());
        if !cookies.is_empty() {
            request
                .headers_mut()
                .insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        }
        request.extensions_mut().insert(ConnectInfo(self.address));
        let response = self.world.call(request).await;
        let headers = response.headers().clone();
        for cookie in headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (pair, rest) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let mut kept = self.cookies.lock().unwrap();
            if rest.contains("Max-Age=0;") || rest.ends_with("Max-Age=0") {
                kept.remove(name);
            } else {
                kept.insert(name.to_owned(), value.to_owned());
            }
        }
        let (status, page) = read(response).await;
        Answer {
            status,
            headers,
            page,
        }
    }

    /// The value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    /// Another browser with the same cookies, as a thief would have.
    pub(crate) fn copied(&self) -> Self {
        Self {
            world: self.world,
            cookies: Mutex::new(self.cookies.lock().unwrap().clone()),
            address: self.address,
        }
    }

    /// Makes the first administrator, in this browser.
    pub(crate) async fn set_up(&self) {
        let link = self.world.app.setup_link().await.unwrap().unwrap();
        let fields = [
            ("name", "First"),
            ("login", "first@example.org"),
            ("password", PASSWORD),
        ];
        let path = link.strip_prefix(PUBLIC_URL).unwrap();
        self.post(path, &fields).await.goes_to("/");
    }

    pub(crate) async fn sign_in(&self, login: &str, password: &str) -> Answer {
        let fields = [("login", login), ("password", password)];
        self.post("/sign-in", &fields).await
    }

    /// Invites somebody; the path of the link.
    pub(crate) async fn invite(&self, login: &str, name: &str, role: &str) -> String {
        let fields = [("login", login), ("name", name), ("role", role)];
        let page = self.post("/people/invite", &fields).await;
        page.expect(200, "shown this once");
        page.between(PUBLIC_URL, "</textarea>")
    }

    /// Sets a second factor up; the secret of the app, and the recovery codes.
    pub(crate) async fn set_up_factor(&self) -> (Secret, Vec<String>) {
        self.post("/me/second-factor/start", &[])
            .await
            .goes_to("/me/second-factor");
        let page = self.get("/me/second-factor").await;
        page.expect(200, "<svg");
        let spelled = page.between("into the app: <code>", "</code>");
        let secret = Secret::new(&base32(&spelled), "Line", "app");
        let code = secret.code(self.world.clock.now());
        let page = self
            .post("/me/second-factor/finish", &[("code", &code)])
            .await;
        page.expect(200, "shown this once");
        let codes = page.page.split("<li><code>").skip(1);
        let codes = codes.map(|rest| rest.split_once("</code>").unwrap().0.to_owned());
        (secret, codes.collect())
    }
}

/// Base 32 (RFC 4648), as an app reads a secret, whatever stands between its letters.
fn base32(spelled: &str) -> Vec<u8> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for letter in spelled.bytes().filter(u8::is_ascii_alphanumeric) {
        let value = match letter.to_ascii_uppercase() {
            letter @ b'A'..=b'Z' => letter - b'A',
            digit => digit - b'2' + 26,
        };
        bits = (bits << 5) | u32::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 255).unwrap());
        }
    }
    bytes
}
