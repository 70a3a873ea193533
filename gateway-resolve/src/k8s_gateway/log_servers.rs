//! The servers that access logs are told to.

use std::sync::Arc;

use gateway_model::k8s_gateway::values::{AccessLogging, Collector};
use gateway_model::k8s_gateway::{Field, FieldError, ListenerOption, ListenerOptions};
use gateway_model::{Kind, ObjectRef, Service, Source};

use crate::ir::{
    AppProtocol, Authorities, Backend, BackendId, BackendTls, Endpoint, EndpointAddress, PeerName,
    Refusal, RefusalReason, Target,
};
use crate::reader::Reader;
use crate::route::references::service_port;

use super::options::LogServers;
use super::upstream::{target, unverified, upstream_tls};

/// The servers of the logs that a ListenerOption has in one of its fields.
pub(super) struct ServersOf<'a> {
    pub(super) source: &'a Source,
    pub(super) field: &'static str,
    pub(super) reader: &'a Reader<'a>,
}

impl LogServers for ServersOf<'_> {
    fn cluster(&self, name: &str) -> Target {
        let found = match name.strip_prefix("kube-svc_") {
            Some(rest) => of_service(rest, self.reader),
            None => of_upstream(name, self.reader),
        };
        found.unwrap_or_else(|| {
            let expected = "expected an Upstream as NAME_NAMESPACE, or a port of a Service as \
                            kube-svc_NAMESPACE-NAME-PORT_NAMESPACE";
            let message = format!("{expected}, found {name:?}");
            Target::Refused(Refusal::new(RefusalReason::BackendNotFound, message))
        })
    }

    fn collector(&self, position: usize, written: &Collector) -> Result<Target, FieldError> {
        let port = match address(written)? {
            EndpointAddress::Ip(address) => gateway_model::Port::new(address.port().into()).ok(),
            EndpointAddress::Name { port, .. } => Some(port),
            EndpointAddress::Path(_) => None,
        };
        let option = &self.source.object;
        // No name has a slash.
        let name = format!("{}/{}/{position}", option.name, self.field);
        let object = ObjectRef::new(
            ListenerOption::GROUP,
            ListenerOption::KIND,
            option.namespace.clone(),
            name,
        );
        let id = BackendId::new(object, port);
        connected(&id, self.source.clone(), written, self.reader)?;
        Ok(Target::Backend(id))
    }
}

/// `NAME_NAMESPACE`: names have no underscores.
fn of_upstream(cluster: &str, reader: &Reader<'_>) -> Option<Target> {
    let (name, namespace) = cluster.split_once('_')?;
    let is_name = |text: &str| !text.is_empty() && !text.contains('_');
    (is_name(name) && is_name(namespace)).then(|| target(namespace, name, reader))
}

/// `NAMESPACE-NAME-PORT_NAMESPACE`.
fn of_service(cluster: &str, reader: &Reader<'_>) -> Option<Target> {
    let (service, namespace) = cluster.rsplit_once('_')?;
    let service = service.strip_prefix(namespace)?.strip_prefix('-')?;
    let (name, port) = service.rsplit_once('-')?;
    let port = gateway_model::Port::new(port.parse().ok()?).ok()?;
    let object = ObjectRef::new(Service::GROUP, Service::KIND, namespace, name);
    let id = BackendId::new(object, port);
    let service = reader.service(&id.object);
    let has_port = service.is_some_and(|service| service_port(service, &id).is_ok());
    Some(match has_port {
        true => Target::Backend(id),
        false => {
            let message = format!("{id} does not exist");
            Target::Refused(Refusal::new(RefusalReason::BackendNotFound, message))
        }
    })
}

/// The backend of a collector that has this id.
pub(super) fn backend(id: &BackendId, reader: &Reader<'_>) -> Option<Arc<Backend>> {
    let mut parts = id.object.name.split('/');
    let (name, field, position) = (parts.next()?, parts.next()?, parts.next()?);
    let namespace = id.object.namespace.clone();
    let object = ObjectRef::new(ListenerOption::GROUP, ListenerOption::KIND, namespace, name);
    let option = reader.get::<ListenerOption>(&object)?;
    let logging = logging(&option.spec.options, field)?.read.as_ref().ok()?;
    let log = logging.access_log.get(position.parse::<usize>().ok()?)?;
    let written = log.open_telemetry_service.as_ref()?.collector.as_ref()?;
    let backend = connected(id, option.source(), written, reader);
    backend.ok().map(Arc::new)
}

/// The logs of that field.
fn logging<'a>(options: &'a ListenerOptions, field: &str) -> Option<&'a Arc<Field<AccessLogging>>> {
    let all = [
        &options.access_logging_service,
        &options.listener_access_logging_service,
    ];
    all.into_iter()
        .flatten()
        .find(|logging| logging.name == field)
}

fn address(written: &Collector) -> Result<EndpointAddress, FieldError> {
    let endpoint = written.endpoint.as_str();
    let endpoint = endpoint.strip_prefix("dns:///").unwrap_or(endpoint);
    let address = endpoint.parse::<EndpointAddress>();
    address.map_err(|error| FieldError::new(error).within("endpoint"))
}

/// A collector: by TLS unless it is said otherwise, with a certificate for its name that somebody trusted has signed.
fn connected(
    id: &BackendId,
    source: Source,
    written: &Collector,
    reader: &Reader<'_>,
) -> Result<Backend, FieldError> {
    let address = address(written)?;
    let tls = match (written.insecure, &written.ssl_config) {
        (true, _) => None,
        (false, None) => Some(unverified()),
        (false, Some(config)) => {
            let tls = upstream_tls(config, reader);
            Some(tls.map_err(|error| error.within("sslConfig"))?)
        }
    };
    Ok(Backend {
        protocol: AppProtocol::H2c,
        tls: tls.map(|tls| held_to(&address, tls)),
        endpoints: vec![Endpoint::at(address)],
        ..Backend::new(id.clone(), source)
    })
}

fn held_to(address: &EndpointAddress, tls: BackendTls) -> BackendTls {
    let name = match address {
        EndpointAddress::Ip(_) | EndpointAddress::Path(_) => None,
        EndpointAddress::Name { host, .. } => Some(host.clone()),
    };
    let authorities = match tls.authorities {
        Authorities::Unverified | Authorities::System => Authorities::System,
        Authorities::Certificates(known) => Authorities::Certificates(known),
    };
    BackendTls {
        server_name: tls.server_name.or(name),
        names: tls
            .names
            .into_iter()
            .filter(|name| *name != PeerName::Any)
            .collect(),
        authorities,
        ..tls
    }
}
