//! Advisory locks of PostgreSQL that the rooms take, in one place so that no two mean the same number.
//!
//! All have the form of two integers: [`NAMESPACE`], so that other programs in the same database don't meet ours,
//! and what the lock is for.

/// "Stag" in ASCII.
pub const NAMESPACE: i32 = 0x5374_6167;

/// Held, shared, by every transaction that appends, from before its first position until after its end.
/// migrations/0001_events.sql names it too.
pub const APPEND: i32 = 1;

/// In place of [`NAMESPACE`], with the hash of a projection's name: held by the session that leads it.
pub const PROJECTIONS: i32 = 0x5374_5072;

/// In place of [`NAMESPACE`], with the hash of a recipient's name: held by the session that sends to it.
pub const DELIVERIES: i32 = 0x5374_4465;

/// In place of [`NAMESPACE`], with the hash of `log`: held by the session of the notary that leads.
pub const NOTARY: i32 = 0x5374_4e6f;

/// In place of [`NAMESPACE`], with the hash of a stream's name: held by the session that counts its views.
pub const VIEWS: i32 = 0x5374_5669;

/// In place of [`NAMESPACE`], with the hash of a projection's name: held by the session that rebuilds it or compares it.
pub const REBUILDS: i32 = 0x5374_5262;
