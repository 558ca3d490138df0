//! The files of an item in RSS and Atom: enclosures, Media RSS, iTunes.

use stage_domain::post::{Media, MediaKind};
use url::Url;

use super::draft::{self, Files};
use super::namespace::Ns;
use super::xml::Element;
use crate::markup;

/// Everything but Atom's links, which only Atom's reader can tell from other links.
pub(super) fn of_item(item: &Element, base: &Url) -> Files {
    let mut files = Files::default();
    for child in item.elements() {
        match (child.ns, child.name.as_str()) {
            (Ns::Core, "enclosure") => files.contents.extend(enclosure(child, base)),
            (Ns::Media, "group") => group(child, base, &mut files),
            (Ns::Media, "content") => files.contents.extend(content(child, item, base, &mut files.pictures)),
            (Ns::Media, "thumbnail") => files.pictures.extend(thumbnail(child, base)),
            (Ns::Itunes | Ns::Core, "image") => files.pictures.extend(image(child, base)),
            _ => {}
        }
    }
    if let Some(duration) = item.value(Ns::Itunes, "duration").and_then(|text| duration(&text))
        && let Some(media) = files.contents.iter_mut().find(|media| is_played(media))
    {
        media.duration.get_or_insert(duration);
    }
    files
}

pub(super) fn is_played(media: &Media) -> bool {
    matches!(media.kind, MediaKind::Video | MediaKind::Audio)
}

/// The kind of a file by what is said of it, else by the ending of its address.
pub(super) fn kind(medium: Option<&str>, content_type: Option<&str>, url: &Url) -> MediaKind {
    let medium = medium.map(str::to_ascii_lowercase);
    match medium.as_deref() {
        Some("image") => return MediaKind::Image,
        Some("video") => return MediaKind::Video,
        Some("audio") => return MediaKind::Audio,
        _ => {}
    }
    match content_type.map(|found| found.split_once('/').unwrap_or((found, ""))) {
        Some(("image", _)) => return MediaKind::Image,
        Some(("video", _) | ("application", "x-shockwave-flash" | "vnd.apple.mpegurl" | "x-mpegurl")) => {
            return MediaKind::Video;
        }
        Some(("audio", _) | ("application", "ogg")) => return MediaKind::Audio,
        Some(("application", "octet-stream") | ("", _)) | None => {}
        Some(_) => return MediaKind::Other,
    }
    let ending = url.path().rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref() {
        Some("jpg" | "jpeg" | "png" | "gif" | "webp" | "avif" | "svg") => MediaKind::Image,
        Some("mp4" | "m4v" | "mov" | "webm" | "ogv" | "m3u8") => MediaKind::Video,
        Some("mp3" | "m4a" | "ogg" | "oga" | "opus" | "aac" | "flac" | "wav") => MediaKind::Audio,
        _ => MediaKind::Other,
    }
}

/// A media type without its parameters, in lower case.
pub(super) fn content_type(value: &str) -> Option<String> {
    let essence = value.split(';').next()?.trim().to_ascii_lowercase();
    let legal = |c: u8| c.is_ascii_alphanumeric() || b"/.+-_!#$&^".contains(&c);
    (essence.split('/').count() == 2 && essence.len() <= 127 && essence.bytes().all(legal)).then_some(essence)
}

/// Seconds, from "3723", "62:03" or "1:02:03".
pub(super) fn duration(text: &str) -> Option<u32> {
    let mut seconds = 0_u32;
    for (at, part) in text.trim().split(':').enumerate() {
        let whole = part.split('.').next()?;
        if at > 2 {
            return None;
        }
        seconds = seconds.checked_mul(60)?.checked_add(whole.trim().parse().ok()?)?;
    }
    (seconds > 0).then_some(seconds)
}

fn enclosure(element: &Element, base: &Url) -> Option<Media> {
    let url = draft::resolve(base, element.attribute("url").or(element.attribute("rdf:resource"))?)?;
    let content_type = element.attribute("type").and_then(content_type);
    let media = draft::media(kind(None, content_type.as_deref(), &url), url);
    Some(Media { content_type, bytes: count(element, "length"), ..media })
}

