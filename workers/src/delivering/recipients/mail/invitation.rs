use stage_commands::members::InvitationMail;
use stage_domain::{
    AccountId, InvitationId, Language,
    account::Account,
    stage::{Role, StageEvent},
};
use stage_projections::{ProjectionError, outbox::Delivery};
use stage_store::{Log, Recorded, StoreError};
use uuid::Uuid;

use super::{Desk, Letter, unavailable};

/// For ever: rows are kept under it.
pub(super) const NAME: &str = "invitation";

/// A letter to somebody who may have no account, and their address.
pub(super) struct Invited {
    pub(super) email: String,
    pub(super) language: Language,
    pub(super) letter: Letter,
}

/// The invitation that is sent because of this event, if any.
pub(super) fn about(event: &Recorded) -> Result<Option<Uuid>, StoreError> {
    if event.stream_type != "stage" || event.event_type != "MemberInvited" {
        return Ok(None);
    }
    Ok(match event.event::<StageEvent>()? {
        StageEvent::MemberInvited { invitation_id, .. } => Some(invitation_id.0),
        _ => None,
    })
}

/// `None` when the invitation was accepted or withdrawn, has expired, or its stage is closed.
pub(super) async fn write(
    invitation: InvitationId,
    delivery: &Delivery,
    desk: &Desk,
    log: &Log,
) -> Result<Option<Invited>, ProjectionError> {
    debug_assert_eq!(delivery.kind, NAME);
    let mail = desk.commands.invitation_mail(invitation, (desk.clock)()).await.map_err(unavailable)?;
    let Some(mail) = mail else { return Ok(None) };
    let inviter = name(mail.invited_by, log).await?;
    let link = desk.link("accept-invitation", &mail.token);
    let (subject, text) = text(&mail, inviter.as_deref(), &link);
    let InvitationMail { email, language, .. } = mail;
    Ok(Some(Invited { email, language, letter: Letter::Written { subject, text } }))
}

/// What the one who invites is called, unless they were erased or their data is restricted.
async fn name(account: AccountId, log: &Log) -> Result<Option<String>, ProjectionError> {
    let account = log.load::<Account>(account.0).await?.aggregate;
    let told = !account.is_restricted();
    Ok(account.person.filter(|_| told).and_then(|person| {
        let (first, last) = (person.first_name.known()?, person.last_name.known()?);
        Some(format!("{first} {last}"))
    }))
}

fn text(mail: &InvitationMail, inviter: Option<&str>, link: &str) -> (String, String) {
    let stage = &mail.stage;
    match mail.language {
        Language::En => {
            let who = inviter.unwrap_or("A member of the team");
            let role = match mail.role {
                Role::Owner => "an owner",
                Role::Editor => "an editor",
                Role::Moderator => "a moderator",
            };
            (
                format!("Invitation to the stage {stage}"),
                format!(
                    "Hello,\n\n{who} invites you to join the team of the stage {stage} as {role}. The link holds for \
                     seven days and once; log in or register first:\n\n{link}\n\nIf you do not want to join, do \
                     nothing: your address is forgotten after seven days.\n\nStage\n"
                ),
            )
        }
        Language::De => {
            let who = inviter.unwrap_or("Jemand aus dem Team");
            let role = match mail.role {
                Role::Owner => "als Eigentümerin oder Eigentümer",
                Role::Editor => "für die Redaktion",
                Role::Moderator => "für die Moderation",
            };
            (
                format!("Einladung zur Stage {stage}"),
                format!(
                    "Guten Tag,\n\n{who} lädt Sie {role} in das Team der Stage {stage} ein. Der Link gilt sieben Tage \
                     und einmal; bitte melden Sie sich vorher an oder registrieren Sie sich:\n\n{link}\n\nWenn Sie \
                     nicht möchten, tun Sie nichts: Ihre Adresse wird nach sieben Tagen vergessen.\n\nStage\n"
                ),
            )
        }
    }
}
