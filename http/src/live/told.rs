use bytes::Bytes;
use stage_projections::feed::Known;

use super::event;

/// An event for all who follow a stage, with what one knows who was told it.
pub(super) enum Told {
    Change(Known, Bytes),
    Topics(Known, Bytes),
    /// Nothing follows.
    Gone,
}

impl Told {
    /// What to send to one who knows this much; `None` where it is no news.
    pub(super) fn news_for(&self, known: Known) -> Option<Bytes> {
        match self {
            Self::Change(at, bytes) => known.is_before(*at).then(|| bytes.clone()),
            // They stand where the last change before them stands.
            Self::Topics(at, bytes) => (!known.has_topics_of(*at)).then(|| bytes.clone()),
            Self::Gone => Some(event::GONE),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    /// Everything up to a position, sorted by the topics of an event.
    fn known(topics: i64, position: i64) -> Known {
        let bytes = [&[1], &topics.to_be_bytes()[..], &position.to_be_bytes(), &[0; 16]].concat();
        URL_SAFE_NO_PAD.encode(bytes).parse().unwrap()
    }

    #[test]
    fn nobody_is_told_again_what_they_read_by_themselves() {
        let change = Told::Change(known(1, 5), Bytes::from_static(b"change"));
        assert!(change.news_for(known(1, 4)).is_some());
        assert!(change.news_for(known(1, 5)).is_none());
        assert!(change.news_for(known(2, 5)).is_none(), "also who has heard of newer topics since");
        let topics = Told::Topics(known(2, 5), Bytes::from_static(b"topics"));
        assert!(topics.news_for(known(1, 9)).is_some(), "whatever else one knows");
        for heard in [known(2, 4), known(2, 5), known(3, 5)] {
            assert!(topics.news_for(heard).is_none());
        }
        assert_eq!(known(2, 4).and(known(1, 5)), known(2, 5));
    }
}
