//! The second factor: turning it on, logging in with it, and what never counts twice.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::atomic::{AtomicU8, Ordering};

use common::{House, PASSWORD, at, request};
use secrecy::{ExposeSecret, SecretString};
use stage_commands::{Actor, CommandError, accounts::NewSession};
use totp_rs::{Builder, Secret};

/// What an app that was told this secret shows at a time.
fn shown(secret: &SecretString, seconds: i64) -> SecretString {
    let secret = Secret::try_from_base32(secret.expose_secret()).unwrap();
    let totp = Builder::new().with_secret(secret).build().unwrap();
    totp.generate(at(seconds).timestamp().unsigned_abs()).to_string().into()
}

fn fresh() -> [[u8; 10]; 10] {
    std::array::from_fn(|number| [u8::try_from(number).unwrap(); 10])
}

/// Somebody whose second factor is on since the time 0, with the app's secret and the recovery codes.
async fn protected(house: &House) -> (Actor, SecretString, Vec<SecretString>) {
    let ada = house.registered("ada@example.org").await;
    let begun = house.commands.begin_second_factor(ada, PASSWORD.into(), [7; 20], at(0)).await.unwrap();
    let code = shown(&begun.secret, 0);
    let on = house.commands.confirm_second_factor(ada, &code, fresh(), request(0)).await.unwrap();
    (ada, begun.secret, on.recovery_codes)
}

async fn log_in(
    house: &House,
    code: Option<&SecretString>,
    seconds: i64,
) -> Result<NewSession, CommandError> {
    // Each session has a token of its own.
    static LOG_INS: AtomicU8 = AtomicU8::new(100);
    let fresh = [LOG_INS.fetch_add(1, Ordering::Relaxed); 32];
    house.commands.log_in_with("ada@example.org", PASSWORD.into(), code, fresh, request(seconds)).await
}

#[tokio::test]
async fn a_log_in_asks_for_a_code_from_when_the_app_has_shown_one() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let begun = house.commands.begin_second_factor(ada, PASSWORD.into(), [7; 20], at(0)).await.unwrap();
    let uri = begun.uri.expose_secret();
    assert!(uri.starts_with("otpauth://totp/Stage:ada%40example.org?secret="), "{uri}");
    assert!(log_in(&house, None, 1).await.is_ok(), "not before it is confirmed");
    let wrong = house.commands.confirm_second_factor(ada, &"000000".into(), fresh(), request(1)).await;
    assert!(matches!(wrong, Err(CommandError::Invalid(_))));
    let code = shown(&begun.secret, 1);
    house.commands.confirm_second_factor(ada, &code, fresh(), request(1)).await.unwrap();
    assert!(matches!(log_in(&house, None, 2).await, Err(CommandError::SecondFactorMissing)));
    let used = log_in(&house, Some(&code), 2).await;
    assert!(matches!(used, Err(CommandError::SecondFactorWrong)), "the code that confirmed it is used");
    assert!(log_in(&house, Some(&shown(&begun.secret, 61)), 61).await.is_ok());
    let factor = house.commands.second_factor(ada).await.unwrap();
    assert_eq!((factor.enabled_at, factor.recovery_codes_left), (Some(at(1)), 10));
}

#[tokio::test]
async fn without_the_right_password_a_right_code_is_worth_nothing() {
    let house = House::new().await;
    let (_, secret, _) = protected(&house).await;
    let code = shown(&secret, 60);
    let refused = house
        .commands
        .log_in_with("ada@example.org", "wrong".into(), Some(&code), [9; 32], request(60))
        .await;
    assert!(matches!(refused, Err(CommandError::WrongCredentials)));
    assert!(log_in(&house, Some(&code), 60).await.is_ok());
}

#[tokio::test]
async fn a_code_counts_once_also_for_ten_at_once() {
    let house = House::new().await;
    let (_, secret, _) = protected(&house).await;
    let code = shown(&secret, 60);
    let tries = (0..10_u8).map(|number| {
        let password = PASSWORD.into();
        house.commands.log_in_with("ada@example.org", password, Some(&code), [number; 32], request(60))
    });
    let begun = futures::future::join_all(tries).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(begun, 1);
    let before = log_in(&house, Some(&shown(&secret, 30)), 60).await;
    assert!(matches!(before, Err(CommandError::SecondFactorWrong)), "nor one from before it");
}

#[tokio::test]
async fn a_code_counts_a_step_to_either_side() {
    let house = House::new().await;
    let (_, secret, _) = protected(&house).await;
    assert!(log_in(&house, Some(&shown(&secret, 300)), 361).await.is_err());
    assert!(log_in(&house, Some(&shown(&secret, 331)), 361).await.is_ok());
    assert!(log_in(&house, Some(&shown(&secret, 391)), 361).await.is_ok());
    assert!(log_in(&house, Some(&shown(&secret, 480)), 361).await.is_err());
}

#[tokio::test]
async fn a_recovery_code_counts_once_however_it_is_typed_and_is_told_of() {
    let house = House::new().await;
    let (ada, _, codes) = protected(&house).await;
    assert_eq!(codes.len(), 10);
    let typed = SecretString::from(codes[3].expose_secret().to_uppercase().replace('-', " "));
    assert!(log_in(&house, Some(&typed), 1).await.is_ok());
    assert!(matches!(log_in(&house, Some(&codes[3]), 2).await, Err(CommandError::SecondFactorWrong)));
    assert_eq!(house.commands.second_factor(ada).await.unwrap().recovery_codes_left, 9);
    let told: serde_json::Value =
        sqlx::query_scalar("SELECT payload FROM events WHERE event_type = 'RecoveryCodeUsed'")
            .fetch_one(&house.database.pool)
            .await
            .unwrap();
    assert_eq!(told["RecoveryCodeUsed"]["left"], 9);
}

