//! Tables that name what proves each of their rows.

use std::path::{Path, PathBuf};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The rows of the tables of a section, without headings, cell by cell.
pub(crate) fn rows(section: &str) -> impl Iterator<Item = Vec<String>> {
    let is_heading = |line: &str, next: Option<&str>| {
        line.starts_with("|-") || next.is_some_and(|next| next.starts_with("|-"))
    };
    let lines: Vec<_> = section.lines().collect();
    let rows = (0..lines.len()).filter(move |at| {
        let line = lines[*at];
        line.starts_with('|') && !is_heading(line, lines.get(at + 1).copied())
    });
    let cells = |line: &str| {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    };
    let rows: Vec<Vec<String>> = rows
        .map(|at| cells(section.lines().nth(at).unwrap()))
        .collect();
    rows.into_iter()
}

/// What stands between backticks.
pub(crate) fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Holds that what is named as a proof is there: files with the test that follows them, and golden cases.
pub(crate) fn exists(row: &str, proven: &str) {
    let mut file: Option<String> = None;
    for name in quoted(proven) {
        let is_file = [".rs", ".go"].iter().any(|ending| name.ends_with(ending));
        match (&file, is_file) {
            (None, true) => {
                let text = std::fs::read_to_string(root().join(name));
                file = Some(text.unwrap_or_else(|error| panic!("{row}: {name}: {error}")));
            }
            (Some(text), false) => {
                let written = ["fn", "func"].map(|word| format!("{word} {name}("));
                let is_there = written.iter().any(|test| text.contains(test));
                assert!(is_there, "{row}: {name}");
                file = None;
            }
            (None, false) => {
                let case = root().join("gateway-resolve/tests/golden").join(name);
                assert!(case.is_dir(), "{row}: {name}");
            }
            (Some(_), true) => panic!("{row}: a file without a test before {name}"),
        }
    }
    assert!(file.is_none(), "{row}: a file without a test");
}
