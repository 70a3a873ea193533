//! What requests are told apart by, where those that are alike go to one endpoint.

use std::time::Duration;

use gateway_model::HeaderName;
use serde::{Deserialize, Serialize};

/// The parts of requests that are hashed, in order. Backends count them that balance by a hash.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HashPolicies(pub Vec<HashPolicy>);

/// A part of requests that is hashed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HashPolicy {
    /// Which.
    pub part: HashedPart,
    /// Are those after it left out when there is a hash by now?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_last: bool,
}

/// A part of requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum HashedPart {
    /// A header.
    Header(HeaderName),
    /// A cookie.
    Cookie {
        /// Its name.
        name: Box<str>,
        /// Clients get one that lives for so long; while the browser runs, when it is zero. They get none when `None`.
        lives: Option<Duration>,
        /// Its path.
        path: Box<str>,
    },
    /// The address of the client.
    ClientAddress,
}
