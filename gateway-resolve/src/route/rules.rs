//! Rules of the routes that HTTP carries.

use std::borrow::Cow;
use std::sync::Arc;

use gateway_model::{
    HttpBackendRef, HttpMatch, HttpRule, Kind, Route, RouteRule, Rule as WrittenRule, Source,
    Timestamp, Unread, UnreadRule,
};

use crate::ir::{
    Action, Match, PathMatch, Refusal, RefusalReason, Rule, RuleSettings, SessionPersistence,
    Sourced, Split, Target, WeightedTarget,
};
#[cfg(feature = "k8s-gateway")]
use crate::k8s_gateway::delegation::is_delegation;
#[cfg(feature = "k8s-gateway")]
use crate::k8s_gateway::{Native, extended};
use crate::problem::{Problem, texts};
use crate::reason::{RouteAccepted, RouteResolvedRefs};

use super::compatibility::incompatible;
use super::filters::{Filters, Place, filters};
use super::matches::{Matches, Read, http, matches};
use super::patterns::{Patterns, RoutePatterns};
use super::references::References;
use super::session::session;
use super::settings::settings;
use super::stream::StreamRules;

/// What the rules of one route come to. The same for every parent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct RouteRules {
    pub(crate) rules: Rules,
    /// What is wrong with them.
    pub(crate) problems: RuleProblems,
    /// The positions of the rules that fail closed as a whole.
    pub(crate) failed: Vec<usize>,
    /// The routes that rules of it delegate to.
    #[cfg(feature = "k8s-gateway")]
    pub(crate) delegated: Vec<crate::k8s_gateway::delegation::Delegated>,
    /// The policies that set something for a rule of it.
    #[cfg(feature = "k8s-gateway")]
    pub(crate) options: std::collections::BTreeSet<Source>,
    /// The policies that were looked at.
    #[cfg(feature = "k8s-gateway")]
    pub(crate) looked_at: std::collections::BTreeSet<gateway_model::ObjectRef>,
}

/// The rules of a route.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Rules {
    /// For requests, in the order of `spec.rules`.
    OverHttp(Vec<ResolvedRule>),
    /// For connections or datagrams.
    Stream(StreamRules),
}

impl Default for Rules {
    fn default() -> Self {
        Self::OverHttp(Vec::new())
    }
}

impl Rules {
    /// Those for requests.
    pub(crate) fn over_http(&self) -> &[ResolvedRule] {
        match self {
            Self::OverHttp(rules) => rules,
            Self::Stream(_) => &[],
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::OverHttp(rules) => rules.len(),
            Self::Stream(_) => 1,
        }
    }
}

/// One rule and what it is for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ResolvedRule {
    pub(crate) rule: Arc<Rule>,
    /// Its matches, with their positions in the rule.
    pub(crate) matches: Vec<(usize, Match)>,
}

/// What is wrong with the rules of a route.
#[derive(Debug, Default, PartialEq, Eq)]
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
        !self.failed.is_empty() && self.failed.len() == self.rules.len()
    }

    /// Takes over the rules of an earlier version that are the same.
    pub(crate) fn share(&mut self, earlier: &Self) {
        if let Rules::OverHttp(rules) = &mut self.rules {
            for (rule, known) in rules.iter_mut().zip(earlier.rules.over_http()) {
                if rule.rule == known.rule {
                    rule.rule = Arc::clone(&known.rule);
                }
            }
        }
    }

    /// The rules for requests, those included that rules delegate to.
    pub(crate) fn served(&self) -> Vec<&ResolvedRule> {
        #[cfg_attr(
            not(feature = "k8s-gateway"),
            expect(unused_mut, reason = "nothing is added")
        )]
        let mut served: Vec<_> = self.rules.over_http().iter().collect();
        #[cfg(feature = "k8s-gateway")]
        for delegated in &self.delegated {
            served.extend(delegated.rules.served());
        }
        served
    }
}

#[cfg(feature = "k8s-gateway")]
impl RouteRules {
    /// The policies that set something, and those that were looked at, for it and for what it delegates to.
    pub(crate) fn policies(&self) -> (Vec<&Source>, Vec<&gateway_model::ObjectRef>) {
        let mut set: Vec<_> = self.options.iter().collect();
        let mut looked_at: Vec<_> = self.looked_at.iter().collect();
        for delegated in &self.delegated {
            let (more_set, more) = delegated.rules.policies();
            set.extend(more_set);
            looked_at.extend(more);
        }
        (set, looked_at)
    }
}

/// A kind of rule for requests that HTTP carries.
pub(crate) trait OverHttp: WrittenRule + 'static {
    /// Reads one of its matches.
    fn read(written: &Self::Match, patterns: &mut RoutePatterns<'_>) -> Read;

    /// Its own matches.
    fn own_matches(&self) -> &[Self::Match];

    /// The rest of it, which an HTTPRoute could have as well.
    fn as_http(&self) -> Cow<'_, HttpRule>;
}

