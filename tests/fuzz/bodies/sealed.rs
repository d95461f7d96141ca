//! No bytes that we did not seal open, and none make the program panic: rows, wrapped keys, places of push
//! services, names.

use std::sync::LazyLock;

use harborline::crypto::{Keyring, Place};
use harborline::pager::guard::check_url;
use harborline::pager::push::Subscription;
use harborline::text::name;
use uuid::Uuid;

static KEYS: LazyLock<Keyring> = LazyLock::new(|| Keyring::new(&[7; 32]));

pub(crate) fn run(bytes: &[u8]) {
    let place = Place {
        column: "messages.body",
        row: Uuid::nil(),
    };
    assert!(KEYS.house().open(place, bytes).is_err(), "nobody sealed it");
    assert!(
        KEYS.texter_key(Uuid::nil(), bytes).is_err(),
        "nobody wrapped it"
    );
    let text = String::from_utf8_lossy(bytes);
    if check_url(&text, false).is_ok() {
        assert!(text.trim_start().to_ascii_lowercase().starts_with("https:"));
    }
    let mut parts = text.splitn(3, '\n').map(str::to_owned);
    let mut next = || parts.next().unwrap_or_default();
    let place = Subscription {
        endpoint: next(),
        p256dh: next(),
        auth: next(),
    };
    let _ = place.check(false);
    let _ = name::check(&text);
    let _ = name::look_alike(&text, "First");
    assert!(
        !name::look_alike(&text, &text),
        "a name is no look-alike of itself"
    );
}
