use tlog_tiles::{EMPTY_HASH, Hash, node_hash};

use super::Digest;

/// The right edge of a growing tree: the roots of the complete subtrees that it consists of, the largest first. All
/// that is needed to add leaves and to work out the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frontier {
    size: u64,
    /// One for each bit of `size` that is set.
    peaks: Vec<Digest>,
}

/// The root of a subtree of 2^level leaves, the `n`th of its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub level: u8,
    pub n: u64,
    pub hash: Digest,
}

impl Frontier {
    /// `None` when these can't be the peaks of a tree of this size.
    pub(crate) fn new(size: u64, peaks: Vec<Digest>) -> Option<Self> {
        (size.count_ones() as usize == peaks.len()).then_some(Self { size, peaks })
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn peaks(&self) -> &[Digest] {
        &self.peaks
    }

    /// Adds a leaf, and tells of each subtree that it completes, the leaf itself not among them.
    pub(crate) fn push(&mut self, leaf: Digest, mut completed: impl FnMut(Node)) {
        let mut hash = leaf;
        for level in 0..self.size.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(Hash(left), Hash(hash)).0;
            let level = level as u8 + 1;
            completed(Node { level, n: self.size >> level, hash });
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    pub(crate) fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev().copied();
        let Some(last) = peaks.next() else { return EMPTY_HASH.0 };
        peaks.fold(last, |right, left| node_hash(Hash(left), Hash(right)).0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::collections::BTreeMap;

    use tlog_tiles::{HashReader, stored_hash_index, stored_hashes_for_record_hash, tree_hash};

    use super::*;

    struct All(Vec<Hash>);

    impl HashReader for All {
        fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
            Ok(indexes.iter().map(|index| self.0[*index as usize]).collect())
        }
    }

    #[test]
    fn root_and_subtrees_are_those_of_the_crate_for_it_at_every_size() {
        let mut all = All(Vec::new());
        let mut frontier = Frontier::default();
        let mut nodes = BTreeMap::new();
        assert_eq!(frontier.root(), EMPTY_HASH.0);
        for n in 0..300_u64 {
            let leaf = Hash([n as u8; 32]);
            let stored = stored_hashes_for_record_hash(n, leaf, &all).unwrap();
            all.0.extend(stored);
            frontier.push(leaf.0, |node| {
                nodes.insert((node.level, node.n), node.hash);
            });
            assert_eq!(frontier.root(), tree_hash(n + 1, &all).unwrap().0);
            let again = Frontier::new(n + 1, frontier.peaks().to_vec());
            assert_eq!(again.as_ref(), Some(&frontier));
        }
        assert_eq!(nodes.len(), all.0.len() - 300);
        for ((level, n), hash) in nodes {
            assert_eq!(hash, all.0[stored_hash_index(level, n) as usize].0, "{level} {n}");
        }
        assert!(Frontier::new(3, vec![[0; 32]]).is_none());
    }
}
