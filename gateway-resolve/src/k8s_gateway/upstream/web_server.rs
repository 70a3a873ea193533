//! Servers that are said by a URL.

use std::net::{IpAddr, SocketAddr};

use gateway_model::{Hostname, Port};

use crate::ir::{Authorities, BackendTls, Endpoint, EndpointAddress, Handshake};

/// A server that is said by a URL.
pub(super) struct WebServer {
    /// What requests are addressed to.
    pub(super) authority: Box<str>,
    pub(super) endpoint: Endpoint,
    pub(super) port: Port,
    /// Its certificate is held against its name, and the system's authorities.
    pub(super) tls: Option<BackendTls>,
}

/// The server of a URL that has no path. A name of AWS is not looked up among those of the cluster as well.
pub(super) fn web_server(url: &str) -> Result<WebServer, String> {
    let wrong = || format!("expected a URL such as https://example.com, found {url:?}");
    let uri: http::Uri = url.parse().map_err(|_| wrong())?;
    let secured = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(wrong()),
    };
    let authority = uri.authority().ok_or_else(wrong)?;
    let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
    if !is_bare || authority.as_str().contains('@') {
        return Err(wrong());
    }
    let usual = if secured { 443 } else { 80 };
    let port = Port::new(authority.port_u16().unwrap_or(usual).into()).map_err(|_| wrong())?;
    let host = authority.host();
    let ip = host.trim_start_matches('[').trim_end_matches(']').parse();
    let address = match ip {
        Ok(ip) => EndpointAddress::Ip(SocketAddr::new(IpAddr::to_canonical(&ip), port.get())),
        Err(_) => {
            let host = Hostname::new(&host.to_ascii_lowercase()).ok();
            let host = host.filter(|host| !host.is_wildcard()).ok_or_else(wrong)?;
            let is_whole = host.as_str().ends_with(".amazonaws.com");
            EndpointAddress::Name {
                host,
                port,
                is_whole,
            }
        }
    };
    let server_name = match &address {
        EndpointAddress::Ip(_) | EndpointAddress::Path(_) => None,
        EndpointAddress::Name { host, .. } => Some(host.clone()),
    };
    Ok(WebServer {
        authority: match port.get() == usual {
            true => host.into(),
            false => authority.as_str().into(),
        },
        tls: secured.then(|| verified(server_name.clone())),
        endpoint: Endpoint {
            server_name,
            ..Endpoint::at(address)
        },
        port,
    })
}

fn verified(server_name: Option<Hostname>) -> BackendTls {
    BackendTls {
        server_name,
        names: vec![],
        authorities: Authorities::System,
        handshake: Handshake::default(),
        alpn: vec![],
        identity: None,
    }
}
