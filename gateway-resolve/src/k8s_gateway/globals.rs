//! What the Settings say for all.

use gateway_model::k8s_gateway::{FieldError, Settings};
use gateway_model::{Kind, ObjectRef};
use serde::de::DeserializeOwned;

use crate::ir::Origin;
use crate::reader::{Read, Reader};

/// The namespace and name of the Settings that hold for all.
const OF_ALL: (&str, &str) = ("gloo-system", "default");

/// A field of the Settings, if it is there.
pub(super) fn of_all<T: DeserializeOwned>(
    field: &str,
    reader: &Reader<'_>,
) -> Option<(Result<T, FieldError>, Origin)> {
    let (namespace, name) = OF_ALL;
    let object = ObjectRef::new(Settings::GROUP, Settings::KIND, namespace, name);
    reader.record(|| Read::Object(object));
    let settings = reader.snapshot().settings().get(namespace, name)?;
    let written = settings.spec.0.get(field)?.clone();
    let read = serde_json::from_value(written);
    let origin = Origin {
        field: format!("spec.{field}").into(),
        sources: vec![settings.source()],
    };
    Some((
        read.map_err(|error| FieldError::new(error.to_string())),
        origin,
    ))
}
