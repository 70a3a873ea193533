//! How Upstreams are connected to.

use serde::{Deserialize, Deserializer};

use crate::k8s_gateway::proto::{Span, at_most_one};

/// Connections to an Upstream.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConnectionConfig {
    /// The time that one may take to be made.
    pub connect_timeout: Option<Span>,
}

/// How requests are spread over the endpoints of an Upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum LoadBalancer {
    /// Each in turn.
    #[default]
    RoundRobin,
    /// To the less busy one of two.
    LeastRequest,
    /// At random.
    Random,
    /// By the hash of something in a request, on a ring.
    RingHash,
    /// By the hash of something in a request, in a table.
    Maglev,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    round_robin: Option<Unread>,
    least_request: Option<Unread>,
    random: Option<Unread>,
    ring_hash: Option<Unread>,
    maglev: Option<Unread>,
}

/// What is said of one of them beyond its name.
#[derive(Deserialize)]
struct Unread {}

impl<'de> Deserialize<'de> for LoadBalancer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        let all = [
            ("roundRobin", wire.round_robin.is_some(), Self::RoundRobin),
            (
                "leastRequest",
                wire.least_request.is_some(),
                Self::LeastRequest,
            ),
            ("random", wire.random.is_some(), Self::Random),
            ("ringHash", wire.ring_hash.is_some(), Self::RingHash),
            ("maglev", wire.maglev.is_some(), Self::Maglev),
        ];
        at_most_one::<D::Error>(&all.map(|(name, is_set, _)| (name, is_set)))?;
        let chosen = all.into_iter().find(|(_, is_set, _)| *is_set);
        Ok(chosen.map_or(Self::default(), |(.., kind)| kind))
    }
}

/// When endpoints of an Upstream that fail are left alone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OutlierDetection {
    /// How often it is looked at; it has to be given.
    pub interval: Option<Span>,
    /// Failures in a row; 5, when it is not given, and 0 for never.
    pub consecutive_5xx: Option<u32>,
    /// The same of failures without a response, where these count apart.
    pub consecutive_local_origin_failure: Option<u32>,
    /// Do failures without a response count apart?
    pub split_external_local_origin_errors: bool,
    /// For how long they are left alone at first; 30 seconds, when it is not given.
    pub base_ejection_time: Option<Span>,
}
