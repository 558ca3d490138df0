use stage_domain::AuditorId;

use crate::{
    CommandError,
    auditors::{Auditor, Scope},
};

/// For whom personal values are opened, if for anybody.
#[derive(Clone, Copy, Debug)]
pub struct Sight(pub(super) Option<AuditorId>);

impl Sight {
    /// Personal values stay sealed.
    pub const SEALED: Self = Self(None);

    /// Personal values are opened when they are asked for, never by the way. Refused where the token doesn't allow it.
    pub fn of(auditor: Auditor, personal: bool) -> Result<Self, CommandError> {
        if !personal {
            return Ok(Self::SEALED);
        }
        auditor.must_have(Scope::ReadPersonal)?;
        Ok(Self(Some(auditor.id)))
    }
}
