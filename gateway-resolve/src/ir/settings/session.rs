//! Sessions.

use std::time::Duration;

use gateway_model::HeaderName;
use serde::{Deserialize, Serialize};

/// How the requests of a session find the endpoint of the first one again, whatever the weights (GEP-1619).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionPersistence {
    /// What the client keeps its session in.
    pub carrier: SessionCarrier,
    /// When a session ends, counted from its beginning; never when `None`.
    pub absolute_timeout: Option<Duration>,
}

/// What a client keeps a session in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SessionCarrier {
    /// A cookie.
    Cookie {
        /// Its name, a token (RFC 6265).
        name: Box<str>,
        /// Does it live for the absolute timeout, rather than for the session of the browser?
        permanent: bool,
        /// Does it go back to the path of the route alone? Else clients take the path from that of the request
        /// (RFC 6265, section 5.1.4).
        of_route: bool,
    },
    /// A header of responses, which requests carry as well.
    Header(HeaderName),
}
