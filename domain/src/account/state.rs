use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{AccountCommand, AccountError, AccountEvent, Correction, Purpose, Registration};
use crate::{Decide, Language, Personal};

/// Between two mails of a kind that somebody can ask for.
const MAIL_EVERY: TimeDelta = TimeDelta::minutes(1);

/// What the next decision about an account needs to know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// `None` before the registration, and again after the erasure.
    pub person: Option<Person>,
    /// Whether the person was shown to receive mail at the present address.
    pub email_verified: bool,
    /// Whether a log-in asks for a code.
    pub second_factor: bool,
    pub restriction: Restriction,
    pub objections: BTreeSet<Purpose>,
    pub erased: bool,
    verification_requested_at: Option<DateTime<Utc>>,
    reset_requested_at: Option<DateTime<Utc>>,
}

/// Who it is, as last corrected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub first_name: Personal<String>,
    pub last_name: Personal<String>,
    pub email: Personal<String>,
    pub phone: Option<Personal<String>>,
    pub language: Language,
}

/// Whether the person's data is kept and not used (Art. 18 GDPR).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Restriction {
    #[default]
    None,
    Restricted,
    /// It still holds; the person is being told that it ends.
    Ending,
}

crate::aggregate!(Account, "account", AccountCommand, AccountEvent, AccountError);

impl Account {
    /// Whether there is an account: registered and not erased.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.person.is_some()
    }

    #[must_use]
    pub fn is_restricted(&self) -> bool {
        self.restriction != Restriction::None
    }

    /// Whether data of this person may be used for this purpose.
    #[must_use]
    pub fn allows(&self, purpose: Purpose) -> bool {
        self.is_open() && !self.is_restricted() && !self.objections.contains(&purpose)
    }
}

impl Decide for Account {
    fn decide(&self, command: AccountCommand) -> Result<Vec<AccountEvent>, AccountError> {
        if let AccountCommand::Register { registration, at } = command {
            return match self.person.is_some() || self.erased {
                true => Err(AccountError::AlreadyRegistered),
                false => Ok(vec![registered(registration, at)]),
            };
        }
        let person = self.person.as_ref().ok_or(AccountError::NotRegistered)?;
        let event = match command {
            AccountCommand::Register { .. } => return Err(AccountError::AlreadyRegistered),
            AccountCommand::LogIn { at } => Some(AccountEvent::AccountLoggedIn { at }),
            AccountCommand::RequestEmailVerification { at } => self.request_verification(at)?,
            AccountCommand::VerifyEmail { email, at } => self.verify(person, &email, at)?,
            // Whoever asks learns nothing, so one who asks again too soon is not refused either.
            AccountCommand::RequestPasswordReset { at } => match self.reset_requested_at {
                Some(before) if at - before < MAIL_EVERY => None,
                _ => Some(AccountEvent::PasswordResetRequested { at }),
            },
            AccountCommand::ChangePassword { by_reset, at } => {
                Some(AccountEvent::PasswordChanged { by_reset, at })
            }
            AccountCommand::EnableSecondFactor { .. } if self.second_factor => {
                return Err(AccountError::SecondFactorOn);
            }
            AccountCommand::EnableSecondFactor { at } => Some(AccountEvent::SecondFactorEnabled { at }),
            AccountCommand::DisableSecondFactor { at } => {
                self.second_factor.then_some(AccountEvent::SecondFactorDisabled { at })
            }
            AccountCommand::RenewRecoveryCodes { .. } if !self.second_factor => {
                return Err(AccountError::SecondFactorOff);
            }
            AccountCommand::RenewRecoveryCodes { at } => Some(AccountEvent::RecoveryCodesRenewed { at }),
            AccountCommand::LogInWithRecoveryCode { left, at } => {
                let used = AccountEvent::RecoveryCodeUsed { left, at };
                return Ok(vec![used, AccountEvent::AccountLoggedIn { at }]);
            }
            AccountCommand::Correct { correction, at } => corrected(person, correction, at),
            AccountCommand::Restrict { at } => (self.restriction != Restriction::Restricted)
                .then_some(AccountEvent::AccountRestricted { at }),
            AccountCommand::AnnounceLift { at } => (self.restriction == Restriction::Restricted)
                .then_some(AccountEvent::RestrictionLiftAnnounced { at }),
            // Restricted anew meanwhile, it stays.
            AccountCommand::Lift { at } => {
                (self.restriction == Restriction::Ending).then_some(AccountEvent::RestrictionLifted { at })
            }
            AccountCommand::Object { purpose, objects, at } => {
                match (self.objections.contains(&purpose), objects) {
                    (false, true) => Some(AccountEvent::ObjectionRaised { purpose, at }),
                    (true, false) => Some(AccountEvent::ObjectionWithdrawn { purpose, at }),
                    _ => None,
                }
            }
            AccountCommand::Erase { at } => Some(AccountEvent::AccountErased { at }),
        };
        Ok(event.into_iter().collect())
    }
}

