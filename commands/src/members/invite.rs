use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use sqlx::PgConnection;
use stage_domain::{
    AccountId, Invalid, InvitationId, Language, StageId,
    account::email_address,
    stage::{Role, Stage, StageCommand},
};
use stage_store::{Act, Also, Appended, ClaimChange, ClaimKind};

use crate::{Actor, CommandError, Commands, Done, Request, Time, UseCase};

/// How long an invitation can be accepted.
pub const INVITATION_LIFE: TimeDelta = TimeDelta::days(7);
/// The table and column that a sealed address is bound to.
pub(super) const PLACE: &str = "invitations/email";

/// Whom to invite, and as what.
pub struct Invite {
    pub email: String,
    pub role: Role,
    /// The language of the mail.
    pub language: Language,
}

impl Commands {
    /// Invites somebody by mail, whether or not they have an account. `Done::id` is the invitation's.
    ///
    /// The event does not say whom. The address is sealed under a key of the invitation's own: the person whose it is
    /// may have no account, and so no key, and must not depend on anybody else's.
    pub async fn invite(
        &self,
        actor: Actor,
        stage: StageId,
        invite: Invite,
        request: Request,
    ) -> Result<Done, CommandError> {
        let email = email_address("email", &invite.email).map_err(|fault| Invalid(vec![fault]))?;
        let invitation = InvitationId(request.new_id);
        let expires_at = request.at + INVITATION_LIFE;
        let subject = self.log.keyring().new_subject(AccountId(invitation.0))?;
        let sealed = subject.seal_secret(PLACE, email.as_bytes())?;
        let value = format!("{stage} {email}");
        let claim = ClaimChange::Take { kind: ClaimKind::Invitation, value, owner: invitation.0 };
        let sent = Sent { invitation, stage, by: actor.account, email: sealed, expires_at };
        let command = StageCommand::Invite {
            invitation_id: invitation,
            role: invite.role,
            language: invite.language,
            expires_at,
            at: request.at,
        };
        let at = request.at;
        self.once(Some(actor.account), &request, invitation.0, |mut act| async move {
            self.stage_for(actor, stage, UseCase::Invite, &mut act).await?;
            // One that has expired does not stand in the way of another.
            self.forget_expired_invitations(at).await?;
            act.claims.push(claim);
            act.also.push(Arc::new(sent));
            // An erasure that comes at the same time finds the invitation.
            let act = Act { subject: Some(subject), living: Some(actor.account), ..act };
            Ok::<_, CommandError>(self.log.execute::<Stage>(stage.0, command, act).await?)
        })
        .await
    }
}

/// The invitation's row, written with its event.
struct Sent {
    invitation: InvitationId,
    stage: StageId,
    by: AccountId,
    email: Vec<u8>,
    expires_at: Time,
}

#[async_trait]
impl Also for Sent {
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO invitations (id, stage_id, invited_by, email, expires_at) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(self.invitation.0)
        .bind(self.stage.0)
        .bind(self.by.0)
        .bind(&self.email)
        .bind(self.expires_at)
        .execute(tx)
        .await
        .map(drop)
    }
}
