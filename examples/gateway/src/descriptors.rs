//! File descriptors: as many as the system allows, and no promise beyond.

use gateway_dataplane::Limits;
use rustix::process::{Resource, getrlimit, setrlimit};

/// What is left for all but traffic: listening sockets, files, health checks, the API server.
const RESERVE: usize = 256;
/// Two of three are for clients, most of whose connections wait; the third is for backends, which are bounded each
/// on their own.
const FOR_CLIENTS: (usize, usize) = (2, 3);

/// Raises the limit to the one that the system allows, and lowers what is promised to what fits in it.
pub(crate) fn fit(limits: &mut Limits) {
    let allowed = raise();
    let (share, of) = FOR_CLIENTS;
    let fitting = (allowed.saturating_sub(RESERVE) / of)
        .max(1)
        .saturating_mul(share);
    if fitting < limits.connections {
        tracing::warn!(
            descriptors = allowed,
            connections = fitting,
            wanted = limits.connections * of / share + RESERVE,
            "fewer client connections are accepted: allow this process more files (ulimit -Hn)"
        );
        limits.connections = fitting;
    }
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