fn registered(registration: Registration, at: DateTime<Utc>) -> AccountEvent {
    let Registration { first_name, last_name, email, phone, language } = registration;
    AccountEvent::AccountRegistered { first_name, last_name, email, phone, language, at }
}

/// What is different from what is known; nothing when all of it is so already.
fn corrected(person: &Person, correction: Correction, at: DateTime<Utc>) -> Option<AccountEvent> {
    let Correction { first_name, last_name, email, phone, language } = correction;
    let first_name = first_name.filter(|name| *name != person.first_name);
    let last_name = last_name.filter(|name| *name != person.last_name);
    let email = email.filter(|email| *email != person.email);
    let phone = phone.filter(|phone| *phone != person.phone);
    let language = language.filter(|language| *language != person.language);
    let phone_removed = phone == Some(None);
    let phone = phone.flatten();
    let nothing = first_name.is_none() && last_name.is_none() && email.is_none() && language.is_none();
    (!nothing || phone.is_some() || phone_removed).then_some(AccountEvent::AccountCorrected {
        first_name,
        last_name,
        email,
        phone,
        phone_removed,
        language,
        at,
    })
}

impl Account {
    fn request_verification(&self, at: DateTime<Utc>) -> Result<Option<AccountEvent>, AccountError> {
        match self.verification_requested_at {
            _ if self.email_verified => Ok(None),
            Some(before) if at - before < MAIL_EVERY => Err(AccountError::MailedJustNow),
            _ => Ok(Some(AccountEvent::EmailVerificationRequested { at })),
        }
    }

    fn verify(
        &self,
        person: &Person,
        email: &Personal<String>,
        at: DateTime<Utc>,
    ) -> Result<Option<AccountEvent>, AccountError> {
        match self.email_verified {
            _ if person.email != *email => Err(AccountError::OtherEmail),
            true => Ok(None),
            false => Ok(Some(AccountEvent::EmailVerified { at })),
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
            AccountEvent::SecondFactorEnabled { .. } => self.second_factor = true,
            AccountEvent::SecondFactorDisabled { .. } => self.second_factor = false,
            AccountEvent::RecoveryCodeUsed { .. }
            | AccountEvent::RecoveryCodesRenewed { .. }
            | AccountEvent::AccountLoggedIn { .. }
            | AccountEvent::PasswordChanged { .. } => {}
            AccountEvent::AccountCorrected {
                first_name,
                last_name,
                email,
                phone,
                phone_removed,
                language,
                at,
            } => {
                // The mail with a link to the new address follows from this event.
                if email.is_some() {
                    self.email_verified = false;
                    self.verification_requested_at = Some(at);
                }
                self.person = self.person.take().map(|was| Person {
                    first_name: first_name.unwrap_or(was.first_name),
                    last_name: last_name.unwrap_or(was.last_name),
                    email: email.unwrap_or(was.email),
                    phone: phone.or(was.phone.filter(|_| !phone_removed)),
                    language: language.unwrap_or(was.language),
                });
            }
            AccountEvent::AccountRestricted { .. } => self.restriction = Restriction::Restricted,
            AccountEvent::RestrictionLiftAnnounced { .. } => self.restriction = Restriction::Ending,
            AccountEvent::RestrictionLifted { .. } => self.restriction = Restriction::None,
            AccountEvent::ObjectionRaised { purpose, .. } => {
                self.objections.insert(purpose);
            }
            AccountEvent::ObjectionWithdrawn { purpose, .. } => {
                self.objections.remove(&purpose);
            }
            AccountEvent::AccountErased { .. } => *self = Self { erased: true, ..Self::default() },
        }
    }
}
