//! AES-256-GCM with a random nonce before the ciphertext.

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Generate, Nonce, Payload},
};
use zeroize::Zeroizing;

use crate::StoreError;

/// In bytes (NIST SP 800-38D, section 8.2: 96 bits). Random, so one key must seal far fewer than 2^32 values; a
/// person has a handful.
const NONCE: usize = 12;

/// A key of 32 bytes that leaves no trace in memory when it is dropped.
pub(crate) type Key = Zeroizing<[u8; 32]>;

/// A new key from the operating system's randomness.
pub(crate) fn new_key() -> Result<Key, StoreError> {
    <[u8; 32]>::try_generate().map(Zeroizing::new).map_err(|_| StoreError::Seal)
}

/// Seals `plain` so that it opens only under the same key and the same `place`.
pub(crate) fn seal(key: &Key, place: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
    let nonce = Nonce::<Aes256Gcm>::try_generate().map_err(|_| StoreError::Seal)?;
    let sealed = cipher(key)?
        .encrypt(&nonce, Payload { msg: plain, aad: place.as_bytes() })
        .map_err(|_| StoreError::Seal)?;
    let mut out = Vec::with_capacity(NONCE + sealed.len());
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&sealed);
    Ok(out)
}

pub(crate) fn open(key: &Key, place: &str, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE).ok_or(StoreError::Seal)?;
    let nonce = Nonce::<Aes256Gcm>::try_from(nonce).map_err(|_| StoreError::Seal)?;
    cipher(key)?.decrypt(&nonce, Payload { msg: sealed, aad: place.as_bytes() }).map_err(|_| StoreError::Seal)
}

fn cipher(key: &Key) -> Result<Aes256Gcm, StoreError> {
    Aes256Gcm::new_from_slice(key.as_slice()).map_err(|_| StoreError::Seal)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_sealed_opens_to_what_it_was(plain: Vec<u8>, place: String) {
            let key = new_key().unwrap();
            let sealed = seal(&key, &place, &plain).unwrap();
            prop_assert_eq!(open(&key, &place, &sealed).unwrap(), plain);
        }

        #[test]
        fn no_bit_of_it_can_be_changed(plain: Vec<u8>, at: prop::sample::Index, bit in 0..8_u8) {
            let key = new_key().unwrap();
            let mut sealed = seal(&key, "here", &plain).unwrap();
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            prop_assert!(matches!(open(&key, "here", &sealed), Err(StoreError::Seal)));
        }
    }

    #[test]
    fn it_opens_nowhere_else_and_with_no_other_key() {
        let key = new_key().unwrap();
        let sealed = seal(&key, "here", b"Ada").unwrap();
        assert!(matches!(open(&key, "there", &sealed), Err(StoreError::Seal)));
        assert!(matches!(open(&new_key().unwrap(), "here", &sealed), Err(StoreError::Seal)));
        assert!(matches!(open(&key, "here", &sealed[..5]), Err(StoreError::Seal)));
    }

    #[test]
    fn the_same_value_never_looks_the_same_twice() {
        let key = new_key().unwrap();
        assert_ne!(seal(&key, "here", b"Ada").unwrap(), seal(&key, "here", b"Ada").unwrap());
    }
}
