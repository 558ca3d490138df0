//! How often something was viewed, as numbers and as a badge. That it was, `public/views.rs` is told.

pub(crate) mod badge;
pub(crate) mod counts;
mod period;
pub(crate) mod post;
pub(crate) mod public;
pub(crate) mod stage;
