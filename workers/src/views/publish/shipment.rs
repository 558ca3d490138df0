use super::Holding;

/// How far a journal is sent and counted, in records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shipment {
    pub sent: u64,
    pub counted: u64,
    receipt: Option<Receipt>,
}

/// What JetStream answered to the last message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    /// When the stream was made.
    pub made: String,
    pub sequence: u64,
}

impl Shipment {
    pub(super) fn was_sent(&mut self, up_to: u64, receipt: Receipt) {
        self.sent = up_to;
        self.receipt = Some(receipt);
    }

    /// Whether the stream no longer holds the last message that was sent: then it is counted, or else it was
    /// lost with a stream that somebody deleted, restored or emptied. While it is still there we only wait.
    pub(super) fn may_be_counted_or_lost(&self, stream: &Holding) -> bool {
        self.sent > self.counted
            && self.receipt.as_ref().is_none_or(|receipt| {
                receipt.made != stream.made
                    || receipt.sequence < stream.first
                    || receipt.sequence > stream.last
            })
    }

    /// Takes note of what is counted, and goes back to it when not all that was sent is. Says how many records
    /// have to be sent again. Being wrong about that does no harm: the counter takes no record twice.
    pub(super) fn is_counted(&mut self, up_to: u64) -> u64 {
        let lost = self.sent.saturating_sub(up_to);
        self.counted = up_to;
        self.sent = up_to;
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holding(made: &str, first: u64, last: u64) -> Holding {
        Holding { made: made.to_owned(), first, last, messages: last + 1 - first }
    }

    fn sent(sequence: u64) -> Shipment {
        let mut shipment = Shipment::default();
        shipment.was_sent(10, Receipt { made: "today".to_owned(), sequence });
        shipment
    }

    #[test]
    fn what_the_stream_still_holds_is_waited_for() {
        assert!(!sent(5).may_be_counted_or_lost(&holding("today", 1, 5)));
        assert!(!sent(5).may_be_counted_or_lost(&holding("today", 5, 9)));
    }

    #[test]
    fn what_the_stream_does_not_hold_is_asked_for() {
        assert!(sent(5).may_be_counted_or_lost(&holding("today", 6, 5)), "purged, so counted");
        assert!(sent(5).may_be_counted_or_lost(&holding("today", 1, 4)), "the stream lost its end");
        assert!(sent(5).may_be_counted_or_lost(&holding("later", 1, 9)), "another stream");
    }

    #[test]
    fn what_is_not_counted_is_sent_again_from_there() {
        let mut shipment = sent(5);
        assert_eq!(shipment.is_counted(4), 6);
        assert_eq!((shipment.sent, shipment.counted), (4, 4));
        assert_eq!(sent(5).is_counted(10), 0);
    }
}
