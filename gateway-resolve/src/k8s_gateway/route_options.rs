//! What RouteOptions do to a rule.

use std::collections::BTreeSet;

use gateway_model::k8s_gateway::{RouteOptions, values};
use gateway_model::{Kind, ObjectRef};

use crate::ir::{Filter, Fraction, Mirror, Rule};
use crate::reader::Reader;

use super::attach::of_route;
use super::auto_host;
use super::filters::OwnFilters;
use super::merge::Merged;
use super::options::{
    self, Outcome, buffer_per_route, check, csrf, faults, header_manipulation, set_transformations,
    staged_transformations, transformations, when_read,
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
    time(rule, merged);
    settle(rule, merged, reader);
    route(rule, merged);
    rewrites(rule, merged, reader);
    filters(rule, merged, reader);
}

/// How long requests may take, and how often they are tried.
fn time(rule: &mut Rule, merged: &Merged<RouteOptions>) {
    when_read(&merged.options.timeout, |field, span| {
        rule.settings.request_timeout = Some(merged.sourced(field, span.0));
        Ok(())
    });
    let (options, settings) = (&merged.options, &mut rule.settings);
    let idle = &mut settings.idle_timeout;
    options::set(idle, merged, &options.idle_timeout, |span| Ok(span.0));
    let (slot, written) = (&mut settings.stream_duration, &options.max_stream_duration);
    options::set(slot, merged, written, |written| {
        Ok(options::stream_duration(written))
    });
    when_read(&merged.options.retries, |field, retries| {
        rule.settings.retry = Some(merged.sourced(field, options::retry(retries)?));
        Ok(())
    });
}

/// What becomes a setting as it is.
fn settle(rule: &mut Rule, merged: &Merged<RouteOptions>, reader: &Reader<'_>) {
    let RouteOptions {
        header_manipulation: manipulation,
        faults: injected,
        csrf: sites,
        buffer_per_route: buffered,
        ratelimit: limited,
        extauth: asked,
        transformations: legacy,
        staged_transformations: staged,
        ..
    } = &merged.options;
    if manipulation
        .as_ref()
        .is_some_and(|field| field.read.is_ok())
    {
        let edits_headers = |filter: &Filter| {
            matches!(
                filter,
                Filter::RequestHeaders(_) | Filter::ResponseHeaders(_)
            )
        };
        rule.filters.retain(|filter| !edits_headers(filter));
    }
    let settings = &mut rule.settings;
    let headers = &mut settings.header_manipulation;
    options::set(headers, merged, manipulation, |written| {
        header_manipulation(written, reader)
    });
    options::set(&mut settings.fault, merged, injected, faults);
    options::set(&mut settings.csrf, merged, sites, csrf);
    options::set(&mut settings.buffer, merged, buffered, buffer_per_route);
    let (local, told) = (
        &mut settings.local_rate_limit,
        &mut settings.rate_limit_descriptors,
    );
    options::set_rate_limits((local, told, &mut settings.beside), merged, limited);
    let (slot, beside) = (&mut settings.authorized, &mut settings.beside);
    options::set_authorized(slot, beside, merged, asked);
    let (slot, beside) = (&mut settings.transformations, &mut settings.beside);
    set_transformations(slot, beside, merged, staged, legacy);
}

/// What requests are told apart by, what they may change to, and what is known of the rule.
fn route(rule: &mut Rule, merged: &Merged<RouteOptions>) {
    let (written, settings) = (&merged.options, &mut rule.settings);
    let (slot, hashed) = (&mut settings.hash_policies, &written.lb_hash);
    options::set(slot, merged, hashed, options::hash_policies);
    let (slot, allowed) = (&mut settings.upgrades, &written.upgrades);
    options::set(slot, merged, allowed, |written| options::upgrades(written));
    let (slot, known) = (&mut settings.metadata, &written.envoy_metadata);
    options::set(slot, merged, known, |written| {
        Ok(options::rule_metadata(written))
    });
}

