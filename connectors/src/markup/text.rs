use scraper::{Html, Node};
use url::Url;

use super::fold;
use super::sanitize::prefix;

/// Of a raw title, in bytes. More would only keep the parser busy.
const MAX_TITLE: usize = 10_000;

/// A picture that HTML shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) url: Url,
    pub(crate) alt: Option<String>,
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
}

/// HTML without its markup: a line for each block, whitespace folded, no empty lines. Also plain text comes out
/// well.
pub(crate) fn plain(html: &str) -> String {
    let tree = Html::parse_fragment(html);
    let mut text = String::with_capacity(html.len() / 2);
    let mut hidden = 0_usize;
    walk(&tree, |node, opens| match node {
        Node::Text(piece) if opens && hidden == 0 => text.push_str(&folded_breaks(piece)),
        Node::Element(element) => match element.name() {
            "script" | "style" | "template" | "title" | "iframe" | "noembed" | "noframes" => {
                hidden = if opens { hidden + 1 } else { hidden.saturating_sub(1) };
            }
            "td" | "th" => text.push(' '),
            name if is_block(name) => text.push('\n'),
            _ => {}
        },
        _ => {}
    });
    let lines: Vec<String> = text.split('\n').map(fold).filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

/// A title that ought to be plain text but is written with markup or character references by many. What looks
/// like a tag but is none of HTML's ("Vec<T>") stays.
pub(crate) fn title(raw: &str) -> String {
    let raw = prefix(raw, MAX_TITLE);
    let text = match (has_tag(raw), raw.contains('&')) {
        (true, _) => plain(raw),
        (false, true) => plain(&raw.replace('<', "&lt;")),
        (false, false) => return fold(raw),
    };
    fold(&text)
}

/// A title that is HTML, in one line.
pub(crate) fn html_title(html: &str) -> String {
    fold(&plain(prefix(html, MAX_TITLE)))
}

/// The pictures of safe HTML, in its order.
pub(crate) fn images(html: &str) -> Vec<Image> {
    if !html.contains("<img") {
        return vec![];
    }
    let tree = Html::parse_fragment(html);
    let mut images = vec![];
    for node in tree.root_element().descendants() {
        let Some(element) = node.value().as_element().filter(|element| element.name() == "img") else {
            continue;
        };
        let Some(url) = element.attr("src").and_then(|src| Url::parse(src).ok()) else { continue };
        let size = |name| element.attr(name).and_then(|v: &str| v.trim().trim_end_matches("px").parse().ok());
        let alt = element.attr("alt").map(fold).filter(|alt| !alt.is_empty());
        images.push(Image { url, alt, width: size("width"), height: size("height") });
    }
    images
}

/// Everything between tags, for markup that we don't dare to parse.
pub(super) fn without_tags(html: &str) -> String {
    let mut text = String::new();
    for (number, piece) in html.split('<').enumerate() {
        let kept = if number == 0 { piece } else { piece.split_once('>').map_or("", |(_, text)| text) };
        if !kept.trim().is_empty() {
            text.push_str(kept);
            text.push(' ');
        }
    }
    plain(&text.replace('<', "&lt;"))
}

/// Visits each node when it opens (`true`) and when it closes, without recursion: a tree may be deep.
fn walk(tree: &Html, mut visit: impl FnMut(&Node, bool)) {
    let root = tree.root_element();
    let mut node = *root;
    loop {
        visit(node.value(), true);
        if let Some(child) = node.first_child() {
            node = child;
            continue;
        }
        loop {
            visit(node.value(), false);
            if node.id() == root.id() {
                return;
            }
            if let Some(sibling) = node.next_sibling() {
                node = sibling;
                break;
            }
            match node.parent() {
                Some(parent) => node = parent,
                None => return,
            }
        }
    }
}

/// Breaks within a text node are mere whitespace.
fn folded_breaks(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "br"
            | "caption"
            | "center"
            | "dd"
            | "details"
            | "div"
            | "dl"
            | "dt"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hgroup"
            | "hr"
            | "li"
            | "main"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "summary"
            | "table"
            | "tbody"
            | "tfoot"
            | "thead"
            | "tr"
            | "ul"
    )
}

/// Whether the text holds a tag that people put into titles.
fn has_tag(text: &str) -> bool {
    text.split('<').skip(1).any(|piece| {
        let piece = piece.strip_prefix('/').unwrap_or(piece);
        let end = piece.bytes().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(piece.len());
        let closed = piece[end..].starts_with([' ', '>', '/']);
        closed
            && matches!(
                piece[..end].to_ascii_lowercase().as_str(),
                "a" | "abbr"
                    | "b"
                    | "big"
                    | "blink"
                    | "br"
                    | "cite"
                    | "code"
                    | "del"
                    | "div"
                    | "em"
                    | "font"
                    | "h1"
                    | "h2"
                    | "h3"
                    | "h4"
                    | "i"
                    | "img"
                    | "ins"
                    | "kbd"
                    | "mark"
                    | "p"
                    | "q"
                    | "s"
                    | "script"
                    | "small"
                    | "span"
                    | "strike"
                    | "strong"
                    | "style"
                    | "sub"
                    | "sup"
                    | "tt"
                    | "u"
                    | "wbr"
            )
    })
}
