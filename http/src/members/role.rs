use serde::{Deserialize, Serialize};
use stage_domain::stage::Role;
use utoipa::ToSchema;

/// What a member of a stage's team may do. A moderator decides which posts are shown; an editor also what is imported and
/// how it is sorted; an owner also about the stage itself and its team, and what is taken out of the log for good.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Role)]
pub(crate) enum RoleName {
    Moderator,
    Editor,
    Owner,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Moderator => Self::Moderator,
            RoleName::Editor => Self::Editor,
            RoleName::Owner => Self::Owner,
        }
    }
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Moderator => Self::Moderator,
            Role::Editor => Self::Editor,
            Role::Owner => Self::Owner,
        }
    }
}
