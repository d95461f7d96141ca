//! What people type, in texts, forms, files and commands, is read or refused; nothing panics, and what is
//! written again is read as the same.

use harborline::audit_log::Kept;
use harborline::clock::At;
use harborline::credential::{Secret, normal};
use harborline::crypto::keyfile;
use harborline::lookup::Wanted;
use harborline::oncall::{read_by_phone, read_reply};
use harborline::phone::PhoneNumber;
use harborline::reports::Period;
use harborline::retention::Who;
use harborline::segment::{segments, split, to_gsm};
use harborline::staff::Device;
use harborline::store::ChainHead;
use harborline::text::normalise::Normal;

pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = PhoneNumber::of_sender(&text);
    if let Ok(number) = PhoneNumber::parse(&text) {
        assert_eq!(PhoneNumber::parse(number.reveal()).ok(), Some(number));
    }
    let parts = split(&text);
    assert_eq!(parts.concat(), *text);
    let _ = segments(&to_gsm(&text));
    let normalised = Normal::of(&text);
    for word in normalised.words() {
        let _ = word;
    }
    let _ = read_reply(&text);
    let _ = read_by_phone(&text);
    let _ = Wanted::read(&text);
    let _ = Device::of(&text);
    let _ = Kept::read(&text);
    let (from, until) = text.split_once('\n').unwrap_or((&text, &text));
    if let Ok(period) = Period::read(from, until) {
        assert!(period.days() > 0);
        let _ = period.bounds(&jiff::tz::TimeZone::UTC);
    }
    let code = normal(&text);
    assert_eq!(normal(&code), code);
    let secret = Secret::new(bytes, &text, &text);
    let now = At(1_767_225_600_000);
    let _ = secret.step_of(&text, now);
    assert!(secret.step_of(&secret.code(now), now).is_some());
    let _ = (secret.spelled(), secret.address());
    if let Some(Who::Number(_)) = Who::reference(&text) {
        panic!("a number is no reference");
    }
    if let Ok(head) = text.parse::<ChainHead>() {
        assert_eq!(head.to_string().parse(), Ok(head));
    }
    if let Some(masters) = keyfile::read(&text) {
        assert_eq!(keyfile::read(&keyfile::lines(&masters)), Some(masters));
    }
}