impl OverHttp for HttpRule {
    fn read(written: &HttpMatch, patterns: &mut RoutePatterns<'_>) -> Read {
        http(written, patterns)
    }

    fn own_matches(&self) -> &[HttpMatch] {
        &self.matches
    }

    fn as_http(&self) -> Cow<'_, HttpRule> {
        Cow::Borrowed(self)
    }
}

/// The rules that lead to a route, where others may delegate to it.
#[cfg(feature = "k8s-gateway")]
pub(crate) type Above<'a> = Option<&'a crate::k8s_gateway::delegation::Under<'a>>;
#[cfg(not(feature = "k8s-gateway"))]
pub(crate) type Above<'a> = Option<&'a std::convert::Infallible>;

/// Resolves the rules of `route`.
///
/// A rule with a value that cannot be honoured is kept, and answers 500: its requests must not
/// fall through to a rule that is less specific, and less guarded. Which requests a match was for
/// that cannot be honoured itself is not known; a rule that has no other is left out.
pub(crate) fn rules<R: OverHttp>(
    route: &Route<R>,
    references: &References<'_>,
    patterns: &Patterns,
) -> RouteRules
where
    Route<R>: Kind,
{
    rules_below(route, references, patterns, None)
}

/// The same for a route that rules lead to.
pub(crate) fn rules_below<R: OverHttp>(
    route: &Route<R>,
    references: &References<'_>,
    known: &Patterns,
    #[cfg_attr(
        not(feature = "k8s-gateway"),
        expect(unused_variables, reason = "there are none")
    )]
    above: Above<'_>,
) -> RouteRules
where
    Route<R>: Kind,
{
    let source = route.source();
    let mut resolved = Vec::new();
    let mut patterns = known.of_route();
    let mut outcome = RouteRules::default();
    for (index, written) in route.spec.rules.iter().enumerate() {
        let written = match written {
            RouteRule::Read(written) => written,
            RouteRule::Unread(unread) => {
                let rule = unread_rule(unread, index, route, &mut patterns, &mut outcome.problems);
                outcome.failed.push(index);
                resolved.push(rule);
                continue;
            }
        };
        let context = RuleContext {
            written: &written.as_http(),
            index,
            field: format!("spec.rules[{index}]"),
            source: &source,
            created: route.metadata.creation_timestamp,
            references,
        };
        let sound = outcome.problems.invalid.len();
        let read = |one: &R::Match| R::read(one, &mut patterns);
        let matches = matches(written.own_matches(), &context.field, read);
        let (matches, filters) = context.head(matches, &mut outcome.problems);
        let failed = outcome.problems.invalid.get(sound).map(Problem::text);
        outcome.failed.extend(failed.is_some().then_some(index));
        let sound = outcome.problems.invalid.len();
        let targets = context.targets(all_prefixes(&matches), &mut outcome.problems);
        let none_left = outcome.problems.invalid.len() > sound && targets.iter().all(is_invalid);
        if none_left && failed.is_none() {
            outcome.failed.push(index);
        }
        let rule = context.rule(filters, targets, failed);
        #[cfg(feature = "k8s-gateway")]
        let one = {
            let native = Native {
                written: context.written,
                field: &context.field,
                annotations: &route.metadata.annotations,
                references,
                above,
                patterns: known,
            };
            extended(rule, matches, &native, &mut outcome)
        };
        #[cfg(not(feature = "k8s-gateway"))]
        let one = ResolvedRule {
            rule: rule.into(),
            matches,
        };
        resolved.push(one);
    }
    outcome.rules = Rules::OverHttp(resolved);
    outcome
}

/// A rule that isn't understood answers 500 to the requests that it is known to be for.
fn unread_rule<R: OverHttp>(
    unread: &UnreadRule<R::Match>,
    index: usize,
    route: &Route<R>,
    patterns: &mut RoutePatterns<'_>,
    problems: &mut RuleProblems,
) -> ResolvedRule
where
    Route<R>: Kind,
{
    let UnreadRule {
        name,
        matches: understood,
        problems: gaps,
        stored: _,
    } = unread;
    let found: Vec<_> = gaps.iter().map(unsupported).collect();
    let refusal = Refusal::new(RefusalReason::UnsupportedValue, texts(&found));
    problems.invalid.extend(found);
    let understood = match understood.is_empty() {
        true => Matches::default(),
        false => matches(understood, &format!("spec.rules[{index}]"), |one| {
            R::read(one, patterns)
        }),
    };
    let rule = Rule {
        source: route.source(),
        created: route.metadata.creation_timestamp,
        index,
        name: name.clone(),
        filters: Vec::new(),
        action: Action::Fail(refusal),
        settings: RuleSettings::default(),
        chain: Vec::new(),
    };
    ResolvedRule {
        rule: Arc::new(rule),
        matches: understood.usable,
    }
}

