//! Errors for whoever typed the command.

use std::fmt;

use crate::output;
use crate::table::{BAD, HEADING};

/// Why a command could not do its work, and what to do about it.
#[derive(Debug)]
pub(crate) struct Error {
    what: String,
    next: Option<String>,
}

impl Error {
    /// An error without advice.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            next: None,
        }
    }

    /// The same with what to do next.
    pub(crate) fn next(self, next: impl Into<String>) -> Self {
        Self {
            next: Some(next.into()),
            ..self
        }
    }

    /// An error that no input should be able to cause.
    pub(crate) fn internal(error: impl fmt::Display) -> Self {
        Self::new(format!("internal error: {error}")).next("please report this")
    }

    /// Prints it on standard error.
    pub(crate) fn print(&self) {
        let Self { what, next } = self;
        output::complain(format_args!("{BAD}error:{BAD:#} {what}"));
        if let Some(next) = next {
            output::complain(format_args!("{HEADING}next:{HEADING:#} {next}"));
        }
    }
}
