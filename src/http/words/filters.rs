//! The filters of templates: `{{ "{owner} has it"|tr|with("owner", owner) }}`, `|html` behind a phrase with
//! tags of its own, and `{{ "style.css"|asset }}` for the address of an asset. Floor 4.

#![expect(
    clippy::inline_always,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    unreachable_pub,
    reason = "what `filter_fn` makes of a function, and asks of it"
)]

use std::convert::Infallible;
use std::fmt::Display;

use askama::filters::{Escaper, Html, Safe};
use askama::{Result, Values};

use super::{Phrase, phrase_of};

/// A phrase in the language of who reads.
#[askama::filter_fn]
pub(in crate::http) fn tr(sentence: &str, _: &dyn Values) -> Result<Phrase, Infallible> {
    Ok(phrase_of(sentence))
}

/// A phrase with what stands at a place in it.
#[askama::filter_fn]
pub(in crate::http) fn with<T: Display>(
    phrase: Phrase,
    _: &dyn Values,
    name: &str,
    value: T,
) -> Result<Phrase, Infallible> {
    Ok(phrase.with(name, &value))
}

/// A phrase whose own words hold tags. They are ours, and a test knows them; what stands in it is escaped.
#[askama::filter_fn]
pub(in crate::http) fn html(phrase: Phrase, _: &dyn Values) -> Result<Safe<String>> {
    let mut text = String::new();
    for (ours, piece) in phrase.pieces() {
        if ours {
            text.push_str(&piece);
        } else {
            Html.write_escaped_str(&mut text, &piece)?;
        }
    }
    Ok(Safe(text))
}

/// The address of an asset, by the name of its file.
#[askama::filter_fn]
pub(in crate::http) fn asset(file: &str, _: &dyn Values) -> Result<String, Infallible> {
    Ok(crate::http::assets::address(file))
}
