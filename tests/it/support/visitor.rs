//! Somebody of the staff in front of the pages: what they open, what they send, what they see.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use harborline::store::Account;

use super::World;
use super::world::{PUBLIC_URL, read};

pub(crate) struct Visitor<'w> {
    world: &'w World,
    cookie: String,
}

/// What came of a form.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) status: StatusCode,
    /// What was said there, or here.
    pub(crate) page: String,
    /// What the first answer said beside its page.
    pub(crate) headers: HeaderMap,
}

impl World {
    /// Lets a member of staff sign in.
    pub(crate) async fn visitor(&self, account: &Account) -> Visitor<'_> {
        Visitor {
            world: self,
            cookie: self.session_of(account).await,
        }
    }
}

impl Visitor<'_> {
    /// Opens a page.
    pub(crate) async fn opens(&self, path: &str) -> (StatusCode, String) {
        self.opens_with(path, &self.cookie).await
    }

    /// Opens a page that must be there, and reads it.
    pub(crate) async fn reads(&self, path: &str) -> String {
        let (status, page) = self.opens(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {page}");
        page
    }

    async fn opens_with(&self, path: &str, cookie: &str) -> (StatusCode, String) {
        let request = Request::get(path).header(header::COOKIE, cookie);
        read(self.world.call(request.body(Body::empty()).unwrap()).await).await
    }

    /// Sends a form, goes where it leads, and lets the workers work.
    pub(crate) async fn sends(&self, path: &str, fields: &[(&str, &str)]) -> Sent {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::HOST, "line.example.org")
            .header(header::ORIGIN, PUBLIC_URL)
            .header(header::COOKIE, &self.cookie)
            .body(Body::from(body))
            .unwrap();
        let response = self.world.call(request).await;
        let said = |name| {
            let value = response.headers().get(name);
            value.map_or("", |value| value.to_str().unwrap()).to_owned()
        };
        let (leads_to, set) = (said(header::LOCATION), said(header::SET_COOKIE));
        let headers = response.headers().clone();
        let (status, mut page) = read(response).await;
        if status == StatusCode::SEE_OTHER {
            let carried = set.split(';').next().unwrap_or_default();
            let cookie = format!("{}; {carried}", self.cookie);
            page = self.opens_with(&leads_to, &cookie).await.1;
        }
        self.world.settle().await;
        Sent {
            status,
            page,
            headers,
        }
    }
}

impl Sent {
    /// It was done, and the page that it led to says so.
    #[track_caller]
    pub(crate) fn expect_done(&self, words: &str) -> &Self {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.page);
        assert!(self.page.contains(words), "no {words:?}: {}", self.page);
        self
    }

    /// It was refused, and the page says why.
    #[track_caller]
    pub(crate) fn expect_refused(&self, words: &str) -> &Self {
        assert_eq!(
            self.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            self.page
        );
        assert!(self.page.contains(words), "no {words:?}: {}", self.page);
        self
    }
}

/// The first address on a page that begins like this.
#[track_caller]
pub(crate) fn link(page: &str, begins: &str) -> String {
    let start = page.find(begins);
    let start = start.unwrap_or_else(|| panic!("no {begins:?} in {page}"));
    let address = page[start..].split('"').next().unwrap_or_default();
    address.replace("&#38;", "&").replace("&amp;", "&")
}

/// The value of a hidden field of a page.
#[track_caller]
pub(crate) fn hidden(page: &str, name: &str) -> String {
    let begins = format!("name=\"{name}\" value=\"");
    let start = page.find(&begins);
    let start = start.unwrap_or_else(|| panic!("no {name} in {page}"));
    let value = page[start + begins.len()..].split('"').next();
    value.unwrap_or_default().to_owned()
}
