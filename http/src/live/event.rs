//! Events as they go over the wire (HTML, "Server-sent events").

use bytes::Bytes;
use serde::Serialize;
use stage_projections::{feed::Known, feed::PostChange, stages::StageView};

use crate::{
    HttpSettings,
    public::{changes::Change, stage::PublicStage},
};

/// How long a reader that was cut waits before it comes back, in milliseconds.
const RETRY: u32 = 2000;

/// What begins a stream: from here on, so that also who received nothing yet can go on later.
pub(super) fn begin(at: Known) -> Bytes {
    format!("retry: {RETRY}\nid: {at}\n\n").into()
}

/// Keeps proxies from cutting a quiet stream.
pub(super) const QUIET: Bytes = Bytes::from_static(b":\n\n");

/// The stage was closed.
pub(super) const GONE: Bytes = Bytes::from_static(b"event: gone\ndata: {}\n\n");

pub(super) fn change(change: PostChange, settings: &HttpSettings) -> Bytes {
    let at = change.cursor;
    event("change", at, &Change::new(change, settings))
}

/// The stage's topics are others, and its posts may belong to others.
pub(super) fn topics(at: Known, stage: StageView) -> Bytes {
    event("topics", at, &PublicStage::from(stage))
}

fn event(name: &str, at: Known, data: &impl Serialize) -> Bytes {
    // JSON has no line breaks of its own.
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("id: {at}\nevent: {name}\ndata: {data}\n\n").into()
}