#[tokio::test]
async fn who_guesses_is_made_to_wait_and_who_knows_is_not_counted() {
    let house = House::new().await;
    let (_, secret, codes) = protected(&house).await;
    for seconds in 1..=9 {
        assert!(matches!(
            log_in(&house, Some(&"999999".into()), seconds).await,
            Err(CommandError::SecondFactorWrong)
        ));
    }
    assert!(log_in(&house, Some(&codes[0]), 10).await.is_ok(), "a right one takes the count back");
    for seconds in 11..=20 {
        assert!(log_in(&house, Some(&"wrong-code".into()), seconds).await.is_err());
    }
    let held = log_in(&house, Some(&shown(&secret, 60)), 60).await;
    assert!(matches!(held, Err(CommandError::TooManyTries { .. })), "even with a right code");
    let later = 11 + 15 * 60;
    assert!(log_in(&house, Some(&shown(&secret, later)), later).await.is_ok());
}

#[tokio::test]
async fn recovery_codes_are_renewed_with_the_password_and_a_code_while_the_factor_stays_on() {
    let house = House::new().await;
    let (ada, secret, old) = protected(&house).await;
    let others = || std::array::from_fn(|number| [100 + u8::try_from(number).unwrap(); 10]);
    let renew = async |password: &str, code: &SecretString, seconds| {
        house.commands.renew_recovery_codes(ada, password.into(), code, others(), request(seconds)).await
    };
    let code = shown(&secret, 60);
    assert!(matches!(renew("wrong", &code, 60).await, Err(CommandError::Invalid(_))));
    assert!(matches!(renew(PASSWORD, &"000000".into(), 60).await, Err(CommandError::Invalid(_))));
    assert!(log_in(&house, Some(&old[0]), 60).await.is_ok(), "until then the old ones count");
    let new = renew(PASSWORD, &code, 60).await.unwrap().recovery_codes;
    assert!(matches!(renew(PASSWORD, &code, 60).await, Err(CommandError::Invalid(_))), "a code counts once");
    assert_eq!(house.commands.second_factor(ada).await.unwrap().recovery_codes_left, 10);
    assert!(log_in(&house, Some(&old[1]), 61).await.is_err());
    assert!(log_in(&house, Some(&new[0]), 62).await.is_ok());
    assert!(log_in(&house, Some(&shown(&secret, 120)), 120).await.is_ok(), "the app is as it was");

    // The app is lost: one that is left makes ten.
    assert_eq!(renew(PASSWORD, &new[1], 121).await.unwrap().recovery_codes.len(), 10);
    let told: i64 =
        sqlx::query_scalar("SELECT count(*) FROM events WHERE event_type = 'RecoveryCodesRenewed'")
            .fetch_one(&house.database.pool)
            .await
            .unwrap();
    assert_eq!(told, 2);
    house.commands.disable_second_factor(ada, PASSWORD.into(), request(122)).await.unwrap();
    assert!(matches!(renew(PASSWORD, &new[2], 123).await, Err(CommandError::Refused(_))));
}

#[tokio::test]
async fn it_is_turned_off_with_the_password_alone_and_leaves_nothing() {
    let house = House::new().await;
    let (ada, _, _) = protected(&house).await;
    let again = house.commands.begin_second_factor(ada, PASSWORD.into(), [8; 20], at(1)).await;
    assert!(matches!(again, Err(CommandError::Refused(_))));
    let wrong = house.commands.disable_second_factor(ada, "wrong".into(), request(1)).await;
    assert!(matches!(wrong, Err(CommandError::Invalid(_))), "{wrong:?}");
    house.commands.disable_second_factor(ada, PASSWORD.into(), request(1)).await.unwrap();
    assert!(log_in(&house, None, 2).await.is_ok());
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM second_factors) + (SELECT count(*) FROM recovery_codes)",
    )
    .fetch_one(&house.database.pool)
    .await
    .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_secret_that_is_not_confirmed_within_an_hour_is_forgotten() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let refused = house.commands.begin_second_factor(ada, "wrong".into(), [7; 20], at(0)).await;
    assert!(matches!(refused, Err(CommandError::Invalid(_))));
    let begun = house.commands.begin_second_factor(ada, PASSWORD.into(), [7; 20], at(0)).await.unwrap();
    let code = shown(&begun.secret, 3600);
    let late = house.commands.confirm_second_factor(ada, &code, fresh(), request(3600)).await;
    assert!(matches!(late, Err(CommandError::Refused(_))));
    house.commands.sweep(at(3600)).await.unwrap();
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM second_factors")
        .fetch_one(&house.database.pool)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn neither_the_secret_nor_a_code_is_in_the_database() {
    let house = House::new().await;
    let (_, secret, codes) = protected(&house).await;
    log_in(&house, Some(&shown(&secret, 60)), 60).await.unwrap();
    let everything: String = sqlx::query_scalar(
        "SELECT string_agg(t, ' ') FROM (
             SELECT encode(secret, 'hex') FROM second_factors
             UNION ALL SELECT encode(code, 'escape') FROM recovery_codes
             UNION ALL SELECT payload::text || metadata::text FROM events) AS every (t)",
    )
    .fetch_one(&house.database.pool)
    .await
    .unwrap();
    assert!(everything.contains("SecondFactorEnabled"));
    let raw = "07".repeat(20);
    for hidden in [secret.expose_secret(), codes[0].expose_secret(), raw.as_str()] {
        assert!(!everything.contains(hidden));
    }
}
