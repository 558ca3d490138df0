//! Accounts: registering, and what one's own account says.

pub(crate) mod read;
pub(crate) mod register;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

/// A secret of a body, wiped from memory when it is done with.
pub(crate) fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}
