//! Who is registered: accounts for the dashboard. Personal values stay sealed in the table.

mod apply;
mod query;
mod row;
mod store;
mod view;

pub use apply::Accounts;
pub use view::{AccountView, NameView};
