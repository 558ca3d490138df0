//! A record of a journal: one byte for what kind, 16 for which. Nothing else is written down about a view.

use stage_domain::{PostId, StageId};
use stage_projections::views::Viewed;
use uuid::Uuid;

/// The bytes of one record.
pub(super) const SIZE: usize = 17;
pub(super) const SIZE_U64: u64 = SIZE as u64;

const POST: u8 = 1;
const STAGE: u8 = 2;

pub(super) fn encode(seen: &[Viewed]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(seen.len() * SIZE);
    for viewed in seen {
        let (kind, id) = match viewed {
            Viewed::Post(id) => (POST, id.0),
            Viewed::Stage(id) => (STAGE, id.0),
        };
        bytes.push(kind);
        bytes.extend_from_slice(id.as_bytes());
    }
    bytes
}

/// The records in `bytes`, in order; `None` for one that says nothing. After a loss of power the end of a file
/// may hold zeros; such records keep their place, so that the numbers of the others don't change.
pub(super) fn decode(bytes: &[u8]) -> impl Iterator<Item = Option<Viewed>> {
    bytes.as_chunks::<SIZE>().0.iter().map(|[kind, id @ ..]| {
        let id = Uuid::from_bytes(*id);
        match *kind {
            POST => Some(Viewed::Post(PostId(id))),
            STAGE => Some(Viewed::Stage(StageId(id))),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_says_nothing_keeps_its_place() {
        let post = Viewed::Post(PostId(Uuid::from_u128(1)));
        let stage = Viewed::Stage(StageId(Uuid::from_u128(1)));
        let mut bytes = encode(&[post]);
        bytes.extend([0; SIZE]);
        bytes.extend(encode(&[stage]));
        assert_eq!(decode(&bytes).collect::<Vec<_>>(), vec![Some(post), None, Some(stage)]);
    }

    #[test]
    fn a_torn_record_at_the_end_is_left_out() {
        let post = Viewed::Post(PostId(Uuid::from_u128(1)));
        let bytes = encode(&[post, post]);
        assert_eq!(decode(&bytes[..SIZE + 9]).count(), 1);
    }
}
