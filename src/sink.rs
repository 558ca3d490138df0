//! What a reader looked at goes into the workers' journal.

use std::{io, sync::Arc};

use stage_projections::views::{Viewed, Viewer};
use stage_workers::views::Journal;

pub(crate) struct Sink(pub(crate) Arc<Journal>);

impl stage_http::ViewSink for Sink {
    fn viewed(&self, seen: &[Viewed], by: Viewer) -> io::Result<()> {
        self.0.viewed(seen, by)
    }
}
