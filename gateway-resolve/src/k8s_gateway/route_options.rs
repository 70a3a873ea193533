//! What RouteOptions do to a rule.

use std::collections::BTreeSet;

use gateway_model::k8s_gateway::{RouteOptions, values};
use gateway_model::{Kind, ObjectRef};

use crate::ir::{Filter, Fraction, Mirror, PathRewrite, Rewrite, Rule};
use crate::reader::Reader;

use super::attach::of_route;
use super::filters::OwnFilters;
use super::merge::Merged;
use super::options::{
    self, Outcome, buffer_per_route, check, csrf, faults, header_manipulation, rate_limit,
    unserved, when_read,
};
use super::upstream;

/// The options of a rule of `route`: those that its filters refer to, then those that are for the route.
pub(crate) fn own_options(
    own: &OwnFilters<'_>,
    route: &ObjectRef,
    reader: &Reader<'_>,
    looked_at: &mut BTreeSet<ObjectRef>,
) -> Merged<RouteOptions> {
    let Some(referred) = &own.options else {
        return Merged::default();
    };
    let targeting = of_route(route, reader);
    let all = referred.iter().chain(&targeting);
    looked_at.extend(all.clone().map(|policy| policy.reference()));
    Merged::all(all.map(|policy| (&policy.spec.options, policy.source())))
}

/// Puts options into a rule. What a URLRewrite of the rule says goes before them; they go before its header
/// modifiers, mirrors, timeouts and retries.
pub(crate) fn apply(rule: &mut Rule, merged: &Merged<RouteOptions>, reader: &Reader<'_>) {
    let options = &merged.options;
    when_read(&options.timeout, |field, span| {
        rule.settings.request_timeout = Some(merged.sourced(field, span.0));
        Ok(())
    });
    when_read(&options.retries, |field, retries| {
        rule.settings.retry = Some(merged.sourced(field, options::retry(retries)?));
        if let Some(limit) = retries.per_try_timeout {
            rule.settings.backend_request_timeout = Some(merged.sourced(field, limit.0));
        }
        Ok(())
    });
    if let Some(Ok(_)) = options
        .header_manipulation
        .as_ref()
        .map(|field| &field.read)
    {
        rule.filters.retain(|filter| {
            !matches!(
                filter,
                Filter::RequestHeaders(_) | Filter::ResponseHeaders(_)
            )
        });
    }
    let settings = &mut rule.settings;
    let manipulation = &options.header_manipulation;
    options::set(
        &mut settings.header_manipulation,
        merged,
        manipulation,
        header_manipulation,
    );
    options::set(&mut settings.fault, merged, &options.faults, faults);
    options::set(&mut settings.csrf, merged, &options.csrf, csrf);
    options::set(
        &mut settings.buffer,
        merged,
        &options.buffer_per_route,
        buffer_per_route,
    );
    options::set(
        &mut settings.local_rate_limit,
        merged,
        &options.ratelimit,
        rate_limit,
    );
    when_read(&options.prefix_rewrite, |field, prefix| {
        let path = Some(PathRewrite::Prefix(prefix.as_str().into()));
        if rewrite(
            rule,
            Rewrite {
                hostname: None,
                path,
            },
        ) {
            rule.settings.beside.push(merged.origin(field));
        }
        Ok(())
    });
    when_read(&options.host_rewrite_type, |field, host| {
        let hostname = Some(options::literal_host(host)?);
        if rewrite(
            rule,
            Rewrite {
                hostname,
                path: None,
            },
        ) {
            rule.settings.beside.push(merged.origin(field));
        }
        Ok(())
    });
    when_read(&options.cors, |field, cors| {
        let cors = options::cors(cors)?;
        rule.filters
            .retain(|filter| !matches!(filter, Filter::Cors(_)));
        rule.filters.extend(cors.map(Filter::Cors));
        rule.settings.beside.push(merged.origin(field));
        Ok(())
    });
    when_read(&options.shadowing, |field, shadowing| {
        let share = options::percentage(shadowing.percentage, "shadow percentage")?;
        rule.filters
            .retain(|filter| !matches!(filter, Filter::Mirror(_)));
        rule.filters.extend(mirror(shadowing, share, reader));
        rule.settings.beside.push(merged.origin(field));
        Ok(())
    });
}

/// What is wrong with a policy's options, whatever they are for.
pub(super) fn problems(options: &RouteOptions) -> Vec<Outcome> {
    let mut found = options::problems(options);
    found.extend(check(&options.retries, options::retry));
    found.extend(check(&options.header_manipulation, header_manipulation));
    found.extend(check(&options.host_rewrite_type, options::literal_host));
    found.extend(check(&options.cors, options::cors));
    found.extend(check(&options.shadowing, |shadowing| {
        options::percentage(shadowing.percentage, "shadow percentage")
    }));
    found.extend(check(&options.faults, faults));
    found.extend(check(&options.csrf, csrf));
    found.extend(check(&options.buffer_per_route, buffer_per_route));
    found.extend(check(&options.ratelimit, rate_limit));
    found.extend(unserved(&options.regex_rewrite));
    found.extend(unserved(&options.append_x_forwarded_host));
    found.extend(unserved(&options.extauth));
    found.extend(unserved(&options.transformations));
    found.extend(unserved(&options.staged_transformations));
    found
}

/// Adds to the rewrites of a rule what these leave open; says whether anything was.
fn rewrite(rule: &mut Rule, wanted: Rewrite) -> bool {
    let known = rule.filters.iter_mut().find_map(|filter| match filter {
        Filter::Rewrite(rewrite) => Some(rewrite),
        _ => None,
    });
    let Some(known) = known else {
        rule.filters.push(Filter::Rewrite(wanted));
        return true;
    };
    let adds = (known.hostname.is_none() && wanted.hostname.is_some())
        || (known.path.is_none() && wanted.path.is_some());
    known.hostname = known.hostname.take().or(wanted.hostname);
    known.path = known.path.take().or(wanted.path);
    adds
}

/// A share of nothing copies nothing.
fn mirror(shadowing: &values::Shadowing, share: Fraction, reader: &Reader<'_>) -> Option<Filter> {
    (share.numerator > 0).then(|| {
        let values::ResourceRef { name, namespace } = &shadowing.upstream;
        let target = upstream::target(namespace, name, reader);
        Filter::Mirror(Mirror { target, share })
    })
}
