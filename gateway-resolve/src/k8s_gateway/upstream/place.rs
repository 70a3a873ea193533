//! Where an Upstream is.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;

use gateway_model::k8s_gateway::values::{
    KubeUpstream, PipeUpstream, StaticHost, StaticUpstream, UpstreamType,
};
use gateway_model::k8s_gateway::{FieldError, Upstream};
use gateway_model::{Hostname, Kind, ObjectRef, Port, Service};

use crate::ir::{BackendId, BackendTls, Endpoint, EndpointAddress, Lambda};
use crate::reader::Reader;
use crate::route::backends;

use super::{lambda, tls};

/// Where an Upstream is.
pub(super) struct Place {
    /// The port of its id: one of its own, since a reference's is ignored; a path has none.
    pub(super) port: Option<Port>,
    /// How it is connected to by TLS where nothing more is said.
    pub(super) tls: Option<BackendTls>,
    /// Who can be sent requests, ordered and without repeats.
    pub(super) endpoints: Vec<Endpoint>,
}

/// Where an Upstream is, and the function that is called there, if it has functions and one was chosen.
pub(super) fn place(
    written: &UpstreamType,
    upstream: &Upstream,
    chosen: Option<&str>,
    reader: &Reader<'_>,
) -> Result<(Place, Option<Lambda>), FieldError> {
    let mut function = None;
    let mut place = match written {
        UpstreamType::Kube(kube) => of_service(kube, reader)?,
        UpstreamType::Static(listed) => of_hosts(listed)?,
        UpstreamType::Pipe(pipe) => of_path(pipe)?,
        UpstreamType::Aws(aws) => {
            let (place, called) = lambda::place(aws, upstream, chosen, reader)?;
            function = called;
            place
        }
        _ => return Err(FieldError::new("is not supported")),
    };
    place.endpoints.sort();
    place.endpoints.dedup();
    Ok((place, function))
}

/// Those that the Service has for its port.
fn of_service(kube: &KubeUpstream, reader: &Reader<'_>) -> Result<Place, FieldError> {
    let (namespace, name) = (kube.service_namespace.as_str(), kube.service_name.as_str());
    let object = ObjectRef::new(Service::GROUP, Service::KIND, namespace, name);
    let port = port(kube.service_port).map_err(|error| error.within("servicePort"))?;
    if let Some(service) = reader.service(&object) {
        leaves_none_out(kube, service)?;
    }
    let backend = backends::backend(&BackendId::new(object, port), reader);
    Ok(Place {
        port: Some(port),
        tls: None,
        endpoints: backend.map_or_else(Vec::new, |backend| backend.endpoints.clone()),
    })
}

/// Endpoints say nothing of the labels of their pods. A selector can be kept where the Service selects its pods by the
/// same labels at least; any other asks for some of them only, and nobody knows which.
fn leaves_none_out(kube: &KubeUpstream, service: &Service) -> Result<(), FieldError> {
    let selected = &service.spec.selector;
    let mut asked = kube.selector.iter();
    let narrower = asked.find(|(label, value)| selected.get(*label) != Some(*value));
    narrower.map_or(Ok(()), |(label, value)| {
        let what = "labels of pods are not read: expected those that the Service selects by";
        Err(FieldError::new(format!("{what}, found {label}={value}")).within("selector"))
    })
}

fn of_hosts(listed: &StaticUpstream) -> Result<Place, FieldError> {
    let endpoints = listed.hosts.iter().enumerate().map(|(index, host)| {
        let endpoint = of_host(host, listed.auto_sni_rewrite != Some(false));
        endpoint.map_err(|error| error.within(&format!("hosts[{index}]")))
    });
    let endpoints: Vec<_> = endpoints.collect::<Result<_, _>>()?;
    let first = listed.hosts.first();
    let first =
        first.ok_or_else(|| FieldError::new("expected a host, found none").within("hosts"))?;
    Ok(Place {
        port: Some(port(first.port)?),
        tls: wants_tls(listed).then(tls::unverified),
        endpoints,
    })
}

/// A socket of the machine of the gateway.
fn of_path(pipe: &PipeUpstream) -> Result<Place, FieldError> {
    let address = format!("unix:{}", pipe.path).parse::<EndpointAddress>();
    let address = address.map_err(|error| FieldError::new(error).within("path"))?;
    Ok(Place {
        port: None,
        tls: None,
        endpoints: vec![Endpoint::at(address)],
    })
}

/// TLS is meant where it is said, or else where a port is that of HTTPS.
fn wants_tls(listed: &StaticUpstream) -> bool {
    let implied = || listed.hosts.iter().any(|host| host.port == 443);
    listed.use_tls.unwrap_or_else(implied)
}

/// An address, or a name that the data plane looks up.
fn of_host(host: &StaticHost, named: bool) -> Result<Endpoint, FieldError> {
    let wrong = |what: String| FieldError::new(what).within("addr");
    if host.addr.is_empty() {
        return Err(wrong("addr cannot be empty for host".to_owned()));
    }
    let port = port(host.port).map_err(|error| error.within("port"))?;
    let address = match host.addr.parse::<IpAddr>() {
        Ok(ip) => EndpointAddress::Ip(SocketAddr::new(ip, port.get())),
        Err(_) => EndpointAddress::Name {
            host: name_of(host.addr.strip_suffix('.').unwrap_or(&host.addr)).ok_or_else(|| {
                wrong(format!(
                    "expected an address or a name, found {:?}",
                    host.addr
                ))
            })?,
            is_whole: host.addr.ends_with('.'),
            port,
        },
    };
    let asked = match (host.sni_addr.as_str(), named) {
        ("", true) => host.addr.as_str(),
        (own, _) => own,
    };
    Ok(Endpoint {
        server_name: name_of(asked),
        weight: NonZeroU32::new(host.load_balancing_weight),
        ..Endpoint::at(address)
    })
}

/// The name that is asked for, which is never an address (RFC 6066 section 3).
fn name_of(host: &str) -> Option<Hostname> {
    let host = Some(host).filter(|host| host.parse::<IpAddr>().is_err())?;
    let name = Hostname::new(&host.to_ascii_lowercase()).ok()?;
    Some(name).filter(|name| !name.is_wildcard())
}

fn port(number: u32) -> Result<Port, FieldError> {
    let port = Port::new(number.into()).ok();
    port.ok_or_else(|| FieldError::new(format!("expected a port, found {number}")))
}
