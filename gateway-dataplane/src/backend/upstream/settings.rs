//! What holds for one backend: its own settings, and where they say nothing, the gateway's limits.

use std::time::Duration;

use gateway_resolve::ir::{self, Sourced};

use super::health::Ejection;
use super::http2;
use super::lane::Keep;
use super::load::Most;
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
    pub(super) connect_patience: Duration,
    pub(super) http2: http2::Settings,
    pub(super) ejection: Ejection,
    pub(super) names: Names,
}

/// How names are looked up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    pub(super) refresh: Duration,
    pub(super) gone: Duration,
}

impl Settings {
    pub(super) fn new(site: &Site<'_>, asked: &ir::BackendSettings) -> Self {
        let limits = site.limits;
        let ejection = value(asked.ejection.as_deref());
        Self {
            workers: site.workers.max(1),
            connect: value(asked.connect_timeout.as_deref()).unwrap_or(limits.connect),
            allowed: Allowance {
                patience: limits.expect_continue,
                response: limits.response_head,
                head: HeadLimits {
                    bytes: limits.response_header_bytes.max(8 << 10),
                    fields: limits.response_header_count,
                },
            },
            most: Most {
                requests: limits.backend_requests,
                connections: limits.backend_connections,
            },
            attempts: limits.connect_attempts.max(1),
            keep: Keep {
                idle: limits.upstream_idle,
                connections: limits.upstream_idle_connections,
            },
            connect_patience: limits.connect_patience,
            http2: limits.into(),
            ejection: Ejection {
                after: ejection.map_or(limits.eject_after.max(1), |asked| asked.after.get()),
                period: ejection.map_or(limits.eject_for, |asked| asked.period),
            },
            names: Names {
                refresh: limits.name_refresh.max(Duration::from_millis(1)),
                gone: limits.name_gone,
            },
        }
    }
}

fn value<T: Copy>(asked: Option<&Sourced<T>>) -> Option<T> {
    asked.map(|asked| asked.value)
}
