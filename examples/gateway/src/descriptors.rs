//! File descriptors: as many as the system allows, and no promise beyond.

use gateway_dataplane::Limits;
use rustix::process::{Resource, getrlimit, setrlimit};

/// What is left for all but traffic: listening sockets, files, health checks, the API server.
const RESERVE: usize = 256;
/// A client's connection and its backend's, with a pipe in between (`splice`).
const EACH: usize = 4;

/// Raises the limit to the one that the system allows, and lowers what is promised to what fits in it.
pub(crate) fn fit(limits: &mut Limits) {
    let allowed = raise();
    let fitting = allowed.saturating_sub(RESERVE).max(EACH) / EACH;
    if fitting < limits.connections {
        tracing::warn!(
            descriptors = allowed,
            connections = fitting,
            wanted = limits.connections * EACH + RESERVE,
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
