//! The part of a post that topics are about.

use crate::post::PostContent;

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub struct PostText<'a> {
    pub title: Option<&'a str>,
    /// Without markup; a line break ends a block.
    pub text: &'a str,
    pub categories: &'a [String],
    /// A BCP 47 tag, where it is known.
    pub language: Option<&'a str>,
}

impl<'a> From<&'a PostContent> for PostText<'a> {
    fn from(content: &'a PostContent) -> Self {
        Self {
            title: content.title.as_deref(),
            text: &content.text,
            categories: &content.categories,
            language: content.language.as_deref(),
        }
    }
}
