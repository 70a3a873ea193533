//! Inside the workspace an enum of the IR is matched exhaustively: the compiler names every place that has to know a
//! new variant, and none of them goes on without it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The code that may know of the IR, tests aside.
const CODE: [&str; 4] = [
    "gateway-resolve/src",
    "gateway-dataplane/src",
    "examples/gateway/src",
    "examples/embed/examples",
];

/// Files that match enums of other crates and modules whose names the IR has as well.
const OTHERS: [&str; 3] = [
    "gateway-resolve/src/k8s_gateway/options/connection_manager.rs",
    "gateway-resolve/src/route/matches.rs",
    "gateway-dataplane/src/codec/h1/decode.rs",
];

#[test]
fn enums_of_the_ir_are_matched_exhaustively() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let enums = enums(&root.join("gateway-resolve/src/ir"));
    assert!(enums.contains("Action") && enums.contains("Filter"));
    let mut found = Vec::new();
    for file in CODE.iter().flat_map(|folder| sources(&root.join(folder))) {
        let name = file.strip_prefix(root).unwrap().display().to_string();
        let is_ir = name.starts_with("gateway-resolve/src/ir/");
        let is_own = |owner: &str| enums.contains(owner) || (is_ir && owner == "Self");
        let wild = wildcards(&code(&file), is_own);
        if !OTHERS.contains(&name.as_str()) {
            found.extend(wild.iter().map(|line| format!("{name}:{line}")));
        }
    }
    assert_eq!(found, [""; 0], "matches of enums of the IR with a wildcard");
}

#[test]
fn a_wildcard_beside_variants_is_found() {
    let found = |text: &str| wildcards(text, |owner| owner == "Action");
    let rows = [
        ("match a { Action::Fail(x) => x, _ => y }", 1),
        ("match a { ir::Action::Fail(x) => { x } other => y, }", 1),
        ("match (a, b) { (Action::Fail(x), _) => x, (_, _) => y }", 1),
        (
            "match a { Action::Fail(x) => x, Action::Forward(_) => y }",
            0,
        ),
        ("match a { Other::Fail(x) => x, _ => y }", 0),
        (
            "match f(|| { 1 }) { A => match b { Action::X => 1, _ => 2 }, _ => 3 }",
            1,
        ),
        (
            "match a { Action::X if b => 1, Action::X | Action::Y => 2 }",
            0,
        ),
    ];
    for (text, count) in rows {
        assert_eq!(found(text).len(), count, "{text}");
    }
}

/// The public enums below a folder, each of which others may match exhaustively.
fn enums(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in sources(folder) {
        let text = code(&file);
        for (at, _) in text.match_indices("pub enum ") {
            let name = word(&text[at + "pub enum ".len()..]).to_owned();
            let before = text[..at]
                .trim_end()
                .lines()
                .next_back()
                .unwrap_or_default();
            assert!(
                !before.contains("non_exhaustive"),
                "{name} is non_exhaustive"
            );
            names.insert(name);
        }
    }
    names
}

/// The Rust files below a folder, those of tests aside.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            files.extend(sources(&path));
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The code of a file as far as its own tests, with comments and texts left blank.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = skipped(rest).max(usize::from(first == '\\'));
        if skipped == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (blank, after) = rest.split_at(skipped);
        code.extend(blank.chars().filter(|c| *c == '\n'));
        rest = after;
    }
    code
}

/// How long a comment, text or character is that `rest` begins with.
fn skipped(rest: &str) -> usize {
    let to = |end: &str, from: usize| {
        let found = rest[from..].find(end);
        found.map_or(rest.len(), |at| from + at + end.len())
    };
    if rest.starts_with("//") {
        return to("\n", 0) - 1;
    }
    if rest.starts_with("r#\"") {
        return to("\"#", 3);
    }
    let mut chars = rest.char_indices();
    match chars.next() {
        Some((_, '"')) => {
            let mut escaped = false;
            let end = chars.find(|(_, c)| {
                let is_end = *c == '"' && !escaped;
                escaped = *c == '\\' && !escaped;
                is_end
            });
            end.map_or(rest.len(), |(at, _)| at + 1)
        }
        Some((_, '\'')) if rest[1..].starts_with('\\') => to("'", 3),
        Some((_, '\'')) => match chars.nth(1) {
            Some((at, '\'')) => at + 1,
            _ => 0,
        },
        _ => 0,
    }
}

/// The lines of matches that name variants of such enums, and take all others together.
fn wildcards(code: &str, is_own: impl Fn(&str) -> bool) -> Vec<usize> {
    let mut lines = Vec::new();
    for (at, keyword) in code.match_indices("match ") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let subject = &code[at + keyword.len()..];
        let Some(open) = end(subject, |c| c == '{') else {
            continue;
        };
        let patterns = patterns(&subject[open + 1..]);
        let names = |pattern: &&str| owners(pattern).any(&is_own);
        if patterns.iter().any(names) && patterns.iter().any(|one| takes_all(one)) {
            lines.push(code[..at].lines().count());
        }
    }
    lines
}

/// Where `text` has such a character outside of brackets, or closes one that it has not opened.
fn end(text: &str, is_end: impl Fn(char) -> bool) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        if depth == 0 && (is_end(c) || matches!(c, ')' | ']' | '}')) {
            return Some(at);
        }
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The patterns of a match, of which `body` begins with the first.
fn patterns(mut body: &str) -> Vec<&str> {
    let mut patterns = Vec::new();
    loop {
        body = body.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        if body.starts_with("#[") {
            let close = end(&body[2..], |_| false).unwrap_or(0);
            body = &body[close + 3..];
            continue;
        }
        let Some(arrow) = body.find("=>").filter(|_| !body.starts_with('}')) else {
            return patterns;
        };
        patterns.push(body[..arrow].trim());
        body = body[arrow + 2..].trim_start();
        let from = usize::from(body.starts_with('{'));
        let length = match from {
            1 => end(&body[1..], |_| false).map(|close| close + 2),
            _ => end(body, |c| c == ','),
        };
        let Some(length) = length else {
            return patterns;
        };
        body = &body[length..];
    }
}

/// What stands before `::` in a pattern, without its guard.
fn owners(pattern: &str) -> impl Iterator<Item = &str> {
    let pattern = pattern.split(" if ").next().unwrap_or_default();
    pattern.match_indices("::").map(|(at, _)| {
        let before = &pattern[..at];
        let start = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_'));
        &before[start.map_or(0, |start| start + 1)..]
    })
}

/// Does a pattern take whatever there is?
fn takes_all(pattern: &str) -> bool {
    let inner = pattern
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'));
    match inner {
        Some(parts) => parts.split(',').all(|part| takes_all(part.trim())),
        None => {
            pattern == "_"
                || (word(pattern) == pattern && pattern.starts_with(|c: char| c.is_lowercase()))
        }
    }
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_'));
    &text[..end.unwrap_or(text.len())]
}
