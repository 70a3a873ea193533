//! What VirtualHostOptions come to.

use gateway_model::k8s_gateway::VirtualHostOptions;

use crate::ir::VirtualHostSettings;
use crate::reader::Reader;

use super::merge::Merged;
use super::options::{self, Outcome, check, set};

/// The settings of virtual hosts.
pub(super) fn of_hosts(
    merged: &Merged<VirtualHostOptions>,
    reader: &Reader<'_>,
) -> VirtualHostSettings {
    let written = &merged.options;
    let mut settings = VirtualHostSettings::default();
    let to = &mut settings;
    set(&mut to.csrf, merged, &written.csrf, options::csrf);
    let (slot, buffer) = (&mut to.buffer, &written.buffer_per_route);
    set(slot, merged, buffer, options::buffer_per_route);
    let (local, told) = (&mut to.local_rate_limit, &mut to.rate_limit_descriptors);
    let slots = (local, told, &mut to.beside);
    options::set_rate_limits(slots, merged, &written.ratelimit);
    let (slot, beside) = (&mut to.authorized, &mut to.beside);
    options::set_authorized(slot, beside, merged, &written.extauth);
    set(&mut to.retry, merged, &written.retries, options::retry);
    set_on_attempts(to, merged);
    let (slot, stats) = (&mut to.virtual_clusters, &written.stats);
    set(slot, merged, stats, options::virtual_clusters);
    set(&mut to.cors, merged, &written.cors, options::host_cors);
    let (slot, merge) = (&mut to.cors_merge, &written.cors_policy_merge_settings);
    set(slot, merged, merge, |merge| Ok(options::cors_merge(merge)));
    let (slot, headers) = (&mut to.header_manipulation, &written.header_manipulation);
    set(slot, merged, headers, |written| {
        options::header_manipulation(written, reader)
    });
    let (slot, beside) = (&mut to.transformations, &mut to.beside);
    let (staged, legacy) = (&written.staged_transformations, &written.transformations);
    options::set_transformations(slot, beside, merged, staged, legacy);
    settings
}

/// Who is told of attempts.
fn set_on_attempts(to: &mut VirtualHostSettings, merged: &Merged<VirtualHostOptions>) {
    let written = &merged.options;
    let rows = [
        (
            &mut to.tells_backends_attempts,
            &written.include_request_attempt_count,
        ),
        (
            &mut to.tells_clients_attempts,
            &written.include_attempt_count_in_response,
        ),
    ];
    for (slot, told) in rows {
        set(slot, merged, told, |told| Ok(*told));
    }
}

/// What is wrong with the options of a VirtualHostOption.
pub(super) fn host_problems(options: &VirtualHostOptions, reader: &Reader<'_>) -> Vec<Outcome> {
    let mut found = options::problems(options);
    found.extend(check(&options.csrf, options::csrf));
    found.extend(check(&options.buffer_per_route, options::buffer_per_route));
    found.extend(options::rate_limit_problems(&options.ratelimit));
    found.extend(check(&options.header_manipulation, |written| {
        options::header_manipulation(written, reader)
    }));
    found.extend(check(&options.retries, options::retry));
    found.extend(check(&options.stats, options::virtual_clusters));
    found.extend(check(&options.cors, options::host_cors));
    found.extend(options::authorized_problems(&options.extauth));
    found.extend(check(&options.transformations, options::transformations));
    found.extend(check(
        &options.staged_transformations,
        options::staged_transformations,
    ));
    found
}
