//! Functions of AWS Lambda that are called in the place of a server.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ir::{BackendTls, Endpoint};

/// A function that requests call, by the `Invoke` action of AWS Lambda. The endpoints of its backend are where Lambda
/// itself is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lambda {
    /// What calls are addressed to (`Host`).
    pub authority: Box<str>,
    /// The region that they are signed for.
    pub region: Box<str>,
    /// The function: its name or its ARN.
    pub function: Box<str>,
    /// Which version of it; the latest, when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<Box<str>>,
    /// Is its end waited for? If not, the answer says that it was called.
    pub waits: bool,
    /// Is it given the whole request, as JSON, rather than the body alone?
    pub wraps: bool,
    /// What it answers.
    pub answer: LambdaAnswer,
    /// Are its calls told path and method of the request (`x-envoy-original-path` and `x-envoy-original-method`)?
    pub tells_routing: bool,
    /// What calls are signed with.
    pub credentials: AwsCredentials,
}

/// What a function answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LambdaAnswer {
    /// The body of the response.
    Body,
    /// The whole response, as Application Load Balancers have it.
    OfLoadBalancer,
    /// The whole response, as API Gateways have it.
    OfApiGateway,
}

/// What calls of AWS are signed with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AwsCredentials {
    /// These keys.
    Keys(AwsKeys),
    /// The keys of the data plane's environment, or else what its service account has by a role.
    Environment(AwsRole),
    /// What its service account has by a role.
    WebIdentity(AwsRole),
}

/// A pair of keys. Serialised in full, since an IR may be served by another process; never printed.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwsKeys {
    /// Which pair it is.
    pub access_key_id: Box<str>,
    /// What is known to its owner only.
    pub secret_access_key: Box<str>,
    /// What goes with keys that are good for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<Box<str>>,
}

impl fmt::Debug for AwsKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AwsKeys({}, [hidden])", self.access_key_id)
    }
}

/// A role that is taken by the identity of a service account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwsRole {
    /// The role; that of the data plane's environment, when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Box<str>>,
    /// Is that of the environment taken first, and `role` by it?
    pub chained: bool,
    /// Who is asked for it.
    pub service: TokenService,
    /// After how long it is taken again; before it ends, in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<Duration>,
}

/// The Security Token Service of AWS.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenService {
    /// What calls are addressed to (`Host`).
    pub authority: Box<str>,
    /// The region that they are signed for.
    pub region: Box<str>,
    /// Where it is.
    pub endpoint: Endpoint,
    /// How it is connected to by TLS; in clear when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<BackendTls>,
    /// How long it is waited for.
    pub timeout: Duration,
}
