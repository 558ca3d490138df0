//! The proof that the log was only ever appended to: a Merkle tree as in RFC 6962 over its events.
//!
//! `canonical` brings JSON into the form of RFC 8785, `leaf` makes of an event the leaf that stands for it.
//! `export` writes what others need to do the same.
//! docs/audit.md gives every format to the byte.

mod canonical;
mod error;
mod export;
mod leaf;

pub use canonical::{NotCanonical, canonical, digest};
pub use error::ProofError;
pub use export::{Export, Selection};
pub use leaf::Entry;

/// A SHA-256.
pub type Digest = [u8; 32];
