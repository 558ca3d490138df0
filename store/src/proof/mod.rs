//! The proof that the log was only ever appended to: a Merkle tree as in RFC 6962 over its events.
//!
//! `canonical` brings JSON into the form of RFC 8785, `leaf` makes of an event the leaf that stands for it, `scan` does so
//! for a whole stretch of the log. `frontier` grows a tree, `tree` reads the stored one. `notary` extends that and
//! signs a `checkpoint` with a `key`; `prove` makes proofs for others to check, `verify` checks the whole log and says
//! in a `finding` what is wrong. `export` writes what others need to do all that without us.
//! docs/audit.md gives every format to the byte.

mod canonical;
mod checkpoint;
mod error;
mod export;
mod finding;
mod frontier;
mod key;
mod leaf;
mod notary;
mod prove;
mod scan;
mod tree;
mod verify;

pub use canonical::{NotCanonical, canonical, digest};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use error::ProofError;
pub use export::{Export, Selection};
pub use finding::Finding;
pub use key::{KeyError, NotaryKey, PublicKey};
pub use leaf::Entry;
pub use notary::Notary;
pub use prove::{Consistency, Head, Inclusion, Signed, base64, checkpoint, consistency, inclusion};
pub use verify::{Progress, Report, Standing, Verify};

/// A SHA-256.
pub type Digest = [u8; 32];
