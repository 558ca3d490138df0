use std::borrow::Cow;

/// The text without what neither XML nor PostgreSQL takes: U+0000 and the other controls but tab and line
/// breaks, and the two noncharacters U+FFFE and U+FFFF. A control of the C1 block stands for the character that
/// Windows-1252 has there, as in HTML, because that is what its writer meant.
pub(crate) fn permitted(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| is_forbidden(c) || is_c1(c)) {
        return Cow::Borrowed(text);
    }
    let kept = text.chars().filter(|c| !is_forbidden(*c)).map(|c| if is_c1(c) { windows_1252(c) } else { c });
    // Five places of Windows-1252 are empty.
    Cow::Owned(kept.filter(|c| !is_c1(*c)).collect())
}

fn is_forbidden(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{fffe}' | '\u{ffff}')
}

fn is_c1(c: char) -> bool {
    matches!(c, '\u{80}'..='\u{9f}')
}

fn windows_1252(c: char) -> char {
    let byte = [u8::try_from(u32::from(c)).unwrap_or(b' ')];
    let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&byte);
    text.chars().next().unwrap_or(c)
}

/// One line: permitted characters, whitespace folded into single spaces, and nothing that can't be seen but
/// keeps a word from being found (soft hyphen, zero-width space, byte order mark).
pub(crate) fn fold(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in permitted(text).split_whitespace() {
        if !line.is_empty() && !line.ends_with(' ') {
            line.push(' ');
        }
        line.extend(word.chars().filter(|c| !is_invisible(*c)));
    }
    if line.ends_with(' ') {
        line.pop();
    }
    line
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// At most `max` characters, the last of them an ellipsis where something was cut off.
pub(crate) fn cut(text: String, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text,
        Some(_) => {
            let end = text.char_indices().nth(max.saturating_sub(1)).map_or(0, |(at, _)| at);
            format!("{}…", text[..end].trim_end())
        }
    }
}
