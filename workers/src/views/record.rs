//! A record of a journal: one byte for what kind and whether a bot looked, 16 for which. Nothing else is written
//! down about a view.

use stage_domain::{PostId, StageId};
use stage_projections::views::{Viewed, Viewer};
use uuid::Uuid;

/// The bytes of one record.
pub(super) const SIZE: usize = 17;
pub(super) const SIZE_U64: u64 = SIZE as u64;

const POST: u8 = 1;
const STAGE: u8 = 2;
const POST_BY_BOT: u8 = 3;
const STAGE_BY_BOT: u8 = 4;

pub(super) fn encode(seen: &[Viewed], by: Viewer) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(seen.len() * SIZE);
    for viewed in seen {
        let (kind, id) = match (viewed, by) {
            (Viewed::Post(id), Viewer::Person) => (POST, id.0),
            (Viewed::Stage(id), Viewer::Person) => (STAGE, id.0),
            (Viewed::Post(id), Viewer::Bot) => (POST_BY_BOT, id.0),
            (Viewed::Stage(id), Viewer::Bot) => (STAGE_BY_BOT, id.0),
        };
        bytes.push(kind);
        bytes.extend_from_slice(id.as_bytes());
    }
    bytes
}

/// The records in `bytes`, in order; `None` for one that says nothing. After a loss of power the end of a file
/// may hold zeros; such records keep their place, so that the numbers of the others don't change.
pub(super) fn decode(bytes: &[u8]) -> impl Iterator<Item = Option<(Viewed, Viewer)>> {
    bytes.as_chunks::<SIZE>().0.iter().map(|[kind, id @ ..]| {
        let id = Uuid::from_bytes(*id);
        match *kind {
            POST => Some((Viewed::Post(PostId(id)), Viewer::Person)),
            STAGE => Some((Viewed::Stage(StageId(id)), Viewer::Person)),
            POST_BY_BOT => Some((Viewed::Post(PostId(id)), Viewer::Bot)),
            STAGE_BY_BOT => Some((Viewed::Stage(StageId(id)), Viewer::Bot)),
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
        let mut bytes = encode(&[post, stage], Viewer::Person);
        bytes.extend([0; SIZE]);
        bytes.extend(encode(&[post, stage], Viewer::Bot));
        let (person, bot) = (Viewer::Person, Viewer::Bot);
        let wanted =
            [Some((post, person)), Some((stage, person)), None, Some((post, bot)), Some((stage, bot))];
        assert_eq!(decode(&bytes).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn a_torn_record_at_the_end_is_left_out() {
        let post = Viewed::Post(PostId(Uuid::from_u128(1)));
        let bytes = encode(&[post, post], Viewer::Person);
        assert_eq!(decode(&bytes[..SIZE + 9]).count(), 1);
    }
}
