//! Accounts: registering, what one's own account says, its address and its password, and a person's rights over it
//! (docs/privacy.md).

pub(crate) mod change_password;
pub(crate) mod correct;
pub(crate) mod erase;
pub(crate) mod export;
pub(crate) mod object;
pub(crate) mod read;
pub(crate) mod register;
pub(crate) mod request_reset;
pub(crate) mod request_verification;
pub(crate) mod reset;
pub(crate) mod restrict;
pub(crate) mod verify;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

/// A secret of a body, wiped from memory when it is done with.
pub(crate) fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

/// One that may be absent.
pub(crate) fn secret_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}
