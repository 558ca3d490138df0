//! What the program hands to this room, and what is made of it for the handlers.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use metrics_exporter_prometheus::PrometheusHandle;
use stage_commands::Commands;
use stage_projections::{Reads, views::Viewed};

use crate::{HttpSettings, extract::Shown, limits::Limits};

/// Everything that the routes need.
pub struct App {
    pub commands: Commands,
    pub reads: Reads,
    pub views: Arc<dyn ViewSink>,
    pub probe: Arc<dyn Probe>,
    /// Renders `/metrics`. The program installs the recorder and runs its upkeep.
    pub metrics: PrometheusHandle,
    pub settings: HttpSettings,
}

/// Takes the ids of what was viewed, and nothing else. Called on the way of every public read, so it must
/// answer in microseconds and never wait for a network.
pub trait ViewSink: Send + Sync {
    /// # Errors
    /// When the views could not be kept.
    fn viewed(&self, seen: &[Viewed]) -> std::io::Result<()>;
}

/// Asks what the program stands on whether it is there.
#[async_trait]
pub trait Probe: Send + Sync {
    /// Each component's name and what is wrong with it. The reason is logged and never shown to a client, so it
    /// must not hold a secret.
    async fn ready(&self) -> Vec<(&'static str, Result<(), String>)>;
}

/// The state of the handlers.
pub(crate) type Shared = Arc<Inner>;

pub(crate) struct Inner {
    pub(crate) commands: Commands,
    pub(crate) reads: Reads,
    pub(crate) views: Arc<dyn ViewSink>,
    pub(crate) probe: Arc<dyn Probe>,
    pub(crate) metrics: PrometheusHandle,
    pub(crate) limits: Limits,
    pub(crate) shown: Shown,
    pub(crate) settings: HttpSettings,
}

/// What a public read answers.
pub(crate) struct Rendered {
    pub(crate) body: Bytes,
    pub(crate) etag: String,
    /// The value of `Link`, where there is a next page.
    pub(crate) link: Option<String>,
    /// What reading this counts as.
    pub(crate) viewed: Vec<Viewed>,
}

impl Inner {
    pub(crate) fn new(app: App) -> Shared {
        let App { commands, reads, views, probe, metrics, settings } = app;
        let limits = Limits::new(&settings);
        Arc::new(Self { commands, reads, views, probe, metrics, limits, shown: Shown::default(), settings })
    }
}
