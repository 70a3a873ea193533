//! Enumerations that the CRDs leave open: values that are not known are kept.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The protocol of a listener.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum Protocol {
    /// Cleartext HTTP/1.1, and HTTP/2 with prior knowledge.
    Http,
    /// HTTP over TLS.
    Https,
    /// TLS, told apart by SNI.
    Tls,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// An implementation's own, as in `example.com/bar`, or a misspelt one.
    Other(String),
}

impl Protocol {
    /// The name, as the CRD spells it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Http => "HTTP",
            Self::Https => "HTTPS",
            Self::Tls => "TLS",
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Other(name) => name,
        }
    }
}

impl From<String> for Protocol {
    fn from(name: String) -> Self {
        match name.as_str() {
            "HTTP" => Self::Http,
            "HTTPS" => Self::Https,
            "TLS" => Self::Tls,
            "TCP" => Self::Tcp,
            "UDP" => Self::Udp,
            _ => Self::Other(name),
        }
    }
}

impl From<Protocol> for String {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Other(name) => name,
            known => known.as_str().to_owned(),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What kind of address a Gateway asks for or has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum AddressType {
    /// A textual IPv4 or IPv6 address.
    IpAddress,
    /// A DNS name.
    Hostname,
    /// Another: `NamedAddress`, or an implementation's own, as in `example.com/lease`.
    Other(String),
}

impl AddressType {
    /// The name, as the CRD spells it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::IpAddress => "IPAddress",
            Self::Hostname => "Hostname",
            Self::Other(name) => name,
        }
    }
}

impl From<String> for AddressType {
    fn from(name: String) -> Self {
        match name.as_str() {
            "IPAddress" => Self::IpAddress,
            "Hostname" => Self::Hostname,
            _ => Self::Other(name),
        }
    }
}

impl From<AddressType> for String {
    fn from(kind: AddressType) -> Self {
        match kind {
            AddressType::Other(name) => name,
            known => known.as_str().to_owned(),
        }
    }
}

impl fmt::Display for AddressType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
