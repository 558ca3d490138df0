//! For whoever runs it: whether it lives, whether it is ready, numbers, the contract.

mod alone;
pub(crate) mod home;
pub(crate) mod live;
pub(crate) mod metrics;
pub(crate) mod openapi;
pub(crate) mod ready;

pub use alone::operators;
