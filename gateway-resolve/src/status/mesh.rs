//! The status of XMeshes (GEP-3949).

use gateway_model::{GatewayClassStatus, Kind, ObjectRef, SupportedFeature, XMesh};

use crate::Config;
use crate::problem::{Problem, Verdict};
use crate::reader::Reader;
use crate::reason::MeshAccepted;

use super::Status;
use super::conditions::Conditions;
use super::report::Report;

/// What is said of all XMeshes of the controller.
pub(crate) fn of_all<'a>(
    config: &'a Config,
    reader: &'a Reader<'_>,
) -> impl Iterator<Item = Report> + 'a {
    let objects = reader.x_meshes().iter();
    objects.filter_map(move |object| report(object, config, reader))
}

/// What is said of an XMesh; `None` when it is somebody else's.
pub(crate) fn of_mesh(object: &ObjectRef, config: &Config, reader: &Reader<'_>) -> Option<Report> {
    report(reader.x_mesh(object)?, config, reader)
}

fn report(object: &XMesh, config: &Config, reader: &Reader<'_>) -> Option<Report> {
    let mesh = config.mesh.as_ref();
    let mesh = mesh.filter(|mesh| mesh.controller_name == object.spec.controller_name)?;
    let refused = object.spec.parameters_ref.as_ref().map(|parameters| {
        let message = format!(
            "expected no parameters, found a reference to {} {}; no kind of parameters is supported",
            parameters.kind, parameters.name
        );
        Problem::new(MeshAccepted::InvalidParameters, "spec.parametersRef", message)
    });
    let accepted = Verdict::of(refused.as_slice(), MeshAccepted::Accepted, "accepted");
    let stored = &object.status.conditions;
    let features = mesh.supported_features.iter();
    let status = GatewayClassStatus {
        conditions: Conditions::new(stored, object.metadata.generation, reader)
            .add(accepted)
            .build(),
        supported_features: features
            .map(|name| SupportedFeature { name: name.clone() })
            .collect(),
    };
    let mut report = Report::new(object.reference());
    report.find(refused.as_slice());
    report.status = Some(Status::GatewayClass(status));
    Some(report.finish())
}
