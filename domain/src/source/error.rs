#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    #[error("this source is linked already")]
    AlreadyLinked,
    #[error("there is no such source")]
    NotFound,
}
