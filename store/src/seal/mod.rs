//! Sealed personal data: a key a person, wrapped by a master key.
//!
//! `cipher` is the only file that encrypts; `payload` finds personal values in an event; `keyring` has the keys.

pub(crate) mod cipher;
mod keyring;
mod master;
mod open;
pub(crate) mod payload;
mod subject;

pub use keyring::Keyring;
pub use master::MasterKey;
pub use subject::NewSubject;
pub(crate) use subject::SubjectKeys;
