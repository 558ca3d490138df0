//! The team of a stage: inviting, joining, roles and leaving.

mod accept;
mod change_role;
mod end;
mod invitations;
mod invite;
mod mail;
mod remove;
mod rows;
mod token;
mod withdraw;

pub use invitations::OpenInvitation;
pub use invite::{INVITATION_LIFE, Invite};
pub use mail::InvitationMail;
pub(crate) use rows::{Joined, forget_team};
