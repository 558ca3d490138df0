//! What auditors read, under `/v1/audit/`. Every handler asks for an [`crate::extract::Auditor`]; nothing here is
//! for a cache or for another site's page.

pub(crate) mod auditor;
pub(crate) mod export;
pub(crate) mod proofs;
