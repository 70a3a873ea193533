//! Routes that delegate to routes: a rule whose `backendRefs` name HTTPRoutes stands for the rules of these, with
//! what it adds to them.
//!
//! A child's rules become rules of the route that is attached to a listener, each with the chain of rules that
//! led to it. Below, `under` is what stands above a route.

mod inherit;
mod matchers;
mod references;
mod report;

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use gateway_model::k8s_gateway::RouteOptions;
use gateway_model::{HttpBackendRef, HttpRoute, HttpRule, Kind, ObjectRef};

use crate::ir::{CertificateId, Filter, Match, Refusal, RuleSource};
use crate::problem::Problem;
use crate::reason::{RouteAccepted, RouteResolvedRefs};
use crate::route::outcome::RouteRules;
use crate::route::patterns::Patterns;
use crate::route::references::References;
use crate::route::rules::rules_below;

use super::merge::Merged;

pub(crate) use inherit::Overrides;
pub(crate) use references::{Selected, in_namespace, is_delegation};
pub(crate) use report::{ChildEntry, Children, children};

/// A rule that delegates, as its children see it.
#[derive(Debug)]
pub(crate) struct Under<'a> {
    /// What stands above the rule's own route.
    pub(crate) above: Option<&'a Under<'a>>,
    /// The rule.
    pub(crate) link: RuleSource,
    /// The requests that it is for.
    pub(crate) matches: &'a [(usize, Match)],
    /// The options of its own.
    pub(crate) options: &'a Merged<RouteOptions>,
    /// Which options children may set in their place.
    pub(crate) overrides: Overrides,
    /// What it does to requests and responses.
    pub(crate) filters: &'a [Filter],
    /// Why it fails closed.
    pub(crate) failed: Option<&'a Refusal>,
}

/// A route that was delegated to, by one rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Delegated {
    /// The route.
    pub(crate) child: Arc<HttpRoute>,
    /// The route whose rule delegates.
    pub(crate) parent: ObjectRef,
    /// Why none of it is served.
    pub(crate) refused: Option<Problem<RouteAccepted>>,
    /// What comes of its rules.
    pub(crate) rules: RouteRules,
}

impl Delegated {
    /// The same, with backends that are shown `certificate`.
    pub(crate) fn showing(&self, certificate: &CertificateId) -> Self {
        Self {
            child: Arc::clone(&self.child),
            parent: self.parent.clone(),
            refused: None,
            rules: self.rules.showing(certificate),
        }
    }
}

impl Under<'_> {
    /// The rules that lead here, the attached one first.
    pub(crate) fn chain(&self) -> Vec<RuleSource> {
        let mut chain = self.above.map(Under::chain).unwrap_or_default();
        chain.push(self.link.clone());
        chain
    }

    /// Is a route above already?
    fn has(&self, route: &ObjectRef) -> bool {
        self.link.id.route == *route || self.above.is_some_and(|above| above.has(route))
    }
}

/// Does a rule forward to nothing but routes?
pub(crate) fn delegates_only(rule: &HttpRule) -> bool {
    let backends = &rule.backend_refs;
    !backends.is_empty()
        && backends
            .iter()
            .all(|backend| is_delegation(&backend.backend))
}

/// Does a rule forward to routes?
pub(crate) fn delegates(rule: &HttpRule) -> bool {
    rule.backend_refs
        .iter()
        .any(|backend| is_delegation(&backend.backend))
}

/// Expands the references of a rule at `field` that name routes.
pub(crate) fn expand(
    written: &HttpRule,
    field: fmt::Arguments<'_>,
    under: &Under<'_>,
    references: &References<'_>,
    patterns: &Patterns,
    unresolved: &mut Vec<Problem<RouteResolvedRefs>>,
) -> Vec<Delegated> {
    let mut found = Vec::new();
    for (
        index,
        HttpBackendRef {
            backend,
            filters: _,
        },
    ) in written.backend_refs.iter().enumerate()
    {
        if !is_delegation(backend) {
            continue;
        }
        let at = || format!("{field}.backendRefs[{index}]");
        let selected = references::select(backend, under, references);
        match selected {
            Ok(Selected { children, cyclic }) => {
                if cyclic {
                    let message = "cyclic reference detected while evaluating delegated routes";
                    let reason = RouteResolvedRefs::RefNotPermitted;
                    unresolved.push(Problem::new(reason, at(), message));
                }
                let children = children.into_iter();
                found.extend(children.map(|child| one(child, under, references, patterns)));
            }
            Err(problem) => {
                let (message, missing) = problem;
                let reason = RouteResolvedRefs::BackendNotFound;
                let problem = Problem::new(reason, at(), message);
                unresolved.push(match missing {
                    Some(object) => problem.missing(object),
                    None => problem,
                });
            }
        }
    }
    found
}

/// Resolves a child under a rule.
fn one(
    child: &Arc<HttpRoute>,
    under: &Under<'_>,
    references: &References<'_>,
    patterns: &Patterns,
) -> Delegated {
    let parent = under.link.id.route.clone();
    let mut delegated = Delegated {
        child: Arc::clone(child),
        parent,
        refused: None,
        rules: RouteRules::default(),
    };
    if !child.spec.hostnames.is_empty() {
        let message = "spec.hostnames must be unset on a delegatee route as they are inherited from the \
                       parent route";
        let reason = RouteAccepted::UnsupportedValue;
        delegated.refused = Some(Problem::new(reason, "spec.hostnames", message));
        return delegated;
    }
    let own = References {
        reader: references.reader,
        from: &child.reference(),
        in_mesh: references.in_mesh,
        backends: RefCell::default(),
    };
    delegated.rules = rules_below(&**child, &own, patterns, Some(under));
    references
        .backends
        .borrow_mut()
        .extend(own.backends.into_inner());
    delegated
}
