//! Searching for values in every form in which they may be written down.

use std::path::Path;

use base64::{Engine, prelude::BASE64_STANDARD};

/// Fails when one of `values` is in `bytes` in any form.
#[track_caller]
pub fn holds_none(place: &str, bytes: &[u8], values: &[&str]) {
    for value in values {
        for (form, needle) in forms(value) {
            assert!(!contains(bytes, &needle), "{place} holds {value:?} as {form}");
        }
    }
}

/// Base64 of a value inside other bytes depends on where it begins: three forms, each without the ends that
/// its neighbours decide.
pub fn forms(value: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = value.as_bytes();
    let mut forms = vec![
        ("text", bytes.to_vec()),
        ("hex", hex::encode(bytes).into_bytes()),
        ("UTF-16", value.encode_utf16().flat_map(u16::to_le_bytes).collect()),
    ];
    for skip in 0..3 {
        let shifted = BASE64_STANDARD.encode([&vec![0; skip][..], bytes].concat());
        let from = if skip == 0 { 0 } else { 4 };
        forms.push(("base64", shifted.as_bytes()[from..shifted.len() - 4].to_vec()));
    }
    forms
}

pub fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    let first = needle[0];
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == first) {
        let at = from + at;
        if bytes[at..].starts_with(needle) {
            return true;
        }
        from = at + 1;
    }
    false
}

/// Every file below a folder.
pub fn everything(folder: &Path) -> impl Iterator<Item = (String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files.into_iter().map(|file| (file.display().to_string(), std::fs::read(&file).unwrap()))
}
