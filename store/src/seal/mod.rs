//! Sealed personal data: a key a person, wrapped by a master key.
//!
//! `cipher` is the only file that encrypts; `payload` finds personal values in an event; `keyring` has the keys.

mod checkup;
pub(crate) mod cipher;
mod keyring;
mod master;
mod masters;
mod open;
pub(crate) mod payload;
mod receipt;
mod reveal;
mod rotate;
pub(crate) mod subject;
mod vacuum;

pub use checkup::{KeyCheckup, key_checkup};
pub use keyring::{Keyring, MasterKeys};
pub use master::MasterKey;
pub use reveal::{Openness, PersonalValue, mark_closed, personal_values};
pub use rotate::Rotated;
pub(crate) use subject::SubjectKeys;
pub use subject::{NewSubject, forget, hold};
pub use vacuum::vacuum_keys;
