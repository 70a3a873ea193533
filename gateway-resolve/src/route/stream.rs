//! Rules of the routes of connections and datagrams: TLSRoute, TCPRoute, UDPRoute.

use std::sync::Arc;

use gateway_model::{
    BackendRef, Kind, ObjectRef, Route, RouteRule, SectionName, StreamProtocol,
    StreamRule as Written, Tcp, Tls, Udp, UnreadRule,
};

use crate::ir::{
    Refusal, RefusalReason, RuleSource, StreamAction, StreamRule, StreamSettings, StreamSplit,
    StreamTarget, Transport,
};
use crate::kinds::extensions;
use crate::problem::{Problem, texts};
use crate::reader::Reader;
use crate::reason::RouteAccepted;

use super::outcome::{RouteRules, RuleProblems, Rules};
use super::patterns::Patterns;
use super::references::{Found, References, Wanted};
use super::rules::unsupported;

/// What the rule of a route comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamRules {
    /// For bytes that come in clear or were in TLS, and for datagrams.
    pub(crate) in_clear: Arc<StreamRule>,
    /// For TLS that is passed on, whose backends no BackendTLSPolicy is for.
    pub(crate) passed_on: Arc<StreamRule>,
}

/// What carries the routes of a kind.
pub(crate) trait Carried: StreamProtocol {
    const BY: Transport;
}

impl Carried for Tls {
    const BY: Transport = Transport::Tcp;
}

impl Carried for Tcp {
    const BY: Transport = Transport::Tcp;
}

impl Carried for Udp {
    const BY: Transport = Transport::Udp;
}

/// Resolves the rule of `route`: there is one, since nothing tells which connections another would be for. In
/// versions that allow more, the first takes all.
pub(crate) fn stream_rules<P: Carried>(
    route: &Route<Written<P>>,
    references: &References<'_>,
    _: &Patterns,
) -> RouteRules
where
    Route<Written<P>>: Kind,
{
    let mut problems = RuleProblems::default();
    let mut failed = Vec::new();
    let first = route.spec.rules.first();
    let (in_clear, passed_on) = match first {
        Some(RouteRule::Read(rule)) => forward::<P>(&rule.backend_refs, references, &mut problems),
        Some(RouteRule::Unread(unread)) => {
            failed.push(0);
            let action = unread_rule(unread, &mut problems);
            (action.clone(), action)
        }
        None => (nobody(), nobody()),
    };
    problems
        .dropped
        .extend((1..route.spec.rules.len()).map(left_over));
    let name = first.and_then(|rule| match rule {
        RouteRule::Read(rule) => rule.name.as_ref(),
        RouteRule::Unread(unread) => unread.name.as_ref(),
    });
    let settings = settings(&route.reference(), name, references.reader);
    let rule = |action| {
        Arc::new(StreamRule {
            source: RuleSource {
                created: route.metadata.creation_timestamp,
                name: name.cloned(),
                ..RuleSource::new(route.source(), 0)
            },
            action,
            settings: settings.clone(),
        })
    };
    let is_same = in_clear == passed_on;
    let in_clear = rule(in_clear);
    RouteRules {
        rules: Rules::Stream(StreamRules {
            passed_on: match is_same {
                true => Arc::clone(&in_clear),
                false => rule(passed_on),
            },
            in_clear,
        }),
        problems,
        failed,
        #[cfg(feature = "k8s-gateway")]
        delegated: Vec::new(),
        #[cfg(feature = "k8s-gateway")]
        options: Default::default(),
        #[cfg(feature = "k8s-gateway")]
        looked_at: Default::default(),
    }
}

/// What policies say of a rule of `route`.
fn settings(route: &ObjectRef, name: Option<&SectionName>, reader: &Reader<'_>) -> StreamSettings {
    let section = name.map_or("", SectionName::as_str);
    StreamSettings {
        extensions: extensions(route, section, reader),
        ..StreamSettings::default()
    }
}

/// Where what comes in clear goes, and TLS that is passed on.
fn forward<P: Carried>(
    backends: &[BackendRef],
    references: &References<'_>,
    problems: &mut RuleProblems,
) -> (StreamAction, StreamAction) {
    let (mut in_clear, mut passed_on) = (Vec::new(), Vec::new());
    for (index, backend) in backends.iter().enumerate() {
        let field = format_args!("spec.rules[0].backendRefs[{index}]");
        let wanted = Wanted::Stream(P::BY);
        let found = references.find(&backend.object(), wanted, field, &mut problems.unresolved);
        let Found {
            in_clear: target,
            passed_on: other,
        } = found;
        let weight = backend.weight;
        in_clear.push(StreamTarget { weight, target });
        passed_on.push(StreamTarget {
            weight,
            target: other,
        });
    }
    (split(in_clear), split(passed_on))
}

fn split(targets: Vec<StreamTarget>) -> StreamAction {
    StreamSplit::new(targets).map_or_else(nobody, StreamAction::Forward)
}

/// Without a backend of some weight there is nobody to pass anything on to, and no reference is at fault.
fn nobody() -> StreamAction {
    let message = "the rule has no backend with a weight above zero";
    StreamAction::Fail(Refusal::new(RefusalReason::NoBackend, message))
}

/// A rule that isn't understood takes its connections, and refuses them.
fn unread_rule<M>(unread: &UnreadRule<M>, problems: &mut RuleProblems) -> StreamAction {
    let found: Vec<_> = unread.problems.iter().map(unsupported).collect();
    let refusal = Refusal::new(RefusalReason::UnsupportedValue, texts(&found));
    problems.invalid.extend(found);
    StreamAction::Fail(refusal)
}

fn left_over(index: usize) -> Problem<RouteAccepted> {
    let message = "the first rule takes all; this one has nothing to do";
    let field = format!("spec.rules[{index}]");
    Problem::new(RouteAccepted::UnsupportedValue, field, message)
}
