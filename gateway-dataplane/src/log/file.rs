//! Logs in files. Those of one file share a thread that writes it, whichever listeners have them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use gateway_resolve::ir::{Format, LogFormat, Piece};

use super::operator::{self, Value};
use super::{LogSubject, json};
use crate::observe::{LineSink, LineWriter};

/// What logs of one path share. It is opened when there is something to write, so that tables are compiled
/// without it.
pub(super) struct LogFile {
    sink: LineSink,
    writer: OnceLock<Option<LineWriter>>,
}

impl LogFile {
    pub(super) fn put(&self, line: Vec<u8>) {
        let writer = self.writer.get_or_init(|| {
            let log = &self.sink;
            let failed =
                |error: &_| tracing::error!(%log, %error, "an access log cannot be written");
            LineWriter::lazy(log).inspect_err(failed).ok()
        });
        if let Some(writer) = writer {
            writer.put(line);
        }
    }

    fn flush(&self, limit: Duration) {
        if let Some(Some(writer)) = self.writer.get() {
            writer.flush(limit);
        }
    }
}

/// The files that there are, by path. They go with the last listener that writes to them.
static FILES: Mutex<Option<HashMap<Box<str>, Weak<LogFile>>>> = Mutex::new(None);

pub(super) fn file(path: &str) -> Option<Arc<LogFile>> {
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    let files = files.get_or_insert_default();
    files.retain(|_, file| file.strong_count() > 0);
    if let Some(known) = files.get(path).and_then(Weak::upgrade) {
        return Some(known);
    }
    let file = Arc::new(LogFile {
        sink: path.parse().ok()?,
        writer: OnceLock::new(),
    });
    files.insert(path.into(), Arc::downgrade(&file));
    Some(file)
}

/// Waits until what was told so far is written, for at most `limit` each.
pub(crate) fn flush(limit: Duration) {
    let files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    let open = files.iter().flatten();
    let open: Vec<_> = open.filter_map(|(_, file)| file.upgrade()).collect();
    drop(files);
    open.iter().for_each(|file| file.flush(limit));
}

/// What is added to a file.
pub(super) fn line(format: &LogFormat, subject: &LogSubject<'_>) -> Vec<u8> {
    let mut line = Vec::with_capacity(256);
    match format {
        LogFormat::Text(format) => put_text(&mut line, format, subject),
        LogFormat::Json(value) => {
            json::put(&mut line, value, subject);
            line.push(b'\n');
        }
    }
    line
}

/// What a format comes to.
pub(super) fn text(format: &Format, subject: &LogSubject<'_>) -> String {
    let mut text = Vec::new();
    put_text(&mut text, format, subject);
    String::from_utf8_lossy(&text).into_owned()
}

fn put_text(line: &mut Vec<u8>, format: &Format, subject: &LogSubject<'_>) {
    for piece in format.pieces() {
        match piece {
            Piece::Text(text) => line.extend_from_slice(text.as_bytes()),
            Piece::Value { operator, limit } => {
                put(line, operator::value(operator, subject), *limit);
            }
        }
    }
}

/// What there is not is a dash.
fn put(line: &mut Vec<u8>, value: Value, limit: Option<usize>) {
    let text = match value {
        Value::Text(text) => text,
        Value::Number(number) => number.to_string(),
        Value::Nothing => "-".to_owned(),
    };
    line.extend_from_slice(shortened(&text, limit).as_bytes());
}

/// The first characters of a text.
pub(super) fn shortened(text: &str, limit: Option<usize>) -> &str {
    let end = limit.and_then(|limit| text.char_indices().nth(limit));
    &text[..end.map_or(text.len(), |(end, _)| end)]
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(shortened("a\u{e9}b", Some(2)), "a\u{e9}");
        assert_eq!(shortened("ab", Some(2)), "ab");
        assert_eq!(shortened("ab", Some(0)), "");
        assert_eq!(shortened("ab", None), "ab");
    }
}
