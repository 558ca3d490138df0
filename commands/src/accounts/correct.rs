use stage_domain::{
    AccountId, Language,
    account::{Account, AccountCommand, Correction},
};
use stage_store::{Act, ClaimChange, ClaimKind, Receipt};

use crate::{CommandError, Commands, Done, Request, Time};

/// How often a correction is decided anew when the account changes meanwhile.
const TRIES: usize = 5;

/// What a person corrects; `None` leaves a value as it is. An empty telephone number removes it.
#[derive(Clone, Debug, Default)]
pub struct Correct {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub language: Option<Language>,
}

impl Commands {
    /// Corrects what is known about the person who asks (Art. 16 GDPR). The claim moves with the e-mail address.
    pub async fn correct_account(
        &self,
        account: AccountId,
        correct: Correct,
        request: Request,
    ) -> Result<Done, CommandError> {
        let Correct { first_name, last_name, email, phone, language } = &correct;
        let correction = Correction::new(
            account,
            first_name.as_deref(),
            last_name.as_deref(),
            email.as_deref(),
            phone.as_deref(),
            *language,
        )?;
        let at = request.at;
        self.once(Some(account), &request, account.0, |act| {
            self.correct_with_claim(account, correction, at, act)
        })
        .await
    }

    /// Which claim is given back depends on the present address, so the correction is bound to the version that was
    /// looked at, and looked at again when that has passed.
    async fn correct_with_claim(
        &self,
        account: AccountId,
        correction: Correction,
        at: Time,
        act: Act,
    ) -> Result<Receipt, CommandError> {
        for _ in 0..TRIES {
            let loaded = self.log.load::<Account>(account.0).await?;
            let asked = act.expected;
            let claims = claims(account, &loaded.aggregate, &correction);
            let act = Act { expected: asked.or(Some(loaded.version)), claims, ..act.clone() };
            let command = AccountCommand::Correct { correction: correction.clone(), at };
            match self.log.execute::<Account>(account.0, command, act).await.map_err(Into::into) {
                Err(CommandError::Version { .. }) if asked.is_none() => {}
                other => return other,
            }
        }
        Err(CommandError::Busy)
    }
}

/// The old address first: the new one may be the same in another spelling.
fn claims(owner: AccountId, account: &Account, correction: &Correction) -> Vec<ClaimChange> {
    let (kind, owner) = (ClaimKind::Email, owner.0);
    let old = account.person.as_ref().and_then(|person| person.email.known());
    let new = correction.email.as_ref().and_then(|email| email.known());
    match (old, new) {
        (Some(old), Some(new)) => vec![
            ClaimChange::Release { kind, value: old.clone(), owner },
            ClaimChange::Take { kind, value: new.clone(), owner },
        ],
        _ => vec![],
    }
}
