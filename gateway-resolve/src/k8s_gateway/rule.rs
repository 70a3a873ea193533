//! What all of it comes to for one rule.

use std::collections::BTreeMap;
use std::fmt;

use gateway_model::k8s_gateway::RouteOptions;
use gateway_model::{HttpFilter, HttpRoute, HttpRule, Kind};

use crate::ir::{Action, Match, RefusalReason, Rule};
use crate::route::outcome::{ResolvedRule, RouteRules};
use crate::route::patterns::Patterns;
use crate::route::references::References;

use super::delegation::{Overrides, Under, delegates, delegates_only, expand};
use super::filters::{Answer, own_filters};
use super::merge::Merged;
use super::route_options::{apply, own_options};

/// A rule as the Gateway API has it, and where it stands.
pub(crate) struct Native<'a> {
    /// As it is written.
    pub(crate) written: &'a HttpRule,
    /// Its field, as in `spec.rules[0]`.
    pub(crate) field: fmt::Arguments<'a>,
    /// The annotations of its route.
    pub(crate) annotations: &'a BTreeMap<String, String>,
    /// Where its references are looked up.
    pub(crate) references: &'a References<'a>,
    /// The rules that lead to its route.
    pub(crate) above: Option<&'a Under<'a>>,
    /// The regular expressions of all routes.
    pub(crate) patterns: &'a Patterns,
}

/// Adds to a rule what it refers to, what is for its route and what comes from above, and to `outcome` the
/// rules that it delegates to.
pub(crate) fn extended(
    mut rule: Rule,
    matches: Vec<(usize, Match)>,
    native: &Native<'_>,
    outcome: &mut RouteRules,
) -> ResolvedRule {
    let Native {
        written,
        field,
        annotations,
        references,
        above,
        patterns,
    } = native;
    if references.from.kind != HttpRoute::KIND {
        return ResolvedRule {
            rule: rule.into(),
            matches,
        };
    }
    let mut matches = match above {
        Some(above) => above.narrow(annotations, &matches, &mut patterns.of_route()),
        None => matches,
    };
    let own = own_filters(
        &written.filters,
        format_args!("{field}.filters"),
        &references.from.namespace,
        ends(written),
        references.reader,
        &mut outcome.problems,
    );
    answer(&mut rule, own.answer.clone(), outcome);
    let options = own_options(
        &own,
        references.from,
        references.reader,
        &mut outcome.looked_at,
    );
    if delegates(written) {
        delegate(&rule, &matches, &options, native, outcome);
        if delegates_only(written) {
            matches.clear();
        }
    }
    let options = match above {
        Some(above) => {
            above.amend(&mut rule);
            above.inherit(options)
        }
        None => options,
    };
    apply(&mut rule, &options, references.reader);
    outcome
        .options
        .extend(options.sources().into_iter().cloned());
    ResolvedRule {
        rule: rule.into(),
        matches,
    }
}

/// Adds to `outcome` the rules that this one delegates to.
fn delegate(
    rule: &Rule,
    matches: &[(usize, Match)],
    options: &Merged<RouteOptions>,
    native: &Native<'_>,
    outcome: &mut RouteRules,
) {
    let Native {
        written,
        field,
        annotations,
        references,
        above,
        patterns,
    } = native;
    let under = Under {
        above: *above,
        link: rule.source.clone(),
        matches,
        options,
        overrides: Overrides::of(annotations),
        filters: &rule.filters,
        failed: match &rule.action {
            Action::Fail(refusal) => {
                Some(refusal).filter(|refusal| refusal.reason != RefusalReason::NoBackend)
            }
            Action::Forward(_) | Action::Redirect(_) | Action::Respond(_) => None,
        },
    };
    let unresolved = &mut outcome.problems.unresolved;
    let delegated = expand(written, *field, &under, references, patterns, unresolved);
    outcome.delegated.extend(delegated);
}

/// Does a rule answer by backends or by a redirect?
fn ends(written: &HttpRule) -> bool {
    let redirects = |filter: &HttpFilter| matches!(filter, HttpFilter::RequestRedirect(_));
    !written.backend_refs.is_empty() || written.filters.iter().any(redirects)
}

/// Has the rule answer itself, unless it fails closed already.
fn answer(rule: &mut Rule, answer: Option<Answer>, outcome: &mut RouteRules) {
    let fails =
        matches!(&rule.action, Action::Fail(refusal) if refusal.reason != RefusalReason::NoBackend);
    let Some(answer) = answer.filter(|_| !fails) else {
        return;
    };
    if matches!(answer, Answer::Refusal(_)) && !outcome.problems.invalid.is_empty() {
        outcome.failed.push(rule.source.id.index);
    }
    rule.action = answer.into_action();
}
