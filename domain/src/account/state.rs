use serde::{Deserialize, Serialize};

use super::{AccountCommand, AccountError, AccountEvent, Registration};
use crate::Decide;

/// What the next decision about an account needs to know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub registered: bool,
}

crate::aggregate!(Account, "account", AccountCommand, AccountEvent, AccountError);

impl Decide for Account {
    fn decide(&self, command: AccountCommand) -> Result<Vec<AccountEvent>, AccountError> {
        match (self.registered, command) {
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
            (false, AccountCommand::LogIn { .. }) => Err(AccountError::NotRegistered),
            (true, AccountCommand::LogIn { at }) => Ok(vec![AccountEvent::AccountLoggedIn { at }]),
        }
    }
}

impl Account {
    pub(super) fn on(&mut self, event: AccountEvent) {
        match event {
            AccountEvent::AccountRegistered { .. } => self.registered = true,
            AccountEvent::AccountLoggedIn { .. } => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use chrono::{DateTime, Utc};
    use cqrs_es::test::TestFramework;

    use super::*;
    use crate::{AccountId, Language};

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
    fn every_field_at_fault_is_named_at_once() {
        let refused =
            Registration::new(AccountId::default(), "", "x\u{7}", "nobody", Some("call me"), Language::De);
        let fields: Vec<_> = refused.expect_err("refused").0.into_iter().map(|e| e.field).collect();
        assert_eq!(fields, ["first_name", "last_name", "email", "phone"]);
    }
}
