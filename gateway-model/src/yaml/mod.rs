//! From text to trees: YAML and, as a part of it, JSON.

mod build;
mod json;
mod limits;
mod merge;
mod scalar;
mod split;

use crate::Code;
use crate::tree::Node;

/// Why a document can't be read.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    /// What is wrong.
    pub(crate) code: Code,
    /// Line, from 1.
    pub(crate) line: u32,
    /// What was expected and found.
    pub(crate) message: String,
}

impl SyntaxError {
    fn new(code: Code, line: u32, message: impl Into<String>) -> Self {
        Self {
            code,
            line,
            message: message.into(),
        }
    }
}

/// What a document holds, or why it can't be read.
pub(crate) type Document = Result<Node, SyntaxError>;

/// Reads all documents of a file. One that can't be read doesn't hide the others.
pub(crate) fn read(bytes: &[u8]) -> Vec<Document> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => return vec![not_utf8(bytes, error.valid_up_to())],
    };
    if text.len() <= limits::MAX_BYTES
        && let Some(values) = json::read(text)
    {
        return values.into_iter().map(Ok).collect();
    }
    split::split(text).iter().flat_map(read_chunk).collect()
}

fn read_chunk(chunk: &split::Chunk<'_>) -> Vec<Document> {
    let line = chunk.lines_before + 1;
    let size = chunk.text.len();
    if size > limits::MAX_BYTES {
        let message = format!(
            "expected a document of at most {} bytes, found {size}",
            limits::MAX_BYTES
        );
        return vec![Err(SyntaxError::new(Code::TooLarge, line, message))];
    }
    let (nodes, error) = build::documents(chunk.text, chunk.lines_before);
    nodes.into_iter().map(Ok).chain(error.map(Err)).collect()
}

fn not_utf8(bytes: &[u8], at: usize) -> Document {
    let lines = bytes[..at].iter().filter(|byte| **byte == b'\n').count();
    let line = u32::try_from(lines + 1).unwrap_or(u32::MAX);
    let message = format!("expected UTF-8, found the byte 0x{:02x}", bytes[at]);
    Err(SyntaxError::new(Code::Syntax, line, message))
}
