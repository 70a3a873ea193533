//! What HTTPRoute rules do to requests and responses.

use serde::{Deserialize, Serialize};

use super::{ExternalAuth, HeaderModifier, LocalObjectReference, PathModifier, RequestMirror};
use crate::{Hostname, Port};

/// Something that is done to a request or response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Wire", into = "Wire")]
#[non_exhaustive]
pub enum HttpFilter {
    /// Changes the request's headers.
    RequestHeaderModifier(HeaderModifier),
    /// Changes the response's headers.
    ResponseHeaderModifier(HeaderModifier),
    /// Sends a copy elsewhere.
    RequestMirror(RequestMirror),
    /// Answers with a redirect.
    RequestRedirect(RequestRedirect),
    /// Changes the request's host or path.
    UrlRewrite(UrlRewrite),
    /// Answers preflights and marks responses (GEP-1767).
    Cors(Cors),
    /// Asks another server first (experimental, GEP-1494).
    ExternalAuth(ExternalAuth),
    /// An implementation's own.
    ExtensionRef(LocalObjectReference),
}

/// A redirect. What is `None` stays as in the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestRedirect {
    /// The scheme.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<RedirectScheme>,
    /// The host; never a wildcard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<Hostname>,
    /// The path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathModifier>,
    /// The port. When `None`, the well-known port of `scheme`, or the listener's if that is `None`
    /// as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<Port>,
    /// 301, 302 (the default), 303, 307 or 308.
    pub status_code: u16,
}

/// The scheme of a redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RedirectScheme {
    /// `http`
    Http,
    /// `https`
    Https,
}

impl RedirectScheme {
    /// `http` or `https`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// A change of a request's host or path on its way to the backend.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrlRewrite {
    /// The host; never a wildcard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<Hostname>,
    /// The path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathModifier>,
}

/// Cross-origin resource sharing. In each list `*` stands alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cors {
    /// The origins that are allowed, as in `https://*.example.com:8443`; at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_origins: Vec<String>,
    /// May requests carry credentials? Not when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_credentials: Option<bool>,
    /// The methods that are allowed; at most 9.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_methods: Vec<String>,
    /// The request headers that are allowed; at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_headers: Vec<String>,
    /// The response headers that scripts may read; at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expose_headers: Vec<String>,
    /// How long a preflight may be cached, in seconds; at least 1, by default 5.
    pub max_age: u32,
}

/// As the CRD has it: a `type`, and a field of that name.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
enum Wire {
    RequestHeaderModifier {
        request_header_modifier: HeaderModifier,
    },
    ResponseHeaderModifier {
        response_header_modifier: HeaderModifier,
    },
    RequestMirror {
        request_mirror: RequestMirror,
    },
    RequestRedirect {
        request_redirect: RequestRedirect,
    },
    #[serde(rename = "URLRewrite")]
    UrlRewrite {
        url_rewrite: UrlRewrite,
    },
    #[serde(rename = "CORS")]
    Cors {
        cors: Cors,
    },
    ExternalAuth {
        external_auth: ExternalAuth,
    },
    ExtensionRef {
        extension_ref: LocalObjectReference,
    },
}

impl From<Wire> for HttpFilter {
    fn from(wire: Wire) -> Self {
        match wire {
            Wire::RequestHeaderModifier {
                request_header_modifier: inner,
            } => Self::RequestHeaderModifier(inner),
            Wire::ResponseHeaderModifier {
                response_header_modifier: inner,
            } => Self::ResponseHeaderModifier(inner),
            Wire::RequestMirror {
                request_mirror: inner,
            } => Self::RequestMirror(inner),
            Wire::RequestRedirect {
                request_redirect: inner,
            } => Self::RequestRedirect(inner),
            Wire::UrlRewrite { url_rewrite: inner } => Self::UrlRewrite(inner),
            Wire::Cors { cors: inner } => Self::Cors(inner),
            Wire::ExternalAuth {
                external_auth: inner,
            } => Self::ExternalAuth(inner),
            Wire::ExtensionRef {
                extension_ref: inner,
            } => Self::ExtensionRef(inner),
        }
    }
}

impl From<HttpFilter> for Wire {
    fn from(filter: HttpFilter) -> Self {
        match filter {
            HttpFilter::RequestHeaderModifier(inner) => Self::RequestHeaderModifier {
                request_header_modifier: inner,
            },
            HttpFilter::ResponseHeaderModifier(inner) => Self::ResponseHeaderModifier {
                response_header_modifier: inner,
            },
            HttpFilter::RequestMirror(inner) => Self::RequestMirror {
                request_mirror: inner,
            },
            HttpFilter::RequestRedirect(inner) => Self::RequestRedirect {
                request_redirect: inner,
            },
            HttpFilter::UrlRewrite(inner) => Self::UrlRewrite { url_rewrite: inner },
            HttpFilter::Cors(inner) => Self::Cors { cors: inner },
            HttpFilter::ExternalAuth(inner) => Self::ExternalAuth {
                external_auth: inner,
            },
            HttpFilter::ExtensionRef(inner) => Self::ExtensionRef {
                extension_ref: inner,
            },
        }
    }
}
