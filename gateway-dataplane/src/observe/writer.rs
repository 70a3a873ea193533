//! A thread that writes lines, behind a bounded queue.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Lines that wait to be written; beyond, they are lost.
const WAITING: usize = 4_096;
/// Bytes that are written at once.
const GATHERED: usize = 64 << 10;
/// The shortest time between two complaints.
const PAUSE: Duration = Duration::from_secs(10);

/// Where lines go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LineSink {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A file, which is made if need be, and made anew when it was renamed or removed.
    File(PathBuf),
}

impl fmt::Display for LineSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("stdout"),
            Self::Stderr => f.write_str("stderr"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl FromStr for LineSink {
    type Err = String;

    /// `stdout`, `stderr`, or the path of a file.
    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "" => return Err("expected stdout, stderr or a path".to_owned()),
            "stdout" | "/dev/stdout" => Self::Stdout,
            "stderr" | "/dev/stderr" => Self::Stderr,
            path => Self::File(path.into()),
        })
    }
}

/// Hands lines to a thread that writes them, and waits for nobody: what the thread does not keep up with is lost and
/// counted.
#[derive(Debug)]
pub struct LineWriter {
    queue: SyncSender<Message>,
    lost: Arc<AtomicU64>,
}

enum Message {
    Line(Vec<u8>),
    /// Everything before it is to be written.
    Flush(SyncSender<()>),
}

impl LineWriter {
    /// A writer to a sink that can be written to now.
    ///
    /// # Errors
    /// It cannot be opened, or the system gives no thread.
    pub fn open(sink: &LineSink) -> io::Result<Self> {
        let mut out = Out::new(sink);
        out.open()?;
        Self::start(out)
    }

    /// A writer to a sink that is opened when there is something to write, as often as it takes.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn lazy(sink: &LineSink) -> io::Result<Self> {
        Self::start(Out::new(sink))
    }

    fn start(out: Out) -> io::Result<Self> {
        let (queue, messages) = sync_channel(WAITING);
        let lost = Arc::default();
        let thread = Thread {
            out,
            lost: Arc::clone(&lost),
            told: (0, None),
        };
        let named = thread::Builder::new().name("access-log".into());
        named.spawn(move || thread.run(&messages))?;
        Ok(Self { queue, lost })
    }

    /// How many lines were lost.
    pub fn lost(&self) -> &Arc<AtomicU64> {
        &self.lost
    }

    /// Has a line written, with its end. Never waits.
    pub fn put(&self, line: Vec<u8>) {
        if self.queue.try_send(Message::Line(line)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until all lines so far are written, or for `limit`.
    pub fn flush(&self, limit: Duration) {
        let end = Instant::now() + limit;
        let (done, flushed) = sync_channel(1);
        let mut message = Message::Flush(done);
        while let Err(TrySendError::Full(again)) = self.queue.try_send(message) {
            if Instant::now() >= end {
                return;
            }
            message = again;
            thread::sleep(Duration::from_millis(10));
        }
        let _done_or_given_up = flushed.recv_timeout(end.saturating_duration_since(Instant::now()));
    }
}

/// What the thread has.
struct Thread {
    out: Out,
    lost: Arc<AtomicU64>,
    /// How many losses were complained of, and when.
    told: (u64, Option<Instant>),
}

impl Thread {
    fn run(mut self, messages: &Receiver<Message>) {
        let mut batch = Batch::default();
        loop {
            match messages.recv_timeout(PAUSE) {
                Ok(message) => batch.add(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            while batch.bytes.len() < GATHERED
                && batch.flushed.is_empty()
                && let Ok(message) = messages.try_recv()
            {
                batch.add(message);
            }
            self.write(&mut batch);
            self.complain();
        }
    }

    fn write(&mut self, batch: &mut Batch) {
        if !batch.bytes.is_empty()
            && let Err(error) = self.out.write(&batch.bytes)
        {
            let lost = self.lost.fetch_add(batch.lines, Ordering::Relaxed);
            if lost == 0 {
                let log = &self.out.sink;
                tracing::warn!(%log, %error, "the access log cannot be written");
            }
        }
        for done in std::mem::take(batch).flushed {
            let _nobody_waits = done.send(());
        }
    }

    fn complain(&mut self) {
        let (told, at) = self.told;
        let lost = self.lost.load(Ordering::Relaxed);
        if lost > told && at.is_none_or(|at| at.elapsed() >= PAUSE) {
            tracing::warn!(lost, "lines of the access log were lost");
            self.told = (lost, Some(Instant::now()));
        }
    }
}

/// What is written at once.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    lines: u64,
    flushed: Vec<SyncSender<()>>,
}

impl Batch {
    fn add(&mut self, message: Message) {
        match message {
            Message::Line(line) => {
                self.bytes.extend_from_slice(&line);
                self.lines += 1;
            }
            Message::Flush(done) => self.flushed.push(done),
        }
    }
}

struct Out {
    sink: LineSink,
    /// Where the sink is one.
    file: Option<File>,
}

impl Out {
    fn new(sink: &LineSink) -> Self {
        Self {
            sink: sink.clone(),
            file: None,
        }
    }

    fn open(&mut self) -> io::Result<()> {
        if let LineSink::File(path) = &self.sink {
            self.file = Some(append(path)?);
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &self.sink {
            LineSink::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(bytes)?;
                out.flush()
            }
            LineSink::Stderr => io::stderr().lock().write_all(bytes),
            LineSink::File(path) => {
                let kept = self.file.take().filter(|file| !is_moved(path, file));
                let file = kept.map_or_else(|| append(path), Ok)?;
                self.file.insert(file).write_all(bytes)
            }
        }
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// Is another file, or none, at `path` now, as after a rotation?
fn is_moved(path: &Path, file: &File) -> bool {
    let (Ok(open), there) = (file.metadata(), path.metadata()) else {
        return false;
    };
    there.map_or(true, |there| {
        (there.dev(), there.ino()) != (open.dev(), open.ino())
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use super::{LineSink, LineWriter, WAITING};

    const LONG: Duration = Duration::from_secs(60);

    /// Rotation needs no signal.
    #[test]
    fn a_file_that_was_renamed_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (path, old) = (folder.path().join("log"), folder.path().join("log.1"));
        let writer = LineWriter::open(&LineSink::File(path.clone())).unwrap();
        writer.put(b"one\n".to_vec());
        writer.flush(LONG);
        fs::rename(&path, &old).unwrap();
        writer.put(b"two\n".to_vec());
        writer.flush(LONG);
        assert_eq!(fs::read(old).unwrap(), b"one\n");
        assert_eq!(fs::read(path).unwrap(), b"two\n");
    }

    /// A pipe that nobody reads takes 64 KiB.
    #[test]
    fn a_log_that_is_not_read_loses_lines_and_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        // Opened for both, so that neither end waits for the other.
        let _reader = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .unwrap();
        let writer = LineWriter::open(&LineSink::File(path)).unwrap();
        let count = WAITING + 2_000;
        for _ in 0..count {
            writer.put(vec![b'x'; 128]);
        }
        let lost = writer.lost().load(Ordering::Relaxed);
        assert!(lost > 0 && lost < count as u64, "{lost}");
    }
}
