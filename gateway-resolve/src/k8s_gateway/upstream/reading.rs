//! Reading an Upstream, with all that is wrong with it.

use std::sync::Arc;

use gateway_model::Source;
use gateway_model::k8s_gateway::{Field, FieldError, UpstreamSpec};

use crate::ir::Sourced;

use crate::k8s_gateway::options::{self, Outcome};

type Written<T> = Option<Arc<Field<T>>>;

/// The fields of an Upstream, which are read.
pub(super) struct Reading<'a> {
    pub(super) spec: &'a UpstreamSpec,
    /// Where they stand, as in `spec`.
    root: &'static str,
    pub(super) source: Source,
    wrong: Vec<Outcome>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(spec: &'a UpstreamSpec, root: &'static str, source: Source) -> Self {
        let mut wrong = options::problems_below(root, spec);
        wrong.retain(|outcome| outcome.refused);
        Self {
            spec,
            root,
            source,
            wrong,
        }
    }

    /// What an option comes to; `None` where it is not set, or wrong.
    pub(super) fn read<T, V>(
        &mut self,
        field: &Written<T>,
        read: impl FnOnce(&T) -> Result<V, FieldError>,
    ) -> Option<V> {
        let field = field.as_ref()?;
        let read = read(field.read.as_ref().ok()?);
        read.map_err(|error| {
            self.wrong
                .push(options::refused(self.root, field.name, &error));
        })
        .ok()
    }

    /// The same of an option that has to be set.
    pub(super) fn must<T, V>(
        &mut self,
        field: &Written<T>,
        missing: &str,
        read: impl FnOnce(&T) -> Result<V, FieldError>,
    ) -> Option<V> {
        if field.is_none() {
            self.wrong.push(Outcome {
                field: self.root.to_owned(),
                message: missing.to_owned(),
                refused: true,
            });
        }
        self.read(field, read)
    }

    /// The setting that an option comes to, if it comes to one.
    pub(super) fn setting<T, V>(
        &mut self,
        field: &Written<T>,
        read: impl FnOnce(&T) -> Result<Option<V>, FieldError>,
    ) -> Option<Box<Sourced<V>>> {
        let value = self.read(field, read)??;
        let path = format!("{}.{}", self.root, field.as_ref()?.name);
        Some(Box::new(Sourced::new(value, path, self.source.clone())))
    }

    /// What came of it, unless anything is wrong.
    pub(super) fn finish<T>(self, place: Option<T>) -> Result<T, Vec<Outcome>> {
        match place {
            Some(place) if self.wrong.is_empty() => Ok(place),
            _ => Err(self.wrong),
        }
    }
}
