//! What people type, in texts, forms, files and commands, is read or refused; nothing panics, and what is
//! written again is read as the same.

use harborline::crypto::keyfile;
use harborline::lookup::Wanted;
use harborline::oncall::read_reply;
use harborline::phone::PhoneNumber;
use harborline::retention::Who;
use harborline::segment::{segments, split, to_gsm};
use harborline::staff::Device;
use harborline::store::ChainHead;
use harborline::text::normalise::Normal;

pub(crate) fn hold(bytes: &[u8]) {
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
    let _ = Wanted::read(&text);
    let _ = Device::of(&text);
    let number = matches!(Who::reference(&text), Some(Who::Number(_)));
    assert!(!number, "a number is no reference");
    if let Ok(head) = text.parse::<ChainHead>() {
        assert_eq!(head.to_string().parse(), Ok(head));
    }
    if let Some(masters) = keyfile::read(&text) {
        assert_eq!(keyfile::read(&keyfile::lines(&masters)), Some(masters));
    }
}
