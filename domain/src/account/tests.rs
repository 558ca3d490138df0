#![allow(clippy::expect_used)]

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::test::TestFramework;

use super::*;
use crate::{AccountId, Language, Personal};

const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn registration() -> Registration {
    Registration::new(
        AccountId::default(),
        "Ada",
        "Lovelace",
        "ada@example.org",
        Some("030 123"),
        Language::En,
    )
    .expect("valid")
}

fn registered() -> AccountEvent {
    let Registration { first_name, last_name, email, phone, language } = registration();
    AccountEvent::AccountRegistered { first_name, last_name, email, phone, language, at: AT }
}

fn when(given: Vec<AccountEvent>, command: AccountCommand, then: Vec<AccountEvent>) {
    TestFramework::<Account>::with(()).given(given).when(command).then_expect_events(then);
}

fn refused(given: Vec<AccountEvent>, command: AccountCommand, why: AccountError) {
    TestFramework::<Account>::with(()).given(given).when(command).then_expect_error(why);
}

fn correct(last_name: Option<&str>, email: Option<&str>, phone: Option<&str>) -> AccountCommand {
    let correction = Correction::new(AccountId::default(), None, last_name, email, phone, None);
    AccountCommand::Correct { correction: correction.expect("valid"), at: AT }
}

fn corrected(last_name: Option<&str>, email: Option<&str>, phone_removed: bool) -> AccountEvent {
    let personal = |value: &str| Personal::new(AccountId::default(), value.to_owned());
    AccountEvent::AccountCorrected {
        first_name: None,
        last_name: last_name.map(personal),
        email: email.map(personal),
        phone: None,
        phone_removed,
        language: None,
        at: AT,
    }
}

#[test]
fn a_person_registers_once() {
    let register = AccountCommand::Register { registration: registration(), at: AT };
    when(vec![], register.clone(), vec![registered()]);
    refused(vec![registered()], register, AccountError::AlreadyRegistered);
}

#[test]
fn nobody_logs_in_to_an_account_that_does_not_exist() {
    refused(vec![], AccountCommand::LogIn { at: AT }, AccountError::NotRegistered);
}

#[test]
fn every_field_at_fault_is_named_at_once() {
    let refused =
        Registration::new(AccountId::default(), "", "x\u{7}", "nobody", Some("call me"), Language::De);
    let fields: Vec<_> = refused.expect_err("refused").0.into_iter().map(|e| e.field).collect();
    assert_eq!(fields, ["first_name", "last_name", "email", "phone"]);
    let refused = Correction::new(
        AccountId::default(),
        Some(""),
        Some("x\u{7}"),
        Some("nobody"),
        Some("call me"),
        None,
    );
    let fields: Vec<_> = refused.expect_err("refused").0.into_iter().map(|e| e.field).collect();
    assert_eq!(fields, ["first_name", "last_name", "email", "phone"]);
}

#[test]
fn a_correction_tells_what_is_different_and_nothing_else() {
    let to_king = correct(Some("King"), Some("ada@example.org"), None);
    when(vec![registered()], to_king.clone(), vec![corrected(Some("King"), None, false)]);
    when(vec![registered(), corrected(Some("King"), None, false)], to_king, vec![]);
    when(vec![registered()], correct(None, None, Some("")), vec![corrected(None, None, true)]);
    when(vec![registered(), corrected(None, None, true)], correct(None, None, Some("")), vec![]);
}

#[test]
fn a_new_address_is_not_a_verified_one() {
    let mut account = Account::default();
    account.on(registered());
    account.on(AccountEvent::EmailVerified { at: AT });
    account.on(corrected(Some("King"), None, false));
    assert!(account.email_verified);
    account.on(corrected(None, Some("king@example.org"), false));
    assert!(!account.email_verified);
}

#[test]
fn a_restriction_ends_only_after_the_person_was_told() {
    let (restrict, announce, lift) = (
        AccountCommand::Restrict { at: AT },
        AccountCommand::AnnounceLift { at: AT },
        AccountCommand::Lift { at: AT },
    );
    let restricted = vec![registered(), AccountEvent::AccountRestricted { at: AT }];
    when(vec![registered()], restrict.clone(), vec![AccountEvent::AccountRestricted { at: AT }]);
    when(restricted.clone(), restrict.clone(), vec![]);
    when(restricted.clone(), lift.clone(), vec![]);
    when(restricted.clone(), announce.clone(), vec![AccountEvent::RestrictionLiftAnnounced { at: AT }]);
    let ending = [restricted, vec![AccountEvent::RestrictionLiftAnnounced { at: AT }]].concat();
    when(ending.clone(), announce.clone(), vec![]);
    when(ending.clone(), lift.clone(), vec![AccountEvent::RestrictionLifted { at: AT }]);
    let again = [ending.clone(), vec![AccountEvent::AccountRestricted { at: AT }]].concat();
    when(ending.clone(), restrict, vec![AccountEvent::AccountRestricted { at: AT }]);
    when(again, lift, vec![]);
    let lifted = [ending, vec![AccountEvent::RestrictionLifted { at: AT }]].concat();
    when(lifted, announce, vec![]);
}

