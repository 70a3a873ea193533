//! Templates, compiled and bounded.

use std::io::{self, Write};
use std::sync::Arc;

use gateway_resolve::ir::Template;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Output, State};

use super::functions;
use super::subject::{Root, Subject};

/// The templates of one rule.
pub(super) struct Engine {
    environment: Environment<'static>,
    count: usize,
    /// Bytes that one template may come to.
    limit: usize,
}

/// A template of an [`Engine`].
#[derive(Debug, Clone)]
pub(super) struct Compiled(String);

/// Steps that one template may take.
const STEPS: u64 = 1_000_000;
/// Calls within calls, and the like.
const DEPTH: usize = 64;

impl Engine {
    pub(super) fn new(limit: usize) -> Self {
        let mut environment = Environment::empty();
        environment.set_syntax(whole_lines());
        environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
        environment.set_fuel(Some(STEPS));
        environment.set_recursion_limit(DEPTH);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_formatter(write);
        functions::add_all(&mut environment);
        Self {
            environment,
            count: 0,
            limit,
        }
    }

    /// Compiles a template, which is well formed.
    pub(super) fn add(&mut self, template: &Template) -> Result<Compiled, Error> {
        let name = self.count.to_string();
        self.count += 1;
        let source = template.translated().to_owned();
        self.environment.add_template_owned(name.clone(), source)?;
        Ok(Compiled(name))
    }

    /// What the template comes to for `subject`; the error is a message for the client.
    pub(super) fn render(
        &self,
        template: &Compiled,
        subject: &Arc<Subject>,
    ) -> Result<String, String> {
        let mut out = Bounded {
            text: Vec::new(),
            limit: self.limit,
        };
        let root = Value::from_object(Root(Arc::clone(subject)));
        let template = self.environment.get_template(&template.0);
        let template = template.map_err(|error| error.to_string())?;
        let rendered = template.render_captured_to(root, &mut out).map(drop);
        rendered.map_err(|error| said(&error))?;
        String::from_utf8(out.text).map_err(|error| error.to_string())
    }
}

/// The last newline is as good as any other.
fn whole_lines() -> SyntaxConfig {
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
    syntax.unwrap_or_default()
}

/// What is wrong, without where in the translation.
fn said(error: &Error) -> String {
    match error.detail() {
        Some(detail) => detail.to_owned(),
        None => error.kind().to_string(),
    }
}

/// Takes up to a number of bytes.
struct Bounded {
    text: Vec<u8>,
    limit: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.text.len() + bytes.len() > self.limit {
            return Err(io::Error::other("the template comes to too much"));
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a value: texts as they are, nothing for null, and the rest as JSON.
fn write(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let failed = |_| Error::from(ErrorKind::WriteFailure);
    let text = match value.kind() {
        ValueKind::Undefined => {
            let message = "a variable is not there";
            return Err(Error::new(ErrorKind::UndefinedError, message));
        }
        ValueKind::None => return Ok(()),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            match functions::subject(state).is_some_and(|subject| subject.escapes) {
                true => functions::escaped(text),
                false => text.to_owned(),
            }
        }
        _ => functions::json(value)?,
    };
    out.write_str(&text).map_err(failed)
}