/// One work in several forms: the one that its publisher prefers, with the group's picture.
fn group(group: &Element, base: &Url, files: &mut Files) {
    let mut pictures: Vec<Media> =
        group.all(Ns::Media, "thumbnail").filter_map(|child| thumbnail(child, base)).collect();
    let forms: Vec<&Element> = group.all(Ns::Media, "content").collect();
    let preferred = forms.iter().position(|form| form.attribute("isdefault") == Some("true")).unwrap_or(0);
    if let Some(form) = forms.get(preferred)
        && let Some(mut media) = content(form, group, base, &mut pictures)
    {
        if is_played(&media) && media.preview.is_none() {
            media.preview = largest(&pictures).map(|picture| picture.url.clone());
        }
        files.contents.push(media);
    }
    files.pictures.append(&mut pictures);
}

/// `around` is the group or the item, which may describe what the content itself does not.
fn content(element: &Element, around: &Element, base: &Url, pictures: &mut Vec<Media>) -> Option<Media> {
    let own: Vec<Media> =
        element.all(Ns::Media, "thumbnail").filter_map(|child| thumbnail(child, base)).collect();
    let preview = largest(&own).map(|picture| picture.url.clone());
    let player = || element.first(Ns::Media, "player")?.attribute("url");
    let url = element.attribute("url").or_else(player).and_then(|address| draft::resolve(base, address));
    let url = url.filter(|url| !is_avatar(url));
    let Some(url) = url else {
        pictures.extend(own);
        return None;
    };
    let content_type = element.attribute("type").and_then(content_type);
    let mut kind = kind(element.attribute("medium"), content_type.as_deref(), &url);
    if kind == MediaKind::Other && element.first(Ns::Media, "player").is_some() {
        kind = MediaKind::Video;
    }
    // Of a title next to several contents nobody knows which one it describes.
    let shared = || around.all(Ns::Media, "content").nth(1).is_none().then(|| described(around)).flatten();
    let alt = described(element).or_else(|| (kind == MediaKind::Image).then(shared).flatten());
    Some(Media {
        content_type,
        alt,
        width: count(element, "width"),
        height: count(element, "height"),
        preview: preview.filter(|_| kind != MediaKind::Image),
        duration: element.attribute("duration").and_then(duration),
        bytes: count(element, "filesize"),
        ..draft::media(kind, url)
    })
}

/// In the words of whoever published it: the description, else the title.
fn described(element: &Element) -> Option<String> {
    let value = |name| element.value(Ns::Media, name).map(|text| markup::title(&text));
    value("description").or_else(|| value("title")).filter(|text| !text.is_empty())
}

fn thumbnail(element: &Element, base: &Url) -> Option<Media> {
    let url = draft::resolve(base, element.attribute("url")?).filter(|url| !is_avatar(url))?;
    let media = draft::media(MediaKind::Image, url);
    Some(Media { width: count(element, "width"), height: count(element, "height"), ..media })
}

/// `<itunes:image href>`, or `<image>` in an item with the address in one of many places.
fn image(element: &Element, base: &Url) -> Option<Media> {
    let plain = || element.elements().next().is_none().then(|| element.text());
    let inner = element.value(Ns::Core, "url").or_else(plain);
    let address = element.attribute("href").or(element.attribute("url")).map(str::to_owned).or(inner)?;
    let url = draft::resolve(base, &address)?;
    Some(draft::media(MediaKind::Image, url))
}

/// The widest; of several without a width the first.
pub(super) fn largest(pictures: &[Media]) -> Option<&Media> {
    pictures.iter().rev().max_by_key(|picture| picture.width.unwrap_or(0))
}

/// WordPress names the author's avatar as a picture of every post.
fn is_avatar(url: &Url) -> bool {
    url.host_str().is_some_and(|host| host.ends_with("gravatar.com")) && url.path().starts_with("/avatar")
}

/// A positive number; "0" and "100%" say nothing.
fn count<N: TryFrom<u64>>(element: &Element, name: &str) -> Option<N> {
    let value = element.attribute(name)?.trim_end_matches("px");
    let value: u64 = value.split('.').next()?.parse().ok()?;
    if value == 0 { None } else { N::try_from(value).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_seconds_whatever_its_form() {
        assert_eq!(duration("3723"), Some(3723));
        assert_eq!(duration("62:03"), Some(3723));
        assert_eq!(duration(" 01:02:03.5 "), Some(3723));
        for wrong in ["", "0", "1:2:3:4", "long", "99999999999999999999", "-5"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_media_type_has_no_parameters() {
        assert_eq!(content_type("Audio/MPEG; codecs=x").as_deref(), Some("audio/mpeg"));
        assert_eq!(content_type("mp3"), None);
        assert_eq!(content_type("a/b/c"), None);
        assert_eq!(content_type("a/<b>"), None);
    }
}
