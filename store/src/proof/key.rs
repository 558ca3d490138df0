//! The notary's keys, as C2SP signed-note writes them: one line of text each, with the log's name in it.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ed25519_dalek::SigningKey;
use secrecy::{ExposeSecret as _, SecretString};
use signed_note::{StandardSigner, StandardVerifier, Verifier as _, VerifierList};
use zeroize::Zeroizing;

/// Ed25519, in C2SP's list of signature types.
const ED25519: u8 = 1;

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the notary's key is not of the form PRIVATE+KEY+name+hash+key")]
    Private,
    #[error("the log's public key is not of the form name+hash+key")]
    Public,
    #[error("a log's name is not empty and has no space and no plus")]
    Name,
}

/// The key that signs checkpoints. Its name is the log's name, the origin of every checkpoint.
#[derive(Clone)]
pub struct NotaryKey {
    pub(super) signer: StandardSigner,
    text: SecretString,
    public: PublicKey,
}

impl NotaryKey {
    /// A key of 32 random bytes for the log of this name.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        if !signed_note::is_key_name_valid(name) {
            return Err(KeyError::Name);
        }
        let public =
            signed_note::new_ed25519_verifier_key(name, &SigningKey::from_bytes(seed).verifying_key());
        let id = public.split('+').nth(1).ok_or(KeyError::Name)?;
        let secret = Zeroizing::new([&[ED25519], seed.as_slice()].concat());
        let encoded = Zeroizing::new(BASE64_STANDARD.encode(secret.as_slice()));
        Self::parse(&format!("PRIVATE+KEY+{name}+{id}+{}", *encoded).into())
    }

    /// From `PRIVATE+KEY+name+hash+key`, with or without white space around it.
    pub fn parse(text: &SecretString) -> Result<Self, KeyError> {
        let line = text.expose_secret().trim();
        let signer = StandardSigner::new(line).map_err(|_| KeyError::Private)?;
        let mut parts = line.splitn(5, '+').skip(2);
        let (name, encoded) =
            (parts.next().ok_or(KeyError::Private)?, parts.nth(1).ok_or(KeyError::Private)?);
        let secret = Zeroizing::new(BASE64_STANDARD.decode(encoded).map_err(|_| KeyError::Private)?);
        let seed = secret.get(1..).and_then(|seed| seed.try_into().ok()).ok_or(KeyError::Private)?;
        let public =
            signed_note::new_ed25519_verifier_key(name, &SigningKey::from_bytes(seed).verifying_key());
        Ok(Self { signer, text: line.into(), public: PublicKey::parse(&public)? })
    }

    /// For writing it into the operator's key file.
    #[must_use]
    pub fn to_text(&self) -> &SecretString {
        &self.text
    }

    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }
}

impl std::fmt::Debug for NotaryKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("NotaryKey").field(&self.public.text).finish()
    }
}

/// What an auditor holds: `name+hash+key`.
#[derive(Clone)]
pub struct PublicKey {
    verifier: StandardVerifier,
    text: String,
}

impl PublicKey {
    /// From `name+hash+key`, with or without white space around it.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim().to_owned();
        Ok(Self { verifier: StandardVerifier::new(&text).map_err(|_| KeyError::Public)?, text })
    }

    /// The log's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.verifier.name()
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PublicKey").field(&self.text).finish()
    }
}

/// Any of them may have signed.
pub(super) fn verifiers(keys: &[PublicKey]) -> VerifierList {
    VerifierList::new(keys.iter().map(|key| Box::new(key.verifier.clone()) as _).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_key_is_written_and_read_again() {
        let key = NotaryKey::new("example.org/stage", &[7; 32]).unwrap();
        let again = NotaryKey::parse(&format!("{}\n", key.to_text().expose_secret()).into()).unwrap();
        assert_eq!(again.public().as_str(), key.public().as_str());
        assert_eq!(PublicKey::parse(key.public().as_str()).unwrap().name(), "example.org/stage");
        assert!(!format!("{key:?}").contains("PRIVATE"));
    }

    #[test]
    fn what_is_no_key_is_refused_with_the_form_it_should_have() {
        let key = NotaryKey::new("example.org/stage", &[7; 32]).unwrap();
        let text = key.to_text().expose_secret();
        for wrong in [
            "",
            "PRIVATE+KEY",
            &text[..text.len() - 4],
            &text.replace("stage", "other"),
            key.public().as_str(),
        ] {
            assert!(matches!(NotaryKey::parse(&wrong.to_owned().into()), Err(KeyError::Private)), "{wrong}");
        }
        for wrong in ["", "a+b", &key.public().as_str().replace("stage", "other"), text] {
            assert!(matches!(PublicKey::parse(wrong), Err(KeyError::Public)), "{wrong}");
        }
        for wrong in ["", "two words", "a+b"] {
            assert!(matches!(NotaryKey::new(wrong, &[7; 32]), Err(KeyError::Name)), "{wrong}");
        }
    }
}
