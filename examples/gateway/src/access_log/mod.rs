//! A line for each request and connection (`--access-log`).

mod json;
mod line;
mod text;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use gateway_dataplane::observe::{LineSink, LineWriter, Observer, Record, StreamRecord};

pub(crate) use self::line::{backend, object};

use self::line::Line;
use crate::cli::LogFormat;
use crate::error::Error;

/// Writes a line for each request and connection, and waits for nobody: what the writer does not keep up with is
/// lost and counted.
pub(crate) struct AccessLog {
    format: LogFormat,
    writer: LineWriter,
}

impl AccessLog {
    /// Opens the log.
    pub(crate) fn open(sink: &LineSink, format: LogFormat) -> Result<Self, Error> {
        let failed = |error| Error::new(format!("--access-log {sink}: {error}"));
        let writer = LineWriter::open(sink).map_err(failed)?;
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
