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
    #[error("the stage has no such member")]
    NoSuchMember,
    /// Also when it was accepted, withdrawn or has expired.
    #[error("the stage has no such invitation")]
    NoSuchInvitation,
    #[error("you are a member of this stage already")]
    AlreadyMember,
    #[error("a stage needs an owner; make somebody else one first")]
    LastOwner,
    #[error("the stage has as many members and open invitations as it can have (100)")]
    TooManyMembers,
    #[error("the stage has invited as many people as it can in a day (50)")]
    TooManyInvitations,
}
