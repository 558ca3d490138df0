//! Tree heads, signed: C2SP tlog-checkpoint in a C2SP signed-note.

use signed_note::{Note, NoteError};
use tlog_tiles::Hash;

use super::{Digest, NotaryKey, PublicKey, key::verifiers};

/// A tree head whose signature was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// How many events, from the first on, it is about.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Digest,
    /// The signed note, to the byte.
    pub note: String,
}

/// Why a note is not a checkpoint of this log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum CheckpointError {
    #[error("it is not a checkpoint")]
    Malformed,
    #[error("it is signed with another key")]
    OtherKey,
    #[error("its signature is wrong")]
    Signature,
    #[error("it is of another log")]
    OtherLog,
    #[error("it is kept as one of another size")]
    OtherSize,
    /// The events before it are those of a later checkpoint, but not its own.
    #[error("it was signed for other events than the later ones")]
    OtherEvents,
    /// Nothing in the program leads there.
    #[error("it cannot be signed")]
    Unsigned,
}

impl Checkpoint {
    /// Signs a tree head in the name of the log that the key is of.
    pub fn sign(key: &NotaryKey, size: u64, root: Digest) -> Result<Self, CheckpointError> {
        let head = tlog_tiles::Checkpoint::new(key.public().name(), size, Hash(root), "")
            .map_err(|_| CheckpointError::Unsigned)?;
        let mut note = Note::new(&head.to_bytes(), &[]).map_err(|_| CheckpointError::Unsigned)?;
        note.add_sigs(&[&key.signer]).map_err(|_| CheckpointError::Unsigned)?;
        let note = String::from_utf8(note.to_bytes()).map_err(|_| CheckpointError::Unsigned)?;
        Ok(Self { size, root, note })
    }

    /// What a note says, whoever signed it.
    pub(super) fn unchecked(note: &str) -> Result<Self, CheckpointError> {
        let read = Note::from_bytes(note.as_bytes()).map_err(|_| CheckpointError::Malformed)?;
        let head = tlog_tiles::Checkpoint::from_bytes(read.text()).map_err(|_| CheckpointError::Malformed)?;
        Ok(Self { size: head.size(), root: head.hash().0, note: note.to_owned() })
    }

    /// Reads a note that one of these keys must have signed.
    pub fn read(note: &str, keys: &[PublicKey]) -> Result<Self, CheckpointError> {
        let read = Note::from_bytes(note.as_bytes()).map_err(|_| CheckpointError::Malformed)?;
        let (signatures, _) = read.verify(&verifiers(keys)).map_err(|error| match error {
            NoteError::InvalidSignature { .. } => CheckpointError::Signature,
            NoteError::UnverifiedNote => CheckpointError::OtherKey,
            _ => CheckpointError::Malformed,
        })?;
        let head = tlog_tiles::Checkpoint::from_bytes(read.text()).map_err(|_| CheckpointError::Malformed)?;
        // A key signs for the log whose name it has.
        match signatures.iter().any(|signature| signature.name() == head.origin()) {
            true => Ok(Self { size: head.size(), root: head.hash().0, note: note.to_owned() }),
            false => Err(CheckpointError::OtherLog),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn key(seed: u8) -> NotaryKey {
        NotaryKey::new("example.org/stage", &[seed; 32]).unwrap()
    }

    fn read(note: &str, key: &NotaryKey) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::read(note, std::slice::from_ref(key.public()))
    }

    #[test]
    fn a_checkpoint_reads_as_it_was_signed() {
        let signed = Checkpoint::sign(&key(1), 17, [5; 32]).unwrap();
        assert!(signed.note.starts_with("example.org/stage\n17\nBQUFBQUF"), "{}", signed.note);
        assert_eq!(read(&signed.note, &key(1)).unwrap(), signed);
        let both = [key(2).public().clone(), key(1).public().clone()];
        assert_eq!(Checkpoint::read(&signed.note, &both).unwrap(), signed);
    }

    #[test]
    fn a_checkpoint_that_is_not_what_was_signed_is_refused_with_its_cause() {
        let signed = Checkpoint::sign(&key(1), 17, [5; 32]).unwrap();
        assert_eq!(read(&signed.note, &key(2)), Err(CheckpointError::OtherKey));
        assert_eq!(read(&signed.note.replace("\n17\n", "\n16\n"), &key(1)), Err(CheckpointError::Signature));
        assert_eq!(read("nothing", &key(1)), Err(CheckpointError::Malformed));
        let text = "example.org/other\n1\nBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=\n";
        let mut other = Note::new(text.as_bytes(), &[]).unwrap();
        other.add_sigs(&[&key(1).signer]).unwrap();
        let other = String::from_utf8(other.to_bytes()).unwrap();
        assert_eq!(read(&other, &key(1)), Err(CheckpointError::OtherLog));
    }
}
