//! What everybody can read. No session, no cookie, nothing about the reader.

pub(crate) mod changes;
pub(crate) mod feed;
pub(crate) mod live;
pub(crate) mod media;
pub(crate) mod oembed;
pub(crate) mod page;
pub(crate) mod post;
pub(crate) mod posts;
pub(crate) mod sitemap;
pub(crate) mod stage;
pub(crate) mod views;
