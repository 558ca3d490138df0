use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{AccountCommand, AccountError, AccountEvent, Registration};
use crate::{Decide, Language, Personal};

/// Between two mails of a kind that somebody can ask for.
const MAIL_EVERY: TimeDelta = TimeDelta::minutes(1);

/// What the next decision about an account needs to know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// `None` before the registration.
    pub person: Option<Person>,
    pub email_verified: bool,
    verification_requested_at: Option<DateTime<Utc>>,
    reset_requested_at: Option<DateTime<Utc>>,
}

/// Who it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub first_name: Personal<String>,
    pub last_name: Personal<String>,
    pub email: Personal<String>,
    pub phone: Option<Personal<String>>,
    pub language: Language,
}

crate::aggregate!(Account, "account", AccountCommand, AccountEvent, AccountError);

impl Decide for Account {
    fn decide(&self, command: AccountCommand) -> Result<Vec<AccountEvent>, AccountError> {
        match (self.person.is_some(), command) {
            (true, AccountCommand::Register { .. }) => Err(AccountError::AlreadyRegistered),
            (false, AccountCommand::Register { registration, at }) => {
                let Registration { first_name, last_name, email, phone, language } = registration;
                Ok(vec![AccountEvent::AccountRegistered {
                    first_name,
                    last_name,
                    email,
                    phone,
                    language,
                    at,
                }])
            }
            (false, _) => Err(AccountError::NotRegistered),
            (true, AccountCommand::LogIn { at }) => Ok(vec![AccountEvent::AccountLoggedIn { at }]),
            (true, AccountCommand::RequestEmailVerification { at }) => self.request_verification(at),
            (true, AccountCommand::VerifyEmail { email, at }) => self.verify(&email, at),
            // Whoever asks learns nothing, so one who asks again too soon is not refused either.
            (true, AccountCommand::RequestPasswordReset { at }) => Ok(match self.reset_requested_at {
                Some(before) if at - before < MAIL_EVERY => vec![],
                _ => vec![AccountEvent::PasswordResetRequested { at }],
            }),
            (true, AccountCommand::ChangePassword { by_reset, at }) => {
                Ok(vec![AccountEvent::PasswordChanged { by_reset, at }])
            }
        }
    }
}

impl Account {
    fn request_verification(&self, at: DateTime<Utc>) -> Result<Vec<AccountEvent>, AccountError> {
        match self.verification_requested_at {
            _ if self.email_verified => Ok(vec![]),
            Some(before) if at - before < MAIL_EVERY => Err(AccountError::MailedJustNow),
            _ => Ok(vec![AccountEvent::EmailVerificationRequested { at }]),
        }
    }

    fn verify(&self, email: &Personal<String>, at: DateTime<Utc>) -> Result<Vec<AccountEvent>, AccountError> {
        match &self.person {
            Some(person) if person.email != *email => Err(AccountError::OtherEmail),
            _ if self.email_verified => Ok(vec![]),
            _ => Ok(vec![AccountEvent::EmailVerified { at }]),
        }
    }

    pub(super) fn on(&mut self, event: AccountEvent) {
        match event {
            AccountEvent::AccountRegistered { first_name, last_name, email, phone, language, at } => {
                self.person = Some(Person { first_name, last_name, email, phone, language });
                self.verification_requested_at = Some(at);
            }
            AccountEvent::EmailVerificationRequested { at } => self.verification_requested_at = Some(at),
            AccountEvent::EmailVerified { .. } => self.email_verified = true,
            AccountEvent::PasswordResetRequested { at } => self.reset_requested_at = Some(at),
            AccountEvent::AccountLoggedIn { .. } | AccountEvent::PasswordChanged { .. } => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use cqrs_es::test::TestFramework;

    use super::*;
    use crate::AccountId;

    fn registration() -> Registration {
        Registration::new(AccountId::default(), "Ada", "Lovelace", "ada@example.org", None, Language::En)
            .expect("valid")
    }

    fn registered() -> AccountEvent {
        let Registration { first_name, last_name, email, phone, language } = registration();
        AccountEvent::AccountRegistered { first_name, last_name, email, phone, language, at: at() }
    }

    fn at() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    #[test]
    fn a_person_registers_once() {
        let register = AccountCommand::Register { registration: registration(), at: at() };
        TestFramework::<Account>::with(())
            .given_no_previous_events()
            .when(register.clone())
            .then_expect_events(vec![registered()]);
        TestFramework::<Account>::with(())
            .given(vec![registered()])
            .when(register)
            .then_expect_error(AccountError::AlreadyRegistered);
    }

    #[test]
    fn nobody_logs_in_to_an_account_that_does_not_exist() {
        TestFramework::<Account>::with(())
            .given_no_previous_events()
            .when(AccountCommand::LogIn { at: at() })
            .then_expect_error(AccountError::NotRegistered);
    }

    #[test]
    fn an_address_is_verified_once_and_mails_are_asked_for_a_minute_apart() {
        let later = |seconds| at() + TimeDelta::seconds(seconds);
        let request = |seconds| AccountCommand::RequestEmailVerification { at: later(seconds) };
        let account = || TestFramework::<Account>::with(()).given(vec![registered()]);
        account().when(request(59)).then_expect_error(AccountError::MailedJustNow);
        let requested = AccountEvent::EmailVerificationRequested { at: later(60) };
        account().when(request(60)).then_expect_events(vec![requested]);
        let email = |email: &str| Personal::new(AccountId::default(), email.to_owned());
        let verify = AccountCommand::VerifyEmail { email: email("ada@example.org"), at: later(61) };
        let other = AccountCommand::VerifyEmail { email: email("bob@example.org"), at: later(61) };
        account().when(other).then_expect_error(AccountError::OtherEmail);
        let verified = AccountEvent::EmailVerified { at: later(61) };
        account().when(verify.clone()).then_expect_events(vec![verified.clone()]);
        let account = || TestFramework::<Account>::with(()).given(vec![registered(), verified.clone()]);
        account().when(verify).then_expect_events(vec![]);
        account().when(request(999)).then_expect_events(vec![]);
    }

    #[test]
    fn who_asks_for_a_new_password_again_and_again_causes_one_mail_a_minute() {
        let later = |seconds| at() + TimeDelta::seconds(seconds);
        let request = |seconds| AccountCommand::RequestPasswordReset { at: later(seconds) };
        let requested = |seconds| AccountEvent::PasswordResetRequested { at: later(seconds) };
        let account = || TestFramework::<Account>::with(()).given(vec![registered(), requested(10)]);
        account().when(request(69)).then_expect_events(vec![]);
        account().when(request(70)).then_expect_events(vec![requested(70)]);
    }

    #[test]
    fn every_field_at_fault_is_named_at_once() {
        let refused =
            Registration::new(AccountId::default(), "", "x\u{7}", "nobody", Some("call me"), Language::De);
        let fields: Vec<_> = refused.expect_err("refused").0.into_iter().map(|e| e.field).collect();
        assert_eq!(fields, ["first_name", "last_name", "email", "phone"]);
    }
}
