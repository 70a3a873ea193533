//! Rules of the routes that HTTP carries.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use gateway_model::{
    HttpBackendRef, HttpFilter, HttpMatch, HttpRule, Kind, Route, RouteRule, Rule as WrittenRule,
    SectionName, Source, Timestamp, Unread, UnreadRule,
};

use crate::ir::{
    Action, Match, PathMatch, Refusal, RefusalReason, Rule, RuleSettings, RuleSource,
    SessionPersistence, Sourced, Split, Target, WeightedTarget,
};
#[cfg(feature = "k8s-gateway")]
use crate::k8s_gateway::delegation::is_delegation;
#[cfg(feature = "k8s-gateway")]
use crate::k8s_gateway::{Native, extended};
use crate::kinds::extensions;
use crate::policy::backend_traffic::session_of_rule;
use crate::problem::{Problem, texts};
use crate::reason::RouteAccepted;

use super::compatibility::incompatible;
use super::filters::{Filters, Place, filters};
use super::matches::{Matches, Read, http, matches};
use super::outcome::{ResolvedRule, RouteRules, RuleProblems, Rules};
use super::patterns::{Patterns, RoutePatterns};
use super::references::{References, Wanted};
use super::session::session;
use super::settings::settings;

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
            field: format_args!("spec.rules[{index}]"),
            source: &source,
            created: route.metadata.creation_timestamp,
            references,
        };
        let read = |one: &R::Match| R::read(one, &mut patterns);
        let matches = matches(written.own_matches(), context.field, read);
        let (rule, matches) = context.resolve(matches, &mut outcome);
        #[cfg(feature = "k8s-gateway")]
        let one = {
            let native = Native {
                written: context.written,
                field: context.field,
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
        false => matches(understood, format_args!("spec.rules[{index}]"), |one| {
            R::read(one, patterns)
        }),
    };
    let rule = Rule {
        source: RuleSource {
            created: route.metadata.creation_timestamp,
            name: name.clone(),
            ..RuleSource::new(route.source(), index)
        },
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
    field: fmt::Arguments<'a>,
    source: &'a Source,
    created: Option<Timestamp>,
    references: &'a References<'a>,
}

impl RuleContext<'_> {
    /// The rule and what it is for. Says of it whether it fails closed as a whole.
    fn resolve(&self, matches: Matches, outcome: &mut RouteRules) -> (Rule, Vec<(usize, Match)>) {
        let problems = &mut outcome.problems;
        let sound = problems.invalid.len();
        let (matches, filters) = self.head(matches, problems);
        let failed = problems.invalid.get(sound).map(Problem::text);
        let sound = problems.invalid.len();
        let targets = self.targets(all_prefixes(&matches), problems);
        let none_left = problems.invalid.len() > sound && targets.iter().all(is_invalid);
        if failed.is_some() || none_left {
            outcome.failed.push(self.index);
        }
        (self.rule(filters, targets, failed), matches)
    }

    /// The matches and filters of the rule: what fails it as a whole.
    fn head(
        &self,
        Matches { usable, invalid }: Matches,
        problems: &mut RuleProblems,
    ) -> (Vec<(usize, Match)>, Filters) {
        problems.invalid.extend(invalid);
        problems
            .invalid
            .extend(incompatible(self.written, self.field));
        let place = Place {
            field: format_args!("{}.filters", self.field),
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
            let field = format_args!("{}.backendRefs[{index}]", self.field);
            let object = backend.object();
            let wanted = Wanted::Http(self.function(written));
            let found = (self.references).find(&object, wanted, field, &mut problems.unresolved);
            let place = Place {
                field: format_args!("{field}.filters"),
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
                target: refusal.map_or(found.in_clear, Target::Refused),
            }
        };
        let mut targets = Vec::with_capacity(self.written.backend_refs.len());
        targets.extend(backends.map(target));
        targets
    }

    /// The function that filters of a backend ask for, or else those of the rule.
    #[cfg(feature = "k8s-gateway")]
    fn function<'f>(&'f self, of_backend: &'f [HttpFilter]) -> Option<&'f str> {
        let own = crate::k8s_gateway::parameter(of_backend);
        own.or_else(|| crate::k8s_gateway::parameter(&self.written.filters))
    }

    #[cfg(not(feature = "k8s-gateway"))]
    fn function(&self, _of_backend: &[HttpFilter]) -> Option<&str> {
        None
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
        let mut settings = settings(self.written, self.field, self.source);
        settings.authorization = authorization
            .map(|(index, asked)| self.sourced(asked, &format!("filters[{index}].externalAuth")));
        settings.session = self.kept_session(&targets);
        let section = name.as_ref().map_or("", SectionName::as_str);
        settings.extensions = extensions(&self.source.object, section, self.references.reader);
        Rule {
            source: RuleSource {
                created: self.created,
                name: name.clone(),
                ..RuleSource::new(self.source.clone(), self.index)
            },
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

    /// How it keeps sessions: as it says itself, else as the policies of its backends ask for.
    fn kept_session(&self, targets: &[WeightedTarget]) -> Option<Box<Sourced<SessionPersistence>>> {
        match self.session() {
            Some(own) => Some(self.sourced(own.ok()?, "sessionPersistence")),
            None => {
                let backends = targets.iter().filter_map(|target| target.target.backend());
                let route = &self.source.object;
                session_of_rule(backends, route, self.index, self.references.reader)
            }
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
