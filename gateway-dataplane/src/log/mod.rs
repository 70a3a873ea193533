//! Logs that a listener asks for: what became of its requests, or of the connections that it passes on.
//!
//! A line is made by the worker when a request is over, and handed to a thread that writes it. Logs of one file
//! share a thread, whichever listeners have them.

mod filter;
mod flags;
mod json;
mod operator;
mod subject;
mod whole;

pub(crate) use subject::{Kept, LogSubject, Outcome};
pub(crate) use whole::LoggedConnection;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use gateway_resolve::ir::{AccessLog, LogFormat, Piece};

use self::operator::Value;
use crate::observe::{LineSink, LineWriter};

/// The logs of a listener.
pub(crate) struct Logs(Vec<(AccessLog, Arc<LogFile>)>);

impl PartialEq for Logs {
    fn eq(&self, other: &Self) -> bool {
        let specs = |logs: &Self| {
            logs.0
                .iter()
                .map(|(spec, _)| spec.clone())
                .collect::<Vec<_>>()
        };
        specs(self) == specs(other)
    }
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Logs({})", self.0.len())
    }
}

impl Logs {
    /// The logs that these ask for; `None`: there is nowhere to write.
    pub(crate) fn open(logs: &[AccessLog]) -> Option<Arc<Self>> {
        let open = |spec: &AccessLog| Some((spec.clone(), file(&spec.path)?));
        let open: Vec<_> = logs.iter().filter_map(open).collect();
        (!open.is_empty()).then(|| Arc::new(Self(open)))
    }

    /// Writes down what is over.
    pub(crate) fn write(&self, subject: &LogSubject<'_>) {
        for (log, file) in &self.0 {
            if log
                .filter
                .as_ref()
                .is_none_or(|filter| filter::takes(filter, subject))
            {
                file.put(line(&log.format, subject));
            }
        }
    }
}

/// What logs of one path share. It is opened when there is something to write, so that tables are compiled
/// without it.
struct LogFile {
    sink: LineSink,
    writer: OnceLock<Option<LineWriter>>,
}

impl LogFile {
    fn put(&self, line: Vec<u8>) {
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

fn file(path: &str) -> Option<Arc<LogFile>> {
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

fn line(format: &LogFormat, subject: &LogSubject<'_>) -> Vec<u8> {
    let mut line = Vec::with_capacity(256);
    match format {
        LogFormat::Text(format) => {
            for piece in format.pieces() {
                match piece {
                    Piece::Text(text) => line.extend_from_slice(text.as_bytes()),
                    Piece::Value { operator, limit } => {
                        put(&mut line, operator::value(operator, subject), *limit);
                    }
                }
            }
        }
        LogFormat::Json(value) => {
            json::put(&mut line, value, subject);
            line.push(b'\n');
        }
    }
    line
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
fn shortened(text: &str, limit: Option<usize>) -> &str {
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
