//! Authorisation by another server (experimental, GEP-1494).

use serde::{Deserialize, Serialize};

use super::BackendObjectReference;

/// Asks another server whether a request may pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAuth {
    /// Who is asked.
    pub backend_ref: BackendObjectReference,
    /// How they are asked.
    #[serde(flatten)]
    pub protocol: AuthProtocol,
    /// How much of the request's body goes along; nothing when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_body: Option<ForwardBody>,
}

/// How the authorisation server is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Wire", into = "Wire")]
#[non_exhaustive]
pub enum AuthProtocol {
    /// Envoy's `ext_authz` protocol.
    Grpc(GrpcAuth),
    /// An HTTP request; 200 lets the request pass.
    Http(HttpAuth),
}

/// Settings of a gRPC authorisation server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrpcAuth {
    /// The request headers that are passed on; all when empty. At most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_headers: Vec<String>,
}

/// Settings of an HTTP authorisation server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpAuth {
    /// A prefix for the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Further request headers that are passed on; at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_headers: Vec<String>,
    /// The headers of the answer that are put on the request; at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_response_headers: Vec<String>,
}

/// How much of a request's body the authorisation server gets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ForwardBody {
    /// At most this many bytes. The CRD bounds it on neither side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_size: Option<i64>,
}

/// As the CRD has it: a `protocol`, and a field of that name.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "protocol")]
enum Wire {
    #[serde(rename = "GRPC")]
    Grpc { grpc: GrpcAuth },
    #[serde(rename = "HTTP")]
    Http { http: HttpAuth },
}

impl From<Wire> for AuthProtocol {
    fn from(wire: Wire) -> Self {
        match wire {
            Wire::Grpc { grpc } => Self::Grpc(grpc),
            Wire::Http { http } => Self::Http(http),
        }
    }
}

impl From<AuthProtocol> for Wire {
    fn from(protocol: AuthProtocol) -> Self {
        match protocol {
            AuthProtocol::Grpc(grpc) => Self::Grpc { grpc },
            AuthProtocol::Http(http) => Self::Http { http },
        }
    }
}
