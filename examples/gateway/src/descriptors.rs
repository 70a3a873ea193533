//! File descriptors: as many as the system allows, and no promise beyond.

use gateway_dataplane::Limits;
use rustix::process::{Resource, getrlimit, setrlimit};

/// What traffic never takes: listening sockets, files, health checks, the API server, pipes.
const RESERVE: usize = 256;
/// One part of so many is for backends; the others are for clients, most of whose connections wait.
const PARTS: usize = 3;

/// Raises the limit to the one that the system allows, and lowers what is promised to what fits in it.
pub(crate) fn fit(limits: &mut Limits) {
    let allowed = raise();
    let wanted = RESERVE + limits.connections + limits.upstream_connections;
    if wanted <= allowed {
        return;
    }
    let part = (allowed.saturating_sub(RESERVE) / PARTS).max(1);
    limits.connections = limits.connections.min(part * (PARTS - 1));
    limits.upstream_connections = limits.upstream_connections.min(part);
    tracing::warn!(
        descriptors = allowed,
        connections = limits.connections,
        upstream_connections = limits.upstream_connections,
        wanted,
        "fewer client connections are accepted, and fewer made to backends: allow this process more files (ulimit -Hn)"
    );
}

/// How many descriptors there may be.
fn raise() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    let before = limit;
    limit.current = limit.maximum;
    let now = match setrlimit(Resource::Nofile, limit) {
        Ok(()) => limit,
        Err(_refused) => before,
    };
    let count = now.current.map(usize::try_from);
    count.map_or(usize::MAX, |count| count.unwrap_or(usize::MAX))
}
