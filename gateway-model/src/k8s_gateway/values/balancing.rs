//! How requests are spread over the endpoints of Upstreams.

use serde::{Deserialize, Deserializer};

use crate::k8s_gateway::proto::{Span, Whole, at_most_one};

/// How requests are spread over the endpoints of an Upstream.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct LoadBalancer {
    /// Which endpoint gets a request.
    pub kind: LoadBalancerKind,
    /// The share of endpoints, of 100, that have to be well: where fewer are, all are asked. 50, when it is not given.
    pub healthy_panic_threshold: Option<f64>,
    /// How long changes are collected for.
    pub update_merge_window: Option<Span>,
    /// Are endpoints hashed by their names, rather than by their addresses?
    pub use_hostname_for_hashing: bool,
    /// Are connections closed when there are other endpoints?
    pub close_connections_on_host_set_change: bool,
}

/// Which endpoint gets a request.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum LoadBalancerKind {
    /// Each in turn.
    RoundRobin(RoundRobin),
    /// The least busy one of some.
    LeastRequest(LeastRequest),
    /// One at random.
    Random,
    /// By the hash of something in a request, on a ring.
    RingHash(RingHash),
    /// By the hash of something in a request, in a table.
    Maglev,
}

impl Default for LoadBalancerKind {
    fn default() -> Self {
        Self::RoundRobin(RoundRobin::default())
    }
}

/// Each in turn.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RoundRobin {
    /// How endpoints that are new get their share.
    pub slow_start_config: Option<SlowStart>,
}

/// The least busy one of some.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LeastRequest {
    /// How many are looked at; 2, when it is not given.
    pub choice_count: Option<u32>,
    /// How endpoints that are new get their share.
    pub slow_start_config: Option<SlowStart>,
}

/// How endpoints that are new get their share.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SlowStart {
    /// How long they are new.
    pub slow_start_window: Option<Span>,
    /// How their share grows: 1 evenly, more sooner; 1, when it is not given.
    pub aggression: Option<f64>,
    /// What they get at first, of 100; 10, when it is not given.
    pub min_weight_percent: Option<f64>,
}

/// The ring.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RingHash {
    /// How large it is.
    pub ring_hash_config: RingHashConfig,
}

/// How large a ring is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RingHashConfig {
    /// At least; 1,024, when it is not given.
    pub minimum_ring_size: Option<Whole>,
    /// At most; 8,388,608, when it is not given.
    pub maximum_ring_size: Option<Whole>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    round_robin: Option<RoundRobin>,
    least_request: Option<LeastRequest>,
    random: Option<Unread>,
    ring_hash: Option<RingHash>,
    maglev: Option<Unread>,
    healthy_panic_threshold: Option<f64>,
    update_merge_window: Option<Span>,
    #[serde(default)]
    use_hostname_for_hashing: bool,
    #[serde(default)]
    close_connections_on_host_set_change: bool,
}

/// What is said of one of them beyond its name.
#[derive(Deserialize)]
struct Unread {}

impl<'de> Deserialize<'de> for LoadBalancer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        at_most_one::<D::Error>(&[
            ("roundRobin", wire.round_robin.is_some()),
            ("leastRequest", wire.least_request.is_some()),
            ("random", wire.random.is_some()),
            ("ringHash", wire.ring_hash.is_some()),
            ("maglev", wire.maglev.is_some()),
        ])?;
        let kinds = [
            wire.round_robin.map(LoadBalancerKind::RoundRobin),
            wire.least_request.map(LoadBalancerKind::LeastRequest),
            wire.random.map(|_| LoadBalancerKind::Random),
            wire.ring_hash.map(LoadBalancerKind::RingHash),
            wire.maglev.map(|_| LoadBalancerKind::Maglev),
        ];
        Ok(Self {
            kind: kinds.into_iter().flatten().next().unwrap_or_default(),
            healthy_panic_threshold: wire.healthy_panic_threshold,
            update_merge_window: wire.update_merge_window,
            use_hostname_for_hashing: wire.use_hostname_for_hashing,
            close_connections_on_host_set_change: wire.close_connections_on_host_set_change,
        })
    }
}
