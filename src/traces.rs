//! Traces, sent by OTLP over HTTP when somebody asks for them.
//!
//! Only spans that our rooms open under [`TARGET`] are sent, each with names from the code and numbers: no address,
//! agent, path, id or text of anybody. What libraries say of themselves is left out, because they quote what they work on;
//! and no trace is taken over from a client, because its number would tell the client.

use std::{
    error::Error,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tokio::runtime::Handle;
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::Targets, registry::LookupSpan};

use crate::failure::Failure;

/// The target of spans that are meant to be traced.
pub(crate) const TARGET: &str = "stage_trace";

/// How long a collector may take for what is sent to it at once, and for the rest at the end.
const PATIENCE: Duration = Duration::from_secs(10);
const LAST_PATIENCE: Duration = Duration::from_secs(2);

/// What is still to be sent at the end.
pub(crate) struct Traces(Option<SdkTracerProvider>);

impl Traces {
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Sends the rest. Not to be called on the runtime, which has to send it.
    pub(crate) fn end(self) {
        if let Some(provider) = self.0 {
            // A collector that is away was told of already.
            let _ = provider.shutdown_with_timeout(LAST_PATIENCE);
        }
    }
}

/// A layer that sends spans to the collector at `endpoint`, as the specification of OTLP means it: `/v1/traces` is
/// added. Headers, sampling and batches are set by the variables `OTEL_…` that it names.
pub(crate) fn to<S>(
    endpoint: &str,
    runtime: &Handle,
) -> Result<(impl Layer<S> + Send + Sync + use<S>, Traces), Failure>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let failed = |error: Box<dyn Error + Send + Sync>| Failure::Traces(error);
    let http = reqwest::Client::builder().timeout(PATIENCE).build().map_err(|error| failed(error.into()))?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Client { http, runtime: runtime.clone(), is_away: AtomicBool::new(false) })
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .build()
        .map_err(|error| failed(error.into()))?;
    let mut resource =
        Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name("stage");
    }
    let provider =
        SdkTracerProvider::builder().with_resource(resource.build()).with_batch_exporter(exporter).build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("stage"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(Targets::new().with_target(TARGET, LevelFilter::INFO));
    Ok((layer, Traces(Some(provider))))
}

/// The exporter has a thread of its own; requests are made on our runtime.
#[derive(Debug)]
struct Client {
    http: reqwest::Client,
    runtime: Handle,
    is_away: AtomicBool,
}

impl Client {
    /// Says once that the collector is away, and once that it is back.
    fn tell(&self, is_away: bool) {
        match (self.is_away.swap(is_away, Ordering::Relaxed), is_away) {
            (false, true) => tracing::warn!("traces cannot be sent; spans are dropped until they can"),
            (true, false) => tracing::info!("traces are sent again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let request =
            self.http.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body);
        let asked = async move {
            let answer = request.send().await?;
            let status = answer.status();
            Ok::<_, reqwest::Error>((status, answer.bytes().await?))
        };
        let answered = self.runtime.spawn(asked).await.map_err(HttpError::from)?;
        self.tell(!answered.as_ref().is_ok_and(|(status, _)| status.is_success()));
        let (status, body) = answered?;
        let mut response = Response::new(body);
        *response.status_mut() = status;
        Ok(response)
    }
}
