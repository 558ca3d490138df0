//! Markup that is cheap to send and dear to handle: an HTML parser reopens every unclosed `<b>` in every new
//! paragraph, so that a few kilobytes become millions of nodes; and html5ever 0.40 writes text in quadratic time,
//! because it looks through the rest of it after each character that it escapes.

/// More elements than this are never open at once in what people write.
const MAX_OPEN: usize = 250;
/// The product of open elements and tags, which bounds the parser's work.
const MAX_WORK: usize = 2_000_000;

/// The product of bytes and characters to escape, which bounds the writer's work.
const MAX_ESCAPING: usize = 4_000_000_000;

/// Whether the parser could build a tree out of all proportion. A rough count on the safe side: an element
/// that HTML closes by itself does not count as open.
pub(super) fn is_excessive(html: &str) -> bool {
    if escaping(html) > MAX_ESCAPING {
        return true;
    }
    let (mut open, mut most, mut tags) = (0_usize, 0_usize, 0_usize);
    for piece in html.split('<').skip(1) {
        let (closing, rest) = match piece.strip_prefix('/') {
            Some(rest) => (true, rest),
            None => (false, piece),
        };
        let end = rest.bytes().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        if name.is_empty() {
            continue;
        }
        tags += 1;
        if closes_itself(&name) {
            continue;
        }
        open = if closing { open.saturating_sub(1) } else { open + 1 };
        most = most.max(open);
    }
    most > MAX_OPEN || most.saturating_mul(tags) > MAX_WORK
}

/// For each run of text, its length times the characters to escape in it. Tags that are dropped don't end a run.
fn escaping(html: &str) -> usize {
    let (mut work, mut length, mut escaped) = (0_usize, 0_usize, 0_usize);
    for piece in html.split('<') {
        let name = piece.strip_prefix('/').unwrap_or(piece);
        if KEPT
            .iter()
            .any(|kept| name.strip_prefix(kept).is_some_and(|rest| rest.starts_with(['>', ' ', '/'])))
        {
            work = work.saturating_add(length.saturating_mul(escaped));
            (length, escaped) = (0, 0);
        }
        length += piece.len() + 1;
        // 0xC2 begins the no-break space in UTF-8.
        escaped += piece.bytes().filter(|byte| matches!(byte, b'&' | 0xC2)).count();
    }
    work.saturating_add(length.saturating_mul(escaped))
}

/// The tags that long texts are made of.
const KEPT: [&str; 16] = [
    "p",
    "br",
    "a",
    "b",
    "i",
    "em",
    "strong",
    "li",
    "ul",
    "div",
    "span",
    "td",
    "tr",
    "h2",
    "h3",
    "blockquote",
];

fn closes_itself(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "dd"
            | "dt"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "li"
            | "link"
            | "meta"
            | "option"
            | "p"
            | "param"
            | "rp"
            | "rt"
            | "source"
            | "td"
            | "th"
            | "tr"
            | "track"
            | "wbr"
    )
}
