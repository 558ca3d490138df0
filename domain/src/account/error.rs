#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    #[error("this account is already registered")]
    AlreadyRegistered,
    /// Also once it is erased.
    #[error("there is no such account")]
    NotRegistered,
    #[error("a mail was sent a moment ago; wait a minute before you ask for another")]
    MailedJustNow,
    #[error("the account has another e-mail address by now")]
    OtherEmail,
    #[error("the second factor is on already; turn it off first")]
    SecondFactorOn,
    #[error("the second factor is not on")]
    SecondFactorOff,
    #[error("no authenticator app was told a secret within the last hour; begin anew")]
    NoEnrolment,
}
