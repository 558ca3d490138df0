//! A text laid out as words.
//!
//! Words are Unicode's (UAX #29), joined across a hyphen: "E-Bike" is one word of two parts. Each part takes
//! one position, and every run of parts is a form that a rule may ask for: "Corona-Test-Zentrum" is read
//! as Corona, Test, Zentrum, CoronaTest, TestZentrum and CoronaTestZentrum, so that rules written "Test",
//! "Corona-Test", "Coronatest" and "Corona Test" (a phrase) all find it. Addresses are not words.

use std::{iter, ops::Range};

use unicode_segmentation::UnicodeSegmentation;

use super::{PostText, address, hashtag, parts};

/// A word of more parts than this is read as its parts and as a whole, but not as every run of them.
const MAX_RUNS: usize = 6;

/// What stands between a word and the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Border {
    /// White space, a slash, a quotation mark, a bracket.
    #[default]
    None,
    /// Punctuation that ends a sentence or a part of it; only a phrase with punctuation there goes across.
    Soft,
    /// The end of a block, of the title or of the text, or an address. Nothing goes across.
    Hard,
}

/// One reading of the positions `from..to`.
#[derive(Clone, Debug)]
pub(super) struct Form<'a> {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) folded: String,
    text: &'a str,
    shown: Range<usize>,
}

impl Form<'_> {
    /// Whether it was written without a capital letter at its beginning, as no German noun is.
    pub(super) fn is_small(&self) -> bool {
        self.text[self.shown.clone()].starts_with(char::is_lowercase)
    }
}

#[derive(Debug, Default)]
pub(super) struct Words<'a> {
    /// In order of `from`.
    pub(super) forms: Vec<Form<'a>>,
    /// For each position, the border before it.
    pub(super) borders: Vec<Border>,
    /// For each position, the first form that begins there or later.
    starts: Vec<usize>,
    /// Folded, and as they stand in the post.
    pub(super) hashtags: Vec<(String, &'a str)>,
    next_border: Border,
}

impl<'a> Words<'a> {
    /// The words of a post: title, text, categories, in this order.
    pub(super) fn of(post: &PostText<'a>) -> Self {
        let mut words = Self::default();
        for text in post.title.into_iter().chain([post.text]) {
            words.next_border = Border::Hard;
            words.add(text, true);
        }
        for category in post.categories {
            words.next_border = Border::Hard;
            words.add(category, false);
            words.hashtags.push((hashtag::fold(category), category));
        }
        words
    }

    /// The words of a rule.
    pub(super) fn of_rule(text: &'a str) -> Self {
        let mut words = Self::default();
        words.add(text, false);
        words
    }

    /// The forms that begin at a position, with their indexes.
    pub(super) fn at(&self, position: usize) -> impl Iterator<Item = (usize, &Form<'a>)> {
        let from = self.starts.get(position).copied().unwrap_or(self.forms.len());
        let to = self.starts.get(position + 1).copied().unwrap_or(self.forms.len());
        (from..to).map(|index| (index, &self.forms[index]))
    }

    /// The post's own spelling from one form to another of the same block.
    pub(super) fn shown(&self, first: usize, last: usize) -> &'a str {
        let (first, last) = (&self.forms[first], &self.forms[last]);
        &first.text[first.shown.start..last.shown.end]
    }

    fn add(&mut self, text: &'a str, with_hashtags: bool) {
        let addresses = address::ranges(text);
        let tags = if with_hashtags { hashtag::ranges(text, &addresses) } else { Vec::new() };
        for tag in &tags {
            let shown = &text[before_sign(text, tag.start)..tag.end];
            self.hashtags.push((hashtag::fold(&text[tag.clone()]), shown));
        }
        let mut from = 0;
        for skip in addresses.into_iter().chain(iter::once(text.len()..text.len())) {
            self.add_stretch(text, from..skip.start, &tags);
            self.next_border = Border::Hard;
            from = skip.end;
        }
    }

    /// Adds the words of a part of `text` that holds no address.
    fn add_stretch(&mut self, text: &'a str, stretch: Range<usize>, tags: &[Range<usize>]) {
        let mut open: Option<Range<usize>> = None;
        let mut gap_start = stretch.start;
        for (at, piece) in text[stretch.clone()].split_word_bound_indices() {
            if !piece.contains(char::is_alphanumeric) {
                continue;
            }
            for range in sentences(piece, stretch.start + at) {
                let gap = &text[gap_start..range.start];
                gap_start = range.end;
                match &mut open {
                    Some(word) if goes_on(gap, &text[range.clone()]) => word.end = range.end,
                    _ => {
                        self.add_word(text, open.replace(range), tags);
                        self.next_border = self.next_border.max(border(gap));
                    }
                }
            }
        }
        self.add_word(text, open, tags);
        self.next_border = self.next_border.max(border(&text[gap_start..stretch.end]));
    }

    fn add_word(&mut self, text: &'a str, word: Option<Range<usize>>, tags: &[Range<usize>]) {
        let Some(mut shown) = word else { return };
        let in_hashtag = tags.binary_search_by_key(&shown.start, |tag| tag.start).is_ok();
        let parts = parts::split(&text[shown.clone()], in_hashtag);
        if parts.is_empty() {
            return;
        }
        if in_hashtag {
            shown.start = before_sign(text, shown.start);
        }
        let base = self.borders.len();
        let mut form = |from: usize, to: usize, folded: String| {
            self.forms.push(Form { from: base + from, to: base + to, folded, text, shown: shown.clone() });
        };
        for from in 0..parts.len() {
            let mut run = String::new();
            for to in from + 1..=parts.len() {
                let part = &parts[to - 1];
                if to == from + 1 || parts.len() <= MAX_RUNS || (from, to) == (0, parts.len()) {
                    if let Some(female) = &part.female {
                        form(from, to, format!("{run}{female}"));
                    }
                    form(from, to, format!("{run}{}", part.folded));
                } else if from > 0 {
                    break;
                }
                run.push_str(&part.folded);
            }
        }
        for index in 0..parts.len() {
            self.starts.push(self.forms.partition_point(|form| form.from < base + index));
            self.borders.push(if index == 0 { self.next_border } else { Border::None });
        }
        self.next_border = Border::None;
    }
}

