//! A line for each request and connection (`--access-log`).

mod json;
mod line;
mod text;
mod writer;

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use gateway_dataplane::observe::{Observer, Record, StreamRecord};

pub(crate) use self::line::{backend, object};

use self::line::Line;
use self::writer::Writer;
use crate::cli::LogFormat;
use crate::error::Error;

/// Where the lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sink {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A file, which is made if need be, and made anew when it was renamed or removed.
    File(PathBuf),
}

impl FromStr for Sink {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "" => return Err("expected stdout, stderr or a path".to_owned()),
            "stdout" => Self::Stdout,
            "stderr" => Self::Stderr,
            path => Self::File(path.into()),
        })
    }
}

/// Writes a line for each request and connection, and waits for nobody: what the writer does not keep up with is
/// lost and counted.
pub(crate) struct AccessLog {
    format: LogFormat,
    writer: Writer,
}

impl AccessLog {
    /// Opens the log.
    pub(crate) fn open(sink: &Sink, format: LogFormat) -> Result<Self, Error> {
        let writer = Writer::open(sink).map_err(|error| {
            let name = match sink {
                Sink::Stdout => "stdout".into(),
                Sink::Stderr => "stderr".into(),
                Sink::File(path) => path.display().to_string(),
            };
            Error::new(format!("--access-log {name}: {error}"))
        })?;
        Ok(Self { format, writer })
    }

    /// How many lines were lost.
    pub(crate) fn lost(&self) -> &Arc<AtomicU64> {
        self.writer.lost()
    }

    /// Waits until what was told so far is written, for at most `limit`.
    pub(crate) fn flush(&self, limit: Duration) {
        self.writer.flush(limit);
    }

    fn write(&self, line: &Line<'_>) {
        self.writer.put(match self.format {
            LogFormat::Text => text::render(line),
            LogFormat::Json => json::render(line),
        });
    }
}

impl Observer for AccessLog {
    fn request(&self, record: &Record) {
        self.write(&Line::of_request(record));
    }

    fn stream(&self, record: &StreamRecord) {
        self.write(&Line::of_stream(record));
    }
}
