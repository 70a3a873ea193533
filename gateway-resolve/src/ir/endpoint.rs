//! Endpoints: one server of a backend, and where it is.

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::str::FromStr;

use gateway_model::{Hostname, Port};
use serde::{Deserialize, Serialize};

/// One server of a backend, or all that one name stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Endpoint {
    /// Where it listens.
    pub address: EndpointAddress,
    /// Its share, relative to that of the others; `None` is 1. Each address of a name has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<NonZeroU32>,
    /// The zone that it runs in, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Box<str>>,
    /// The name that is asked for (SNI), in place of the backend's; never a wildcard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<Hostname>,
}

impl Endpoint {
    /// One of which no more than its address is known.
    pub fn at(address: impl Into<EndpointAddress>) -> Self {
        Self {
            address: address.into(),
            weight: None,
            zone: None,
            server_name: None,
        }
    }
}

/// Where an endpoint listens. It is written as `10.0.0.1:80`, `example.com:80`, `example.com.:80` or
/// `unix:/run/a.sock`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum EndpointAddress {
    /// At an IP address.
    Ip(SocketAddr),
    /// At all addresses that a name has in the DNS. The data plane looks them up, and again when they expire.
    Name {
        /// The name; never a wildcard.
        host: Hostname,
        /// Is it the whole name, to which nothing of a search list is added (RFC 1034 section 3.1)? It is written with
        /// a dot at its end.
        is_whole: bool,
        /// The port.
        port: Port,
    },
    /// At a socket of this machine, by its path, which begins with a slash.
    Path(Box<str>),
}

/// What paths are told apart by.
const UNIX: &str = "unix:";

impl EndpointAddress {
    /// The address, where none has to be looked up.
    pub fn ip(&self) -> Option<SocketAddr> {
        match self {
            Self::Ip(address) => Some(*address),
            Self::Name { .. } | Self::Path(_) => None,
        }
    }
}

impl From<SocketAddr> for EndpointAddress {
    fn from(address: SocketAddr) -> Self {
        Self::Ip(address)
    }
}

impl fmt::Display for EndpointAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Name {
                host,
                is_whole,
                port,
            } => {
                let end = if *is_whole { "." } else { "" };
                write!(f, "{host}{end}:{port}")
            }
            Self::Path(path) => write!(f, "{UNIX}{path}"),
        }
    }
}

impl From<EndpointAddress> for String {
    fn from(address: EndpointAddress) -> Self {
        address.to_string()
    }
}

impl TryFrom<String> for EndpointAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for EndpointAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Ip(address));
        }
        if let Some(path) = text.strip_prefix(UNIX) {
            let is_absolute = path.starts_with('/') && !path.contains('\0');
            let expected = || format!("expected a path from the root, found {path:?}");
            return is_absolute
                .then(|| Self::Path(path.into()))
                .ok_or_else(expected);
        }
        let named = || {
            let (name, port) = text.rsplit_once(':')?;
            let whole = name.strip_suffix('.');
            let host = whole
                .unwrap_or(name)
                .parse()
                .ok()
                .filter(|host: &Hostname| !host.is_wildcard())?;
            let port = Port::new(port.parse().ok()?).ok()?;
            Some(Self::Name {
                host,
                is_whole: whole.is_some(),
                port,
            })
        };
        named().ok_or_else(|| format!("expected an address or a name with a port, found {text:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::EndpointAddress;

    #[test]
    fn addresses_are_read_as_they_are_written() {
        for text in [
            "10.0.0.1:80",
            "[fd00::1]:443",
            "example.com:8080",
            "example.com.:80",
            "a:1",
            "unix:/run/a.sock",
        ] {
            let address: EndpointAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
            assert_eq!(
                address.ip().is_some(),
                text.contains("0:") || text.contains(".1:")
            );
        }
        for bad in [
            "",
            "example.com..:80",
            "example.com",
            "*.example.com:80",
            "example.com:0",
            "example.com:65536",
            "unix:",
            "unix:a",
            "unix:/a\0b",
        ] {
            assert!(bad.parse::<EndpointAddress>().is_err(), "{bad:?}");
        }
    }
}