pub(super) fn unsupported(gap: &Unread) -> Problem<RouteAccepted> {
    let Unread { field, message } = gap;
    Problem::new(RouteAccepted::UnsupportedValue, field, message)
}

/// Is a backend refused for what its reference says of requests?
fn is_invalid(target: &WeightedTarget) -> bool {
    let invalid = |refusal: &Refusal| refusal.reason == RefusalReason::InvalidFilter;
    target.weight == 0 || matches!(&target.target, Target::Refused(refusal) if invalid(refusal))
}

fn all_prefixes(matches: &[(usize, Match)]) -> bool {
    let mut paths = matches.iter().map(|(_, usable)| &usable.path);
    paths.all(|path| matches!(path, PathMatch::Prefix(_)))
}

struct RuleContext<'a> {
    written: &'a HttpRule,
    index: usize,
    field: String,
    source: &'a Source,
    created: Option<Timestamp>,
    references: &'a References<'a>,
}

impl RuleContext<'_> {
    /// The matches and filters of the rule: what fails it as a whole.
    fn head(
        &self,
        Matches { usable, invalid }: Matches,
        problems: &mut RuleProblems,
    ) -> (Vec<(usize, Match)>, Filters) {
        problems.invalid.extend(invalid);
        problems
            .invalid
            .extend(incompatible(self.written, &self.field));
        let place = Place {
            field: &format!("{}.filters", self.field),
            of_backend: false,
            prefixes: all_prefixes(&usable),
        };
        let filters = filters(&self.written.filters, &place, self.references, problems);
        if let Some(Err(message)) = self.session() {
            let field = format!("{}.sessionPersistence", self.field);
            let message = format!("{message}; the rule is served without sessions");
            let reason = RouteAccepted::UnsupportedValue;
            problems.dropped.push(Problem::new(reason, field, message));
        }
        (usable, filters)
    }

    /// The backends of the rule, each of which fails on its own.
    fn targets(&self, prefixes: bool, problems: &mut RuleProblems) -> Vec<WeightedTarget> {
        let backends = self.written.backend_refs.iter().enumerate();
        #[cfg(feature = "k8s-gateway")]
        let backends = backends.filter(|(_, written)| !is_delegation(&written.backend));
        let target = |(
            index,
            HttpBackendRef {
                backend,
                filters: written,
            },
        ): (usize, &_)| {
            let field = format!("{}.backendRefs[{index}]", self.field);
            let object = backend.object();
            let target = self
                .references
                .target(&object, &field, &mut problems.unresolved);
            let place = Place {
                field: &format!("{field}.filters"),
                of_backend: true,
                prefixes,
            };
            let Filters {
                filters,
                redirect: _,
                authorization: _,
                refusal,
            } = filters(written, &place, self.references, problems);
            WeightedTarget {
                weight: backend.weight,
                filters,
                target: refusal.map_or(target, Target::Refused),
            }
        };
        backends.map(target).collect()
    }

    fn rule(&self, of_rule: Filters, targets: Vec<WeightedTarget>, failed: Option<String>) -> Rule {
        let HttpRule {
            name,
            matches: _,
            filters: _,
            backend_refs: _,
            timeouts: _,
            retry: _,
            session_persistence: _,
        } = self.written;
        let Filters {
            filters,
            redirect,
            authorization,
            refusal,
        } = of_rule;
        let failed = failed.map(|why| Refusal::new(RefusalReason::InvalidFilter, why));
        let mut settings = settings(self.written, &self.field, self.source);
        settings.authorization = authorization
            .map(|(index, asked)| self.sourced(asked, &format!("filters[{index}].externalAuth")));
        let session = self.session().and_then(Result::ok);
        settings.session = session.map(|session| self.sourced(session, "sessionPersistence"));
        Rule {
            source: self.source.clone(),
            created: self.created,
            index: self.index,
            name: name.clone(),
            filters,
            action: match (failed.or(refusal), redirect) {
                (Some(refusal), _) => Action::Fail(refusal),
                (None, Some(redirect)) => Action::Redirect(redirect),
                (None, None) => forward(targets),
            },
            settings,
            chain: Vec::new(),
        }
    }

    fn session(&self) -> Option<Result<SessionPersistence, String>> {
        let written = self.written.session_persistence.as_ref()?;
        Some(session(written, &self.source.object, self.index))
    }

    /// A value that the rule has in a field of its own.
    fn sourced<T>(&self, value: T, field: &str) -> Box<Sourced<T>> {
        let field = format!("{}.{field}", self.field);
        Box::new(Sourced::new(value, field, self.source.clone()))
    }
}

/// Without a backend of some weight there is nothing that answers: 500, and no reference is at
/// fault (conformance test HTTPRouteNoBackendRefs).
fn forward(targets: Vec<WeightedTarget>) -> Action {
    let message = "the rule has no backend with a weight above zero, and no redirect";
    match Split::new(targets) {
        Some(split) => Action::Forward(split),
        None => Action::Fail(Refusal::new(RefusalReason::NoBackend, message)),
    }
}
