//! Whether traces arrive: an empty request, as the program sends it, to the collector that is configured.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use secrecy::ExposeSecret as _;

use crate::config::Config;
use crate::gateway::ApiRequest;
use crate::gateway::check::Finding;
use crate::gateway::client::{Answer, send};
use crate::telemetry::traces::{client_for, traces_url};

const ID: &str = "telemetry.otlp";

pub(super) async fn examine(config: &Config) -> Finding {
    let Some(endpoint) = &config.telemetry.otlp_endpoint else {
        return Finding::skipped(
            ID,
            "no traces are sent: set telemetry.otlp_endpoint to see where the time of a text goes",
        );
    };
    let fix = "Start the collector, and mend telemetry.otlp_endpoint or its headers; texts are answered all the same";
    let Ok(client) = client_for(endpoint) else {
        return Finding::fail(ID, "no client can be made for it", fix);
    };
    let mut headers = HeaderMap::new();
    let protobuf = HeaderValue::from_static("application/x-protobuf");
    headers.insert(header::CONTENT_TYPE, protobuf);
    for (name, value) in &config.telemetry.otlp_headers {
        let name = HeaderName::try_from(name.as_str());
        let value = HeaderValue::try_from(value.expose_secret());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.insert(name, value);
        }
    }
    // A request without spans is an empty message.
    let request = ApiRequest {
        method: Method::POST,
        url: traces_url(endpoint),
        headers,
        body: Vec::new(),
    };
    match send(&client, request).await {
        Answer::Answered {
            status: 200..300, ..
        } => Finding::ok(ID, "the collector takes traces"),
        Answer::Answered { status, .. } => Finding::fail(
            ID,
            format!("the collector answers with status {status}: traces are dropped"),
            fix,
        ),
        _ => Finding::fail(ID, "the collector does not answer: traces are dropped", fix),
    }
}
