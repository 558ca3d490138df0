use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::cipher::{self, Key};
use crate::StoreError;

/// 32 random bytes that wrap everything else. Kept outside the database.
#[derive(Clone)]
pub struct MasterKey {
    bytes: SecretSlice<u8>,
}

impl MasterKey {
    /// From 64 hex digits, with or without white space around them.
    pub fn from_hex(digits: &str) -> Result<Self, String> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        hex::decode_to_slice(digits.trim(), bytes.as_mut_slice())
            .map_err(|_| "the master key must be 64 hex digits".to_owned())?;
        Ok(Self { bytes: bytes.to_vec().into() })
    }

    /// A new one, from the operating system's randomness.
    ///
    /// # Panics
    /// When the operating system has no randomness to give.
    #[must_use]
    pub fn generate() -> Self {
        let bytes: Key = Zeroizing::new(aes_gcm::aead::Generate::generate());
        Self { bytes: bytes.to_vec().into() }
    }

    /// For writing it into the operator's key file.
    #[must_use]
    pub fn to_hex(&self) -> SecretString {
        hex::encode(self.bytes.expose_secret()).into()
    }

    /// A name for this key that says nothing about it, to tell what was wrapped by which.
    pub(super) fn name(&self) -> Result<String, StoreError> {
        Ok(hex::encode(&keyed_hash(&self.key()?, "name of the master key", &[])[..8]))
    }

    pub(super) fn wrap(&self, place: &str, key: &Key) -> Result<Vec<u8>, StoreError> {
        cipher::seal(&self.key()?, place, key.as_slice())
    }

    /// Fails with [`StoreError::WrongMasterKey`] when another key wrapped it, or when it was changed.
    pub(super) fn unwrap_key(&self, place: &str, wrapped: &[u8]) -> Result<Key, StoreError> {
        let plain = cipher::open(&self.key()?, place, wrapped).map_err(|_| StoreError::WrongMasterKey)?;
        let plain = Zeroizing::new(plain);
        <[u8; 32]>::try_from(plain.as_slice()).map(Zeroizing::new).map_err(|_| StoreError::WrongMasterKey)
    }

    fn key(&self) -> Result<Key, StoreError> {
        <[u8; 32]>::try_from(self.bytes.expose_secret())
            .map(Zeroizing::new)
            .map_err(|_| StoreError::WrongMasterKey)
    }
}

/// HMAC-SHA-256 (RFC 2104). `purpose` keeps what the same key is used for apart; it has no zero byte.
pub(super) fn keyed_hash(key: &Key, purpose: &str, value: &[u8]) -> [u8; 32] {
    // A short key is padded with zeros to a block.
    let mut block = Zeroizing::new([0_u8; 64]);
    block[..32].copy_from_slice(key.as_slice());
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    mac.update(purpose.as_bytes());
    mac.update(&[0]);
    mac.update(value);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_master_key_is_written_and_read_as_hex() {
        let key = MasterKey::generate();
        let again = MasterKey::from_hex(&format!("{}\n", key.to_hex().expose_secret())).unwrap();
        assert_eq!(key.name().unwrap(), again.name().unwrap());
        assert_ne!(key.name().unwrap(), MasterKey::generate().name().unwrap());
        for wrong in ["", "abc", &"g".repeat(64), &"a".repeat(66)] {
            assert!(MasterKey::from_hex(wrong).is_err());
        }
    }
}
