#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProjectionRefusal {
    #[error("this event is skipped already")]
    AlreadySkipped,
}
