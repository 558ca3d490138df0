#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    #[error("this account is already registered")]
    AlreadyRegistered,
    #[error("there is no such account")]
    NotRegistered,
}
