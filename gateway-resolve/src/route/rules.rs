//! Rules of HTTPRoutes.

use std::sync::Arc;

use gateway_model::{HttpBackendRef, HttpRoute, HttpRule, Kind, Source};

use crate::ir::{
    Action, Match, PathMatch, Refusal, RefusalReason, Rule, Split, Target, WeightedTarget,
};
use crate::problem::Problem;
use crate::reason::{RouteAccepted, RouteResolvedRefs};

use super::compatibility::incompatible;
use super::filters::{Filters, Place, filters};
use super::matches::{Matches, matches};
use super::references::References;
use super::settings::settings;

/// What the rules of one route come to. The same for every parent.
#[derive(Debug, Default)]
pub(crate) struct RouteRules {
    /// The rules, in the order of `spec.rules`.
    pub(crate) rules: Vec<ResolvedRule>,
    /// What is wrong with them.
    pub(crate) problems: RuleProblems,
    /// The positions of the rules that fail closed as a whole.
    pub(crate) failed: Vec<usize>,
}

/// One rule and what it is for.
#[derive(Debug)]
pub(crate) struct ResolvedRule {
    pub(crate) rule: Arc<Rule>,
    /// Its matches, with their positions in the rule.
    pub(crate) matches: Vec<(usize, Match)>,
}

/// What is wrong with the rules of a route.
#[derive(Debug, Default)]
pub(crate) struct RuleProblems {
    /// References that do not resolve.
    pub(crate) unresolved: Vec<Problem<RouteResolvedRefs>>,
    /// Values that cannot be honoured: their rule or backend fails closed.
    pub(crate) invalid: Vec<Problem<RouteAccepted>>,
    /// Settings that cannot be honoured, without which their rule is served.
    pub(crate) dropped: Vec<Problem<RouteAccepted>>,
}

impl RouteRules {
    /// Does every rule of the route fail closed, so that the route is not accepted?
    pub(crate) fn is_hopeless(&self) -> bool {
        !self.rules.is_empty() && self.failed.len() == self.rules.len()
    }
}

/// Resolves the rules of `route`.
///
/// A rule with a value that cannot be honoured is kept, and answers 500: its requests must not
/// fall through to a rule that is less specific, and less guarded.
pub(crate) fn rules(route: &HttpRoute, references: &References<'_>) -> RouteRules {
    let source = route.source();
    let mut outcome = RouteRules::default();
    for (index, written) in route.spec.rules.iter().enumerate() {
        let context = RuleContext {
            written,
            index,
            field: format!("spec.rules[{index}]"),
            source: &source,
            references,
        };
        let (resolved, failed) = context.resolve(route, &mut outcome.problems);
        outcome.rules.push(resolved);
        outcome.failed.extend(failed.then_some(index));
    }
    outcome
}

struct RuleContext<'a> {
    written: &'a HttpRule,
    index: usize,
    field: String,
    source: &'a Source,
    references: &'a References<'a>,
}

impl RuleContext<'_> {
    fn resolve(&self, route: &HttpRoute, problems: &mut RuleProblems) -> (ResolvedRule, bool) {
        let HttpRule {
            name,
            matches: written_matches,
            filters: written_filters,
            backend_refs: _,
            timeouts: _,
            retry: _,
            session_persistence,
        } = self.written;
        let sound_before = problems.invalid.len();
        let Matches { usable, invalid } = matches(written_matches, &self.field);
        let prefixes = usable
            .iter()
            .all(|(_, m)| matches!(m.path, PathMatch::Prefix(_)));
        problems.invalid.extend(invalid);
        problems
            .invalid
            .extend(incompatible(self.written, &self.field));
        let field = format!("{}.filters", self.field);
        let place = Place {
            field: &field,
            of_backend: false,
            prefixes,
        };
        let Filters {
            filters,
            redirect,
            refusal,
        } = filters(written_filters, &place, self.references, problems);
        let failed = problems
            .invalid
            .get(sound_before)
            .map(|problem| problem.text());
        let targets = self.targets(prefixes, problems);
        if session_persistence.is_some() {
            problems.dropped.push(self.without_sessions());
        }
        let action = match (&failed, refusal, redirect) {
            (Some(why), _, _) => fail(RefusalReason::InvalidFilter, why.as_str()),
            (None, Some(refusal), _) => Action::Fail(refusal),
            (None, None, Some(redirect)) => Action::Redirect(redirect),
            (None, None, None) => forward(targets),
        };
        let rule = Rule {
            source: self.source.clone(),
            created: route.metadata.creation_timestamp,
            index: self.index,
            name: name.clone(),
            filters,
            action,
            settings: settings(self.written, self.source),
        };
        let resolved = ResolvedRule {
            rule: Arc::new(rule),
            matches: usable,
        };
        (resolved, failed.is_some())
    }

    fn targets(&self, prefixes: bool, problems: &mut RuleProblems) -> Vec<WeightedTarget> {
        let references = self.written.backend_refs.iter().enumerate();
        let mut targets = Vec::with_capacity(self.written.backend_refs.len());
        for (
            index,
            HttpBackendRef {
                backend,
                filters: written,
            },
        ) in references
        {
            let field = format!("{}.backendRefs[{index}]", self.field);
            let object = backend.object();
            let target = self
                .references
                .target(&object, &field, &mut problems.unresolved);
            let field = format!("{field}.filters");
            let place = Place {
                field: &field,
                of_backend: true,
                prefixes,
            };
            let Filters {
                filters,
                redirect: _,
                refusal,
            } = filters(written, &place, self.references, problems);
            targets.push(WeightedTarget {
                weight: backend.weight,
                filters,
                target: refusal.map_or(target, Target::Refused),
            });
        }
        targets
    }

    fn without_sessions(&self) -> Problem<RouteAccepted> {
        let field = format!("{}.sessionPersistence", self.field);
        let message = "session persistence is not supported; the rule is served without it";
        Problem::new(RouteAccepted::UnsupportedValue, field, message)
    }
}

/// Without a backend of some weight there is nothing that answers: 500, and no reference is at
/// fault (conformance test HTTPRouteNoBackendRefs).
fn forward(targets: Vec<WeightedTarget>) -> Action {
    let message = "the rule has no backend with a weight above zero, and no redirect";
    match Split::new(targets) {
        Some(split) => Action::Forward(split),
        None => fail(RefusalReason::NoBackend, message),
    }
}

fn fail(reason: RefusalReason, message: &str) -> Action {
    Action::Fail(Refusal::new(reason, message))
}