/// Where the `#` before a hashtag begins.
fn before_sign(text: &str, start: usize) -> usize {
    text[..start].char_indices().next_back().map_or(start, |(at, _)| at)
}

/// UAX #29 keeps "Fest.Am" and "Ort:Rathaus" together, where only a space was forgotten; this takes them
/// apart again. "3.5" and "z.b" stay.
fn sentences(piece: &str, base: usize) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    let mut found = Vec::with_capacity(1);
    for (at, c) in piece.char_indices() {
        let rest = &piece[at + c.len_utf8()..];
        let apart = match c {
            ':' => rest.starts_with(char::is_alphabetic),
            '.' => rest.starts_with(char::is_uppercase) || rest == "innen",
            '·' => true,
            _ => false,
        };
        if apart {
            found.push(base + from..base + at);
            from = at + c.len_utf8();
        }
    }
    found.push(base + from..base + piece.len());
    found.into_iter().filter(|range| !range.is_empty())
}

fn goes_on(gap: &str, next: &str) -> bool {
    let mut chars = gap.chars();
    matches!((chars.next(), chars.next()), (Some(c), None) if parts::HYPHENS.contains(&c))
        || parts::is_female_ending(gap, next)
}

fn border(gap: &str) -> Border {
    if gap.contains(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']) {
        return Border::Hard;
    }
    let ends = |c| ".,;:!?…–—―|•·¡¿。、，．！？：；؟،؛".contains(c);
    let dash = gap.trim() == "-" && gap.len() >= 3;
    if dash || gap.contains(ends) { Border::Soft } else { Border::None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words, `,` for a soft border before a word and `/` for a hard one.
    fn laid_out(text: &str) -> String {
        let post = PostText { title: None, text, categories: &[], language: None };
        let words = Words::of(&post);
        let mut line = String::new();
        for position in 0..words.borders.len() {
            line.push(match words.borders[position] {
                Border::None => ' ',
                Border::Soft => ',',
                Border::Hard => '/',
            });
            let forms: Vec<_> = words.at(position).map(|(_, form)| form.folded.as_str()).collect();
            line.push_str(&forms.join("|"));
        }
        line
    }

    #[rstest::rstest]
    #[case("Das Fest, am 1. Mai!", "/das fest,am 1,mai")]
    #[case("Eins\nzwei (drei)  vier", "/eins/zwei drei vier")]
    #[case("Siehe https://example.org/fest jetzt", "/siehe/jetzt")]
    #[case("Corona-Test", "/corona|coronatest test")]
    #[case("Vor- und Nachteile - gut", "/vor und nachteile,gut")]
    #[case("Fest.Am Ort:Rathaus 3.5 z.b", "/fest,am ort,rathaus 3.5 z.b")]
    #[case("Bürger:innen und Bürger/-innen", "/bürgerinnen|bürger und bürgerinnen|bürger")]
    #[case("#StadtfestBonn", "/stadtfest|stadtfestbonn bonn")]
    #[case("the mayor’s 'plan'", "/the mayor plan")]
    #[case("東京 カタカナ", "/東 京 カタカナ")]
    #[case("--- 🎉 …", "")]
    fn a_text_is_laid_out(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(laid_out(text), expected);
    }

    #[test]
    fn a_word_of_very_many_parts_has_few_forms() {
        let text = vec!["ab"; 1_000].join("-");
        let post = PostText { title: None, text: &text, categories: &[], language: None };
        assert_eq!(Words::of(&post).forms.len(), 1_001);
    }
}
