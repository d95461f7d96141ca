//! Traces: the steps of a text as spans, sent to a collector by OTLP over HTTP. Only what stands in
//! [`trail::STEPS`] is sent: no line of the log, no span of a library.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use secrecy::ExposeSecret as _;
use tokio::runtime::Handle;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::config::TelemetrySection;
use crate::gateway::client::{http_client, loopback_client};
use crate::trail;

/// How long the collector may take. What it does not take in time is dropped, and nothing waits for it.
const LIMIT: Duration = Duration::from_secs(5);
/// Where a collector takes traces (OTLP 1.x, "OTLP/HTTP request").
const PATH: &str = "/v1/traces";

/// Why no traces can be sent: one sentence with the place and the fix.
#[derive(Debug, thiserror::Error)]
#[error(
    "telemetry.otlp_endpoint: traces cannot be sent: {0}. Write the root of the collector, like http://127.0.0.1:4318, or leave the key out"
)]
pub struct NoTraces(String);

/// Sends spans until it is finished.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins to send, if somebody said where to.
    ///
    /// # Errors
    /// [`NoTraces`].
    pub fn start(section: &TelemetrySection) -> Result<Option<Self>, NoTraces> {
        let Some(endpoint) = &section.otlp_endpoint else {
            return Ok(None);
        };
        let wrong = |why: String| NoTraces(why);
        let client = Carrier {
            client: client_for(endpoint).map_err(|error| wrong(error.to_string()))?,
            runtime: Handle::try_current().map_err(|error| wrong(error.to_string()))?,
        };
        let headers = section.otlp_headers.iter();
        let headers = headers.map(|(name, value)| (name.clone(), value.expose_secret().to_owned()));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(traces_url(endpoint))
            .with_headers(headers.collect())
            .with_timeout(LIMIT)
            .build()
            .map_err(|error| wrong(error.to_string()))?;
        let resource = Resource::builder()
            .with_service_name("harborline")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Some(Self(
            SdkTracerProvider::builder()
                .with_resource(resource)
                .with_batch_exporter(exporter)
                .build(),
        )))
    }

    /// What hands the spans over.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let steps = filter_fn(|about| {
            about.is_span()
                && about.target().starts_with("harborline")
                && trail::STEPS.contains(&about.name())
        });
        tracing_opentelemetry::layer()
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_tracer(self.0.tracer("harborline"))
            .with_filter(steps)
    }

    /// Sends what is left, and ends.
    pub async fn finish(self) {
        // It waits for a thread of its own, which waits for this runtime.
        let ended = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(LIMIT));
        if let Ok(Err(error)) = ended.await {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// Where a collector takes traces.
pub(crate) fn traces_url(endpoint: &str) -> String {
    let root = endpoint.trim_end_matches('/');
    if root.ends_with(PATH) {
        root.to_owned()
    } else {
        format!("{root}{PATH}")
    }
}

/// The client for a collector: past any proxy where it runs on this machine.
pub(crate) fn client_for(endpoint: &str) -> Result<reqwest::Client, reqwest::Error> {
    let url = url::Url::parse(endpoint).ok();
    let here = match url.as_ref().and_then(url::Url::host) {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if here {
        loopback_client(LIMIT)
    } else {
        http_client(LIMIT)
    }
}

/// Our own client, for the exporter: it works on a thread of its own, the client on this runtime.
#[derive(Debug)]
struct Carrier {
    client: reqwest::Client,
    runtime: Handle,
}

impl HttpClient for Carrier {
    fn send_bytes<'a, 'f>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        'a: 'f,
        Self: 'f,
    {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move {
            let answer = client.execute(request.try_into()?).await?;
            let status = answer.status();
            let body = answer.bytes().await?;
            let mut response = Response::new(body);
            *response.status_mut() = status;
            Ok::<_, reqwest::Error>(response)
        });
        Box::pin(async move { Ok(sent.await??) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_of_a_collector_is_enough() {
        let whole = "http://127.0.0.1:4318/v1/traces";
        for endpoint in ["http://127.0.0.1:4318", "http://127.0.0.1:4318/", whole] {
            assert_eq!(traces_url(endpoint), whole);
        }
    }
}