#[test]
fn an_objection_holds_until_it_is_taken_back() {
    let purpose = Purpose::Recipients;
    let object = |objects| AccountCommand::Object { purpose, objects, at: AT };
    let raised = vec![registered(), AccountEvent::ObjectionRaised { purpose, at: AT }];
    when(vec![registered()], object(true), vec![AccountEvent::ObjectionRaised { purpose, at: AT }]);
    when(raised.clone(), object(true), vec![]);
    when(raised, object(false), vec![AccountEvent::ObjectionWithdrawn { purpose, at: AT }]);
    when(vec![registered()], object(false), vec![]);
}

#[test]
fn data_is_used_for_a_purpose_unless_the_person_objects_is_restricted_or_erased() {
    let allows = |events: &[AccountEvent]| {
        let mut account = Account::default();
        [&[registered()], events].concat().into_iter().for_each(|event| account.on(event));
        account.allows(Purpose::Recipients)
    };
    let restricted = AccountEvent::AccountRestricted { at: AT };
    assert!(allows(&[]));
    assert!(!allows(&[AccountEvent::ObjectionRaised { purpose: Purpose::Recipients, at: AT }]));
    assert!(!allows(std::slice::from_ref(&restricted)));
    assert!(!allows(&[restricted, AccountEvent::RestrictionLiftAnnounced { at: AT }]));
    assert!(!allows(&[AccountEvent::AccountErased { at: AT }]));
}

#[test]
fn an_erased_account_is_gone_for_good() {
    let erased = vec![registered(), AccountEvent::AccountErased { at: AT }];
    when(vec![registered()], AccountCommand::Erase { at: AT }, vec![AccountEvent::AccountErased { at: AT }]);
    refused(erased.clone(), AccountCommand::Erase { at: AT }, AccountError::NotRegistered);
    refused(erased.clone(), AccountCommand::LogIn { at: AT }, AccountError::NotRegistered);
    let register = AccountCommand::Register { registration: registration(), at: AT };
    refused(erased, register, AccountError::AlreadyRegistered);
}

#[test]
fn an_address_is_verified_once_and_mails_are_asked_for_a_minute_apart() {
    let later = |seconds| AT + TimeDelta::seconds(seconds);
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
    let later = |seconds| AT + TimeDelta::seconds(seconds);
    let request = |seconds| AccountCommand::RequestPasswordReset { at: later(seconds) };
    let requested = |seconds| AccountEvent::PasswordResetRequested { at: later(seconds) };
    let account = || TestFramework::<Account>::with(()).given(vec![registered(), requested(10)]);
    account().when(request(69)).then_expect_events(vec![]);
    account().when(request(70)).then_expect_events(vec![requested(70)]);
}

#[test]
fn a_second_factor_is_turned_on_once_and_off_again() {
    let (enable, disable) =
        (AccountCommand::EnableSecondFactor { at: AT }, AccountCommand::DisableSecondFactor { at: AT });
    let (enabled, disabled) =
        (AccountEvent::SecondFactorEnabled { at: AT }, AccountEvent::SecondFactorDisabled { at: AT });
    when(vec![registered()], enable.clone(), vec![enabled.clone()]);
    when(vec![registered()], disable.clone(), vec![]);
    refused(vec![registered(), enabled.clone()], enable.clone(), AccountError::SecondFactorOn);
    when(vec![registered(), enabled.clone()], disable, vec![disabled.clone()]);
    when(vec![registered(), enabled.clone(), disabled], enable, vec![enabled]);
}

#[test]
fn recovery_codes_are_renewed_while_the_second_factor_is_on() {
    let renew = AccountCommand::RenewRecoveryCodes { at: AT };
    let enabled = AccountEvent::SecondFactorEnabled { at: AT };
    refused(vec![registered()], renew.clone(), AccountError::SecondFactorOff);
    when(vec![registered(), enabled], renew, vec![AccountEvent::RecoveryCodesRenewed { at: AT }]);
}

#[test]
fn a_log_in_with_a_recovery_code_tells_how_many_are_left() {
    let log_in = AccountCommand::LogInWithRecoveryCode { left: 9, at: AT };
    let used = AccountEvent::RecoveryCodeUsed { left: 9, at: AT };
    when(vec![registered()], log_in.clone(), vec![used, AccountEvent::AccountLoggedIn { at: AT }]);
    refused(vec![], log_in, AccountError::NotRegistered);
}
