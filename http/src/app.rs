//! What the program hands to this room, and what is made of it for the handlers.

use std::sync::Arc;

use async_trait::async_trait;
use metrics_exporter_prometheus::PrometheusHandle;
use stage_commands::Commands;
use stage_projections::{
    Reads,
    views::{Viewed, Viewer},
};
use tokio_util::sync::CancellationToken;

use crate::{
    HttpSettings,
    extract::{Looks, Shown},
    kept::{Pages, Visible, Watch},
    limits::Limits,
    live::Live,
};

/// Everything that the routes need.
pub struct App {
    pub commands: Commands,
    pub reads: Reads,
    pub views: Arc<dyn ViewSink>,
    pub probe: Arc<dyn Probe>,
    /// Renders `/metrics`. The program installs the recorder and runs its upkeep.
    pub metrics: PrometheusHandle,
    /// Cancelled when the program is about to end, so that streams without an end get one.
    pub closing: CancellationToken,
    pub settings: HttpSettings,
}

/// Takes the ids of what was viewed, whether by a bot, and nothing else. Called on the way of every public read, so it must
/// answer in microseconds and never wait for a network.
pub trait ViewSink: Send + Sync {
    /// # Errors
    /// When the views could not be kept.
    fn viewed(&self, seen: &[Viewed], by: Viewer) -> std::io::Result<()>;
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
    pub(crate) visible: Visible,
    pub(crate) pages: Pages,
    pub(crate) live: Arc<Live>,
    pub(crate) settings: HttpSettings,
}

impl Inner {
    /// Begins to hear what the read models say; needs the runtime.
    pub(crate) fn new(app: App) -> Shared {
        let App { commands, reads, views, probe, metrics, closing, settings } = app;
        let limits = Limits::new(&settings);
        let live = Arc::new(Live::new(reads.clone(), settings.clone(), closing));
        let watch = Watch::start(reads.clone(), live.clone());
        let pages = Pages::new(settings.cache_bytes, watch.clone());
        let visible = Visible::new(watch);
        let shown = Shown::default();
        Looks::prepare();
        Arc::new(Self {
            commands,
            reads,
            views,
            probe,
            metrics,
            limits,
            shown,
            visible,
            pages,
            live,
            settings,
        })
    }

    /// Counts what was read: who gets a 304 looked at it too. Says whether the views are kept; one that can't be must not
    /// keep a reader from reading.
    pub(crate) fn count(&self, viewed: &[Viewed], by: Viewer) -> bool {
        let kept = viewed.is_empty() || self.views.viewed(viewed, by).is_ok();
        if !kept {
            metrics::counter!("stage_views_not_kept_total").increment(viewed.len() as u64);
        }
        kept
    }
}
