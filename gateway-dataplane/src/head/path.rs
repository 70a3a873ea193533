//! Paths: what is not allowed in them, and dot segments.

use gateway_resolve::ir::unescape_unreserved;

use super::HeadError;

/// What the characters of a path tell, taken together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Characters(u8);

impl Characters {
    /// Is there none that [`canonical`] would look at?
    pub(super) fn is_canonical(self) -> bool {
        self.0 == 0
    }
}

/// Refuses what no target may hold (RFC 3986 section 3.3), but for some characters that are sent in practice
/// and read in one way by all.
pub(super) fn check_characters(path: &str, query: &str) -> Result<Characters, HeadError> {
    let path = path
        .bytes()
        .fold(0, |all, byte| all | IN_PATHS[usize::from(byte)]);
    let query = query
        .bytes()
        .fold(0, |all, byte| all | IN_QUERIES[usize::from(byte)]);
    match (path | query) & REFUSED {
        0 => Ok(Characters(path)),
        _ => Err(HeadError::TargetForm),
    }
}

/// What no target may hold.
const REFUSED: u8 = 1;
/// What [`canonical`] looks at: escapes, dots, and what it refuses itself.
const LOOKED_AT: u8 = 2;

const IN_PATHS: [u8; 256] = {
    let mut classes = refused(b" #<>?`");
    let mut byte = 0;
    while byte < 256 {
        if is_forbidden(byte as u8) || matches!(byte as u8, b'%' | b'.') {
            classes[byte] |= LOOKED_AT;
        }
        byte += 1;
    }
    classes
};
const IN_QUERIES: [u8; 256] = refused(b" #\"<>");

const fn refused(refused: &[u8]) -> [u8; 256] {
    let mut classes = [0; 256];
    let mut at = 0;
    while at < refused.len() {
        classes[refused[at] as usize] = REFUSED;
        at += 1;
    }
    classes
}

/// The path in its canonical form, without `.` and `..` segments and without unreserved characters that are
/// percent-encoded (RFC 3986 sections 5.2.4 and 6.2.2.2); `None` when it has it already. `path` starts with a slash.
pub(super) fn canonical(path: &str) -> Result<Option<String>, HeadError> {
    if path
        .bytes()
        .fold(false, |found, byte| found | is_forbidden(byte))
    {
        return Err(HeadError::PathCharacter);
    }
    if !path.contains('%') {
        return Ok(match path.contains("/.") {
            true => remove_dots(path),
            false => None,
        });
    }
    if path.contains("%00") {
        return Err(HeadError::PathCharacter);
    }
    let plain = unescape_unreserved(path);
    if plain.is_some() && !has_whole_escapes(path) {
        return Err(HeadError::PathCharacter);
    }
    let dots = remove_dots(plain.as_deref().unwrap_or(path));
    Ok(dots.or(plain))
}

/// Do two hexadecimal digits follow each `%`? What is written plainly behind one that lacks them could make an
/// escape that was not there, and that a backend would decode.
fn has_whole_escapes(path: &str) -> bool {
    let mut escapes = path.as_bytes().split(|byte| *byte == b'%').skip(1);
    escapes.all(|rest| matches!(rest, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()))
}

const fn is_forbidden(byte: u8) -> bool {
    byte < b' ' || byte == 0x7f || byte == b'\\'
}

pub(super) fn remove_dots(path: &str) -> Option<String> {
    let segments = || path.split('/').skip(1);
    if !segments().any(|segment| dots(segment) > 0) {
        return None;
    }
    let mut kept = vec![""];
    let mut open = false;
    for segment in segments() {
        let dots = dots(segment);
        open = dots > 0;
        match dots {
            0 => kept.push(segment),
            2 if kept.len() > 1 => drop(kept.pop()),
            _ => {}
        }
    }
    // What ended in a dot segment names a directory.
    if open {
        kept.push("");
    }
    Some(kept.join("/"))
}

/// 1 for `.`, 2 for `..`; 0 for any other segment.
fn dots(segment: &str) -> usize {
    match segment {
        "." => 1,
        ".." => 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::HeadError;
    use super::canonical;

    #[test]
    fn dot_segments_are_removed_however_they_are_spelled() {
        let rows = [
            ("/a/b/c/./../../g", "/a/g"),
            ("/.", "/"),
            ("/..", "/"),
            ("/../../x", "/x"),
            ("/a/..", "/"),
            ("/a/.", "/a/"),
            ("/a/b/..", "/a/"),
            ("/a/./b", "/a/b"),
            ("/a//../b", "/a/b"),
            ("/a/%2e%2E/b", "/b"),
            ("/a/.%2e/b", "/b"),
            ("/a/%2E./b", "/b"),
            ("/a/%2e/b", "/a/b"),
            ("/a/../b%20c/", "/b%20c/"),
        ];
        for (path, want) in rows {
            assert_eq!(canonical(path), Ok(Some(want.into())), "{path}");
        }
    }

    /// RFC 3986 section 6.2.2.2.
    #[test]
    fn unreserved_characters_are_written_plainly() {
        let rows = [
            ("/%61dmin/%7Ex", "/admin/~x"),
            ("/%41%5a%30%2D%5F", "/AZ0-_"),
            ("/%2e%2e%2e", "/..."),
            ("/%2ehidden", "/.hidden"),
            ("/adm%69n%2Fx", "/admin%2Fx"),
            ("/%2561", "/%2561"),
            ("/x/%2e%2E/%61", "/a"),
        ];
        for (path, want) in rows {
            let got = canonical(path).unwrap();
            assert_eq!(got.as_deref().unwrap_or(path), want, "{path}");
        }
    }

    /// Otherwise the matcher would see another path than a backend, which decodes once.
    #[test]
    fn no_escape_is_made_by_writing_another_plainly() {
        for path in ["/%%361", "/%3%361", "/%%3%3%361", "/%61/100%", "/%zz%61"] {
            assert_eq!(canonical(path), Err(HeadError::PathCharacter), "{path}");
        }
    }

    #[test]
    fn other_paths_are_left_alone() {
        for path in [
            "/",
            "/a.b/c",
            "/...",
            "/.hidden/..x/x..",
            "/a%2fb",
            "//a//",
            "/a%5c..",
            "/a%2Fb%20c",
            "/%zz%4",
            "/ü",
        ] {
            assert_eq!(canonical(path), Ok(None), "{path}");
        }
    }

    #[test]
    fn control_characters_and_backslashes_are_refused() {
        for path in ["/a\0", "/a\tb", "/a\x7f", "/a\\b", "/\\..\\x", "/a%00"] {
            assert_eq!(canonical(path), Err(HeadError::PathCharacter), "{path:?}");
        }
    }
}
