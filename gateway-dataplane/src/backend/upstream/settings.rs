//! What holds for one backend: its own settings, and where they say nothing, the gateway's limits.

use std::num::NonZeroU32;
use std::time::Duration;

use gateway_resolve::ir::{self, AppProtocol, Sourced};

use super::http2;
use super::lane::Keep;
use super::load::Most;
use crate::Limits;
use crate::backend::Site;
use crate::codec::h1::{Allowance, HeadLimits};

#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) workers: usize,
    pub(super) connect: Duration,
    pub(super) allowed: Allowance,
    pub(super) most: Most,
    pub(super) attempts: usize,
    pub(super) keep: Keep,
    /// How long a request and its response may take.
    pub(super) exchange: Option<Duration>,
    /// May requests of HTTP/1 clients be written to connections without further ado?
    pub(super) direct: bool,
    /// Are endpoints asked whether they are well?
    pub(super) checked: bool,
    pub(super) connect_patience: Duration,
    pub(super) http2: http2::Settings,
    pub(super) ejection: ir::Ejection,
    /// Is an endpoint that was out taken out again by one failure, and in again by one answer?
    pub(super) probation: bool,
    pub(super) slow_start: Option<ir::SlowStart>,
    /// Are endpoints told apart by their names where a hash chooses one?
    pub(super) hashes_names: bool,
    /// Do connections end when there are other endpoints?
    pub(super) renews: bool,
    pub(super) preconnect: Option<ir::Preconnect>,
    /// Are the words of the names of headers capitalised over HTTP/1?
    pub(super) capitalised: bool,
    /// The share of endpoints, of 100, that have to be well.
    pub(super) panic: Option<u8>,
    pub(super) names: Names,
}

/// How names are looked up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    pub(super) refresh: Duration,
    /// How often, in place of when answers expire.
    pub(super) every: Option<Duration>,
    pub(super) gone: Duration,
}

impl Settings {
    pub(super) fn new(site: &Site<'_>, spec: &ir::Backend) -> Self {
        let asked = &spec.settings;
        let limits = site.limits;
        let http = value(asked.http.as_deref()).unwrap_or_default();
        let fields = http.fields.map(|count| count.get() as usize);
        let ejection = value(asked.ejection.as_deref());
        Self {
            workers: site.workers.max(1),
            connect: value(asked.connect_timeout.as_deref()).unwrap_or(limits.connect),
            allowed: Allowance {
                patience: limits.expect_continue,
                response: limits.response_head,
                head: HeadLimits {
                    bytes: limits.response_header_bytes.max(8 << 10),
                    fields: fields.unwrap_or(limits.response_header_count),
                },
            },
            most: most(limits, asked),
            attempts: limits.connect_attempts.max(1),
            keep: Keep {
                idle: http.idle.unwrap_or(limits.upstream_idle),
                connections: match asked.proxy_header {
                    // Each is for one client.
                    Some(_) => 0,
                    None => limits.upstream_idle_connections,
                },
                requests: http.requests,
            },
            exchange: http.exchange,
            direct: is_direct(spec),
            checked: asked.health_check.is_some(),
            connect_patience: limits.connect_patience,
            http2: http2::Settings::new(limits, asked),
            probation: ejection.is_none(),
            ejection: ejection.unwrap_or_else(|| {
                let after = NonZeroU32::new(limits.eject_after).unwrap_or(NonZeroU32::MIN);
                ir::Ejection::of_silent(after, limits.eject_for)
            }),
            names: Names {
                refresh: limits.name_refresh.max(Duration::from_millis(1)),
                every: value(asked.name_refresh.as_deref()),
                gone: limits.name_gone,
            },
            slow_start: value(asked.slow_start.as_deref()),
            hashes_names: value(asked.hashes_names.as_deref()).unwrap_or_default(),
            renews: value(asked.renews_connections.as_deref()).unwrap_or_default(),
            // Connections that begin with a client's address are for that client alone.
            preconnect: value(asked.preconnect.as_deref()).filter(|_| asked.proxy_header.is_none()),
            capitalised: http.capitalised,
            panic: value(asked.panic_threshold.as_deref()).map(|threshold| threshold.0),
        }
    }
}

fn is_direct(spec: &ir::Backend) -> bool {
    let asked = &spec.settings;
    let protocol = !matches!(spec.protocol, AppProtocol::H2c | AppProtocol::AsClient);
    let exchange = asked.http.as_ref().and_then(|http| http.value.exchange);
    protocol && asked.proxy_header.is_none() && exchange.is_none() && asked.lambda.is_none()
}

/// What may be open: no more than the gateway allows.
fn most(limits: &Limits, asked: &ir::BackendSettings) -> Most {
    let asked = value(asked.open_at_most.as_deref()).unwrap_or_default();
    let least =
        |asked: Option<u32>, limit: usize| asked.map_or(limit, |asked| limit.min(asked as usize));
    Most {
        requests: least(asked.requests, limits.backend_requests),
        connections: least(asked.connections, limits.backend_connections),
        waiting: asked.waiting.map_or(0, |waiting| waiting as usize),
        retries: least(asked.retries, usize::MAX),
    }
}

fn value<T: Copy>(asked: Option<&Sourced<T>>) -> Option<T> {
    asked.map(|asked| asked.value)
}
