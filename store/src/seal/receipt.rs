//! Signed receipts, as C2SP signed notes with an Ed25519 key of the installation.

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use signed_note::{Note, Signer, key_id, new_ed25519_verifier_key};
use sqlx::PgPool;

use super::Keyring;
use crate::StoreError;

/// The installation's key that signs them.
const KEY: &str = "receipts";
/// The name in the signature.
const NAME: &str = "stage-receipts";
/// Ed25519 among the algorithms of signed notes.
const ALGORITHM: u8 = 1;

impl Keyring {
    /// A signed note of this text, which ends with a line feed.
    pub async fn sign_receipt(&self, pool: &PgPool, text: &str) -> Result<String, StoreError> {
        let signer = Receipts(self.receipt_key(pool).await?);
        let mut note = Note::new(text.as_bytes(), &[]).map_err(|_| StoreError::Seal)?;
        note.add_sigs(&[&signer]).map_err(|_| StoreError::Seal)?;
        String::from_utf8(note.to_bytes()).map_err(|_| StoreError::Seal)
    }

    /// The key that receipts are verified with, in the form of signed notes (`vkey`).
    pub async fn receipt_verifier(&self, pool: &PgPool) -> Result<String, StoreError> {
        let key = self.receipt_key(pool).await?;
        Ok(new_ed25519_verifier_key(NAME, &key.verifying_key()))
    }

    async fn receipt_key(&self, pool: &PgPool) -> Result<SigningKey, StoreError> {
        let seed = self.installation_key(pool, KEY).await?;
        Ok(SigningKey::from_bytes(&seed))
    }
}

struct Receipts(SigningKey);

impl Signer for Receipts {
    fn name(&self) -> &str {
        NAME
    }

    fn key_id(&self) -> u32 {
        let public: VerifyingKey = self.0.verifying_key();
        key_id(NAME, &[&[ALGORITHM], public.as_bytes().as_slice()].concat())
    }

    fn sign(&self, msg: &[u8]) -> Result<Vec<u8>, ed25519_dalek::SignatureError> {
        Ok(self.0.try_sign(msg)?.to_vec())
    }
}
