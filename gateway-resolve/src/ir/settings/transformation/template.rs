//! Templates in the syntax of Inja (<https://pantor.github.io/inja>).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::inja::translate;

/// A template that is well formed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Template {
    written: Written,
    /// In the syntax of Jinja.
    translated: Box<str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    text: Box<str>,
    /// Are fields of fields written `a/b`, rather than `a.b`?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    slashes: bool,
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct TemplateError {
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            column,
            message,
        } = self;
        write!(f, "line {line}, column {column}: {message}")
    }
}

impl TemplateError {
    /// Something is wrong at byte `at` of `text`.
    pub(super) fn at(text: &str, at: usize, message: impl Into<String>) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message: message.into(),
        }
    }
}

impl Template {
    /// Reads a template. Fields of fields are written `a.b`, or `a/b` with `slashes`.
    ///
    /// # Errors
    /// What is no template, as far as that can be told: without the feature `templates`, expressions are not read.
    pub fn new(text: &str, slashes: bool) -> Result<Self, TemplateError> {
        let (translated, origins) = translate(text, slashes)?;
        #[cfg(feature = "templates")]
        check(text, &translated, &origins)?;
        let _ = origins;
        Ok(Self {
            written: Written {
                text: text.into(),
                slashes,
            },
            translated: translated.into(),
        })
    }

    /// The template as written.
    pub fn as_str(&self) -> &str {
        &self.written.text
    }

    /// The same in the syntax of Jinja. Variables are calls of `var`, or of `optional` where they may be missing, with
    /// their path, segments separated by U+001F; objects that are iterated over are arguments of `items`.
    pub fn translated(&self) -> &str {
        &self.translated
    }
}

/// Has Jinja read it. `origins` are places of the translation, each with that of the text which it stands for.
#[cfg(feature = "templates")]
fn check(text: &str, translated: &str, origins: &[(usize, usize)]) -> Result<(), TemplateError> {
    let environment = minijinja::Environment::empty();
    let Err(error) = environment.template_from_str(translated) else {
        return Ok(());
    };
    let place = error.range().map_or(0, |range| range.start);
    let after = origins.partition_point(|(at, _)| *at <= place);
    let origin = after.checked_sub(1).map_or(0, |last| origins[last].1);
    let message = error
        .detail()
        .map_or_else(|| error.kind().to_string(), str::to_owned);
    Err(TemplateError::at(text, origin, message))
}

impl TryFrom<Written> for Template {
    type Error = TemplateError;

    fn try_from(written: Written) -> Result<Self, TemplateError> {
        Self::new(&written.text, written.slashes)
    }
}

impl From<Template> for Written {
    fn from(template: Template) -> Self {
        template.written
    }
}

#[cfg(all(test, feature = "templates"))]
#[path = "template_tests.rs"]
mod tests;
