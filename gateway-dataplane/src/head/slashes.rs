//! Slashes in paths: escaped, and several in a row.

use super::path::remove_dots;

/// What servers take for slashes.
const ESCAPED: [&str; 4] = ["%2F", "%2f", "%5C", "%5c"];

/// Is there one that is escaped?
pub(crate) fn has_escaped(path: &str) -> bool {
    path.contains('%') && ESCAPED.iter().any(|escaped| path.contains(escaped))
}

/// The path with plain ones.
pub(crate) fn unescaped(path: &str) -> String {
    let plain = |path: String, escaped: &&str| path.replace(escaped, "/");
    ESCAPED.iter().fold(path.to_owned(), plain)
}

/// The path with one in place of several.
pub(crate) fn single(path: &str) -> String {
    let mut last = ' ';
    let mut single = path.to_owned();
    single.retain(|next| std::mem::replace(&mut last, next) != '/' || next != '/');
    single
}

/// The path without dot segments, which there may be once slashes are plain.
pub(crate) fn without_dots(path: String) -> String {
    remove_dots(&path).unwrap_or(path)
}
