//! Standard output and standard error.

use std::fmt::Display;
use std::io::{self, Write};

use crate::error::Error;

/// Text that is printed at once, when all of it is known.
#[derive(Debug, Default)]
pub(crate) struct Page(String);

impl Page {
    /// Adds a line.
    pub(crate) fn line(&mut self, line: impl Display) {
        self.0 += &format!("{line}\n");
    }

    /// Adds a text that has its own line ends.
    pub(crate) fn text(&mut self, text: &str) {
        self.0 += text;
    }

    /// Is there nothing to print?
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Prints it on standard output, as [`print()`] does.
    pub(crate) fn print(&self) -> Result<(), Error> {
        print(self.0.as_bytes())
    }
}

/// Prints on standard output, with colours only if that is a terminal. A reader that has seen
/// enough (`| head`) is no error.
pub(crate) fn print(bytes: &[u8]) -> Result<(), Error> {
    let mut out = anstream::stdout().lock();
    printed(out.write_all(bytes).and_then(|()| out.flush()))
}

/// The outcome of printing on standard output.
pub(crate) fn printed(outcome: io::Result<()>) -> Result<(), Error> {
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let what = format!("cannot write to standard output: {error}");
            Err(Error::new(what).next("make room, or send the output elsewhere"))
        }
        _ => Ok(()),
    }
}

/// Prints a line on standard error. Where that can't be written to, there is nobody to tell.
pub(crate) fn complain(line: impl Display) {
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}
