//! Where one document of a file ends and the next begins.

/// A part of a file that is parsed on its own.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chunk<'a> {
    /// The text, from its `---` on.
    pub(super) text: &'a str,
    /// How many lines come before it.
    pub(super) lines_before: u32,
}

/// Splits a file at the lines that start with `---`. No YAML construct may hold such a line, so
/// a document that isn't closed can't swallow the ones behind it. Directives stay with their
/// document.
pub(super) fn split(text: &str) -> Vec<Chunk<'_>> {
    let mut chunks = Vec::new();
    let (mut start, mut first_line) = (0, 0);
    let (mut offset, mut only_directives) = (0, true);
    for (number, line) in (0..).zip(text.split_inclusive('\n')) {
        if is_separator(line) && !only_directives {
            chunks.push(Chunk {
                text: &text[start..offset],
                lines_before: first_line,
            });
            (start, first_line) = (offset, number);
        }
        only_directives &= is_directive(line);
        offset += line.len();
    }
    chunks.push(Chunk {
        text: &text[start..],
        lines_before: first_line,
    });
    chunks
}

fn is_separator(line: &str) -> bool {
    line.strip_prefix("---")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// May the line come before a document's `---` and belong to it?
fn is_directive(line: &str) -> bool {
    line.starts_with(['%', '#']) || line.trim().is_empty()
}
