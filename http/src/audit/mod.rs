//! What auditors read, under `/v1/audit/`. Every handler asks for an [`crate::extract::Auditor`]; nothing here is
//! for a cache or for another site's page.

pub(crate) mod auditor;
pub(crate) mod events;
pub(crate) mod export;
mod params;
pub(crate) mod proofs;
pub(crate) mod stream;
mod view;
