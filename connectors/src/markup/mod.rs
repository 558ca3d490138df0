//! HTML from strangers: made safe, turned into text, bounded.

mod characters;
mod nesting;
mod sanitize;
mod text;

pub(crate) use characters::{cut, fold, permitted};
pub(crate) use sanitize::{from_text, sanitize};
pub(crate) use text::{html_title, images, plain, title};

#[cfg(test)]
mod tests;
