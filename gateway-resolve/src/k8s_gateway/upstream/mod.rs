//! Upstreams: backends that say themselves where they are and how they are connected to.
//!
//! One that is wrong in any way is no backend: requests to it are answered with 500.

mod annotations;
mod balancing;
mod connections;
mod health;
mod lambda;
mod outliers;
mod place;
mod reading;
mod settings;
mod tls;
mod web_server;

use std::sync::Arc;

use gateway_model::k8s_gateway::values::{AwsUpstream, ProtocolSelection, UpstreamType};
use gateway_model::k8s_gateway::{Field, FieldError, Upstream};
use gateway_model::{BackendObjectReference, Kind, ObjectRef};

use crate::gateway::client_certificate::shown;
use crate::ir::{
    AppProtocol, Backend, BackendId, BackendTls, Refusal, RefusalReason, Sourced, Target,
};
use crate::reader::{Read, Reader};

use super::options::{self, Outcome};
pub(crate) use annotations::{annotated, is_annotated};
use place::Place;
use reading::Reading;
pub(super) use tls::{tls as upstream_tls, unverified};

/// Does a reference name an Upstream?
pub(crate) fn is_upstream(reference: &BackendObjectReference) -> bool {
    reference.group == Upstream::GROUP && reference.kind == Upstream::KIND
}

fn upstream<'a>(object: &ObjectRef, reader: &Reader<'a>) -> Option<&'a Arc<Upstream>> {
    reader.record(|| Read::Object(object.clone()));
    reader
        .snapshot()
        .upstreams()
        .get(&object.namespace, &object.name)
}

/// The backend that an Upstream is, of whose functions `wanted` is called if it has some; why there is none, and
/// whether that is since it does not exist.
pub(crate) fn upstream_backend(
    object: &ObjectRef,
    wanted: Option<&str>,
    reader: &Reader<'_>,
) -> Result<BackendId, (bool, String)> {
    let Some(found) = upstream(object, reader) else {
        return Err((true, format!("{object} does not exist")));
    };
    let wrong = |what: String| (false, format!("{object}: {what}"));
    let backend = resolved(found, None, reader).map_err(|all| {
        let texts: Vec<_> = all.iter().map(Outcome::to_string).collect();
        wrong(texts.join("; "))
    })?;
    let function = functions(found).map(|aws| lambda::chosen(aws, wanted, reader));
    let function = function.transpose();
    Ok(BackendId {
        function: function.map_err(|error| wrong(error.to_string()))?,
        ..backend.id
    })
}

/// The same for connections that are passed on.
pub(crate) fn stream_backend(
    object: &ObjectRef,
    reader: &Reader<'_>,
) -> Result<BackendId, (bool, String)> {
    let has_functions = |found: &Arc<Upstream>| functions(found).is_some();
    match upstream(object, reader).is_some_and(has_functions) {
        true => Err((false, format!("{object} takes requests only"))),
        false => upstream_backend(object, None, reader),
    }
}

/// The functions that an Upstream has in the place of endpoints that requests are passed to.
fn functions(upstream: &Upstream) -> Option<&AwsUpstream> {
    match &upstream.spec.upstream_type.as_ref()?.read {
        Ok(UpstreamType::Aws(aws)) => Some(aws),
        _ => None,
    }
}

/// An Upstream that an option names, without a grant (K8sGateway: options may name those of any namespace).
pub(super) fn target(namespace: &str, name: &str, reader: &Reader<'_>) -> Target {
    let object = ObjectRef::new(Upstream::GROUP, Upstream::KIND, namespace, name);
    match upstream_backend(&object, None, reader) {
        Ok(id) => Target::Backend(id),
        Err((_, message)) => Target::Refused(Refusal::new(RefusalReason::BackendNotFound, message)),
    }
}

/// The backend of an id that an Upstream has.
pub(super) fn backend(id: &BackendId, reader: &Reader<'_>) -> Option<Arc<Backend>> {
    let found = upstream(&id.object, reader)?;
    let backend = resolved(found, id.function.as_deref(), reader).ok()?;
    if backend.settings.lambda.is_some() != functions(found).is_some() {
        return None;
    }
    let shown = || id.certificate.as_ref().and_then(|id| shown(id, reader));
    let tls = backend.tls.map(|tls| BackendTls {
        identity: tls.identity.or_else(shown),
        ..tls
    });
    Some(Arc::new(Backend {
        id: id.clone(),
        tls,
        ..backend
    }))
}

/// What is wrong with an Upstream, and what of it is not honoured.
pub(super) fn problems(upstream: &Upstream, reader: &Reader<'_>) -> Vec<Outcome> {
    let mut found = options::problems_below("spec", &upstream.spec);
    let wrong = resolved(upstream, None, reader).err().unwrap_or_default();
    found.extend(
        wrong
            .into_iter()
            .filter(|one| !found.contains(one))
            .collect::<Vec<_>>(),
    );
    found
}

/// What an Upstream comes to, with that function of it, or all that is wrong with it.
fn resolved(
    upstream: &Upstream,
    function: Option<&str>,
    reader: &Reader<'_>,
) -> Result<Backend, Vec<Outcome>> {
    let spec = &upstream.spec;
    let mut reading = Reading::new(spec, "spec", upstream.source());
    let place = reading.must(
        &spec.upstream_type,
        "expected one of kube, static and others, found none",
        |found| place::place(found, upstream, function, reader),
    );
    let secured = reading.read(&spec.ssl_config, |written| tls::tls(written, reader));
    let mut settings = settings::settings(&mut reading, reader);
    let protocol = protocol(&mut reading);
    let (place, lambda) = reading.finish(place)?;
    settings.lambda =
        lambda.map(|lambda| Box::new(Sourced::new(lambda, "spec.aws", upstream.source())));
    let Place {
        port,
        tls,
        endpoints,
    } = place;
    Ok(Backend {
        id: BackendId::new(upstream.reference(), port),
        source: upstream.source(),
        protocol,
        tls: secured.or(tls),
        settings,
        endpoints,
    })
}

/// What an Upstream speaks.
fn protocol(reading: &mut Reading<'_>) -> AppProtocol {
    let spec = reading.spec;
    let as_client = match &spec.protocol_selection {
        Some(field) => matches!(field.read, Ok(ProtocolSelection::Downstream)),
        None => false,
    };
    let is_http2 = |http2: &Option<Arc<Field<bool>>>| {
        http2.as_ref().is_some_and(|field| field.read == Ok(true))
    };
    let http2 = is_http2(&spec.use_http2);
    reading.read(&spec.connection_config, |written| {
        match written.http1_protocol_options.is_some() && http2 && !as_client {
            false => Ok(()),
            true => {
                let what = "expected none where useHttp2 is set";
                Err(FieldError::new(what).within("http1ProtocolOptions"))
            }
        }
    });
    reading.read(&spec.proxy_protocol_version, |_| match http2 || as_client {
        false => Ok(()),
        // Streams of several clients share a connection.
        true => Err(FieldError::new("is not supported with HTTP/2")),
    });
    match (as_client, http2) {
        (true, _) => AppProtocol::AsClient,
        (false, true) => AppProtocol::H2c,
        (false, false) => AppProtocol::Http,
    }
}
