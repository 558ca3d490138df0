//! Pages for readers, as bytes in memory: rendered once, kept right by the events, served until they change.
//!
//! `watch.rs` hears from the read models which stages changed, at most 40 ms after it was committed. `cache.rs` keeps a
//! page together with what was heard before it was rendered, and serves it only while nothing newer was heard of its
//! stage. `page.rs` is the page itself with its headers and codings. docs/decisions/0080 has the reasoning.

mod cache;
mod coding;
mod page;
mod visible;
mod watch;

pub(crate) use cache::Pages;
pub(crate) use coding::Coding;
pub(crate) use page::{Caching, Draft, Of, knows};
pub(crate) use visible::Visible;
pub(crate) use watch::{Watch, now};
