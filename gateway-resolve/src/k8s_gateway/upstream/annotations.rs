//! What annotations of a Service say of how it is connected to: the fields of an Upstream, and some of
//! them by names of their own.

use gateway_model::k8s_gateway::UpstreamSpec;
use gateway_model::k8s_gateway::values::{ResourceRef, SslConfig};
use gateway_model::{Kind, Service};

use crate::ir::{AppProtocol, Backend};
use crate::k8s_gateway::options::Outcome;
use crate::reader::Reader;

use super::reading::Reading;
use super::{protocol, settings, tls};

/// The fields of an Upstream, as JSON.
const CONFIG: &str = "gloo.solo.io/upstream_config";
/// Is HTTP/2 spoken?
const HTTP2: &str = "gloo.solo.io/h2_service";
/// The Secret of its namespace that TLS takes certificates from.
const SECRET: &str = "gloo.solo.io/sslService.secret";
/// Is no certificate shown?
const ONE_WAY: &str = "gloo.solo.io/sslService.oneWayTls";
/// Files of the proxy.
const FILES: [&str; 3] = [
    "gloo.solo.io/sslService.tlsCert",
    "gloo.solo.io/sslService.tlsKey",
    "gloo.solo.io/sslService.rootCa",
];

/// The root of fields in annotations.
const ROOT: &str = "metadata.annotations[gloo.solo.io/upstream_config]";

/// The backend that a Service is, as its annotations say, or what is wrong with these. A BackendTLSPolicy goes before
/// what they say of TLS.
pub(crate) fn annotated(
    backend: Backend,
    service: &Service,
    reader: &Reader<'_>,
) -> Result<Backend, String> {
    let annotation = |name: &str| service.metadata.annotations.get(name).map(String::as_str);
    if let Some(name) = FILES.into_iter().find(|name| annotation(name).is_some()) {
        return Err(format!("metadata.annotations[{name}]: is not supported"));
    }
    let config = match annotation(CONFIG) {
        None => UpstreamSpec::default(),
        Some(text) => serde_json::from_str(text).map_err(|error| format!("{ROOT}: {error}"))?,
    };
    let of_secret = annotation(SECRET).map(|name| SslConfig {
        secret_ref: Some(ResourceRef {
            name: name.to_owned(),
            namespace: service.metadata.namespace.to_string(),
        }),
        one_way_tls: annotation(ONE_WAY) == Some("true"),
        ..SslConfig::default()
    });
    let of_secret = of_secret
        .map(|written| tls::tls(&written, reader))
        .transpose();
    let of_secret =
        of_secret.map_err(|error| format!("metadata.annotations[{SECRET}]: {error}"))?;
    let mut reading = Reading::new(&config, ROOT, service.source());
    let secured = reading.read(&config.ssl_config, |written| tls::tls(written, reader));
    let mut own = settings::settings(&mut reading, reader);
    let said = Some(protocol(&mut reading)).filter(|said| *said != AppProtocol::Http);
    reading.finish(Some(())).map_err(|wrong| {
        let texts: Vec<_> = wrong.iter().map(Outcome::to_string).collect();
        texts.join("; ")
    })?;
    own.retry_constraint
        .clone_from(&backend.settings.retry_constraint);
    own.extensions.clone_from(&backend.settings.extensions);
    Ok(Backend {
        protocol: match (said, annotation(HTTP2)) {
            (None, Some("true")) => AppProtocol::H2c,
            (None, _) => backend.protocol,
            (Some(said), _) => said,
        },
        tls: backend.tls.or(secured).or(of_secret),
        settings: own,
        ..backend
    })
}

/// Does a Service say something of how it is connected to?
pub(crate) fn is_annotated(service: &Service) -> bool {
    let names = [CONFIG, HTTP2, SECRET];
    let mut names = names.into_iter().chain(FILES);
    names.any(|name| service.metadata.annotations.contains_key(name))
}
