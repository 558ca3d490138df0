//! A value from the command line or the environment that must never be shown again.

use std::{convert::Infallible, str::FromStr};

use secrecy::{ExposeSecret, SecretString};

/// Like [`SecretString`], but clap can read it.
#[derive(Clone, Debug)]
pub(crate) struct Secret(SecretString);

impl Secret {
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    pub(crate) fn into_inner(self) -> SecretString {
        self.0
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(SecretString::from(text.trim())))
    }
}

/// 32 random bytes in hex, for a password that nobody types.
pub(crate) fn generate() -> SecretString {
    SecretString::from(hex::encode(bytes()))
}

/// 32 random bytes.
pub(crate) fn bytes() -> [u8; 32] {
    use rand::Rng as _;
    let mut bytes = [0_u8; 32];
    #[allow(clippy::disallowed_methods, reason = "the edge of the program, where randomness comes from")]
    rand::rng().fill_bytes(&mut bytes);
    bytes
}
