use serde::{Deserialize, Serialize};

/// What a member of a stage's team may do. Each may do what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees everything and decides which posts are shown, and where.
    Moderator,
    /// Decides what is imported and how it is sorted, too.
    Editor,
    /// Decides about the stage itself and its team, too.
    Owner,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Moderator, Self::Editor, Self::Owner];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Moderator => "moderator",
            Self::Editor => "editor",
            Self::Owner => "owner",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Role;

    #[test]
    fn each_role_may_do_what_the_ones_before_it_may() {
        assert!(Role::Owner > Role::Editor && Role::Editor > Role::Moderator);
        assert!(Role::ALL.is_sorted());
    }
}
