#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StageError {
    #[error("this stage exists already")]
    AlreadyCreated,
    #[error("there is no such stage")]
    NotFound,
    #[error("the stage has no such topic")]
    NoSuchTopic,
    #[error("the stage has a topic of that name already")]
    TopicNameTaken,
    #[error("the stage has as many topics as it can have (100)")]
    TooManyTopics,
    #[error("the stage has as many files as it can have (200)")]
    TooManyMedia,
}