/// What is rewritten, as far as the rule's own rewrites leave it open.
fn rewrites(rule: &mut Rule, merged: &Merged<RouteOptions>, reader: &Reader<'_>) {
    let own = rule.filters.iter().filter_map(|filter| {
        let Filter::Rewrite(rewrite) = filter else {
            return None;
        };
        Some(rewrite)
    });
    let path_is_open = own.clone().all(|own| own.path.is_none());
    let host_is_open = own.clone().all(|own| own.hostname.is_none());
    let (options, settings) = (&merged.options, &mut rule.settings);
    if path_is_open {
        let path = &mut settings.path_rewrite;
        options::set(path, merged, &options.regex_rewrite, options::regex_rewrite);
        when_read(&options.prefix_rewrite, |field, prefix| {
            let change = options::prefix_rewrite(prefix);
            *path = change
                .map(|change| merged.sourced(field, change))
                .or(path.take());
            Ok(())
        });
    }
    if host_is_open {
        when_read(&options.host_rewrite_type, |field, host| {
            let change = options::host_rewrite(host)?;
            match change {
                Some(change) => settings.host_rewrite = Some(merged.sourced(field, change)),
                None => settings.beside.push(merged.origin(field)),
            }
            Ok(())
        });
    }
    if host_is_open && asks_by_name(options) {
        auto_host::ask_by_name(rule, reader);
    }
    let settings = &mut rule.settings;
    let (slot, told) = (&mut settings.tells_host, &options.append_x_forwarded_host);
    options::set(slot, merged, told, |told| Ok(*told));
}

fn asks_by_name(options: &RouteOptions) -> bool {
    let host = options.host_rewrite_type.as_ref();
    let host = host.and_then(|field| field.read.as_ref().ok());
    matches!(host, Some(values::HostRewrite::AutoHostRewrite(true)))
}

/// What takes the place of filters of its kind.
fn filters(rule: &mut Rule, merged: &Merged<RouteOptions>, reader: &Reader<'_>) {
    when_read(&merged.options.cors, |field, cors| {
        rule.settings.cors = Some(merged.sourced(field, options::cors(cors)?));
        rule.filters
            .retain(|filter| !matches!(filter, Filter::Cors(_)));
        Ok(())
    });
    when_read(&merged.options.shadowing, |field, shadowing| {
        let share = options::percentage(shadowing.percentage, "shadow percentage")?;
        rule.filters
            .retain(|filter| !matches!(filter, Filter::Mirror(_)));
        rule.filters.extend(mirror(shadowing, share, reader));
        rule.settings.beside.push(merged.origin(field));
        Ok(())
    });
}

/// What is wrong with a policy's options, whatever they are for.
pub(super) fn problems(options: &RouteOptions, reader: &Reader<'_>) -> Vec<Outcome> {
    let mut found = options::problems(options);
    found.extend(check(&options.retries, options::retry));
    found.extend(check(&options.header_manipulation, |written| {
        header_manipulation(written, reader)
    }));
    found.extend(check(&options.lb_hash, options::hash_policies));
    found.extend(check(&options.upgrades, |written| {
        options::upgrades(written)
    }));
    found.extend(check(&options.host_rewrite_type, options::host_rewrite));
    found.extend(check(&options.cors, options::cors));
    found.extend(check(&options.shadowing, |shadowing| {
        options::percentage(shadowing.percentage, "shadow percentage")
    }));
    found.extend(check(&options.faults, faults));
    found.extend(check(&options.csrf, csrf));
    found.extend(check(&options.buffer_per_route, buffer_per_route));
    found.extend(options::rate_limit_problems(&options.ratelimit));
    found.extend(check(&options.regex_rewrite, options::regex_rewrite));
    found.extend(options::authorized_problems(&options.extauth));
    found.extend(check(&options.transformations, transformations));
    found.extend(check(
        &options.staged_transformations,
        staged_transformations,
    ));
    found
}

/// A share of nothing copies nothing.
fn mirror(shadowing: &values::Shadowing, share: Fraction, reader: &Reader<'_>) -> Option<Filter> {
    (share.numerator > 0).then(|| {
        let values::ResourceRef { name, namespace } = &shadowing.upstream;
        let target = upstream::target(namespace, name, reader);
        Filter::Mirror(Mirror {
            target,
            share,
            host_suffix: Some("-shadow".into()),
        })
    })
}
