//! What is said of the routes that others delegate to.

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway_model::{HttpRoute, Kind, ObjectRef, ParentReference};

use crate::problem::{Problem, Verdict};
use crate::reason::{RouteAccepted, RouteResolvedRefs};
use crate::route::outcome::RouteRules;

use super::Delegated;

/// What is said of a child, for one of its parents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChildEntry {
    /// The child.
    pub(crate) child: Arc<HttpRoute>,
    /// The parent, as the child names it where it does.
    pub(crate) parent: ParentReference,
    /// What keeps it, or a rule of it, from being accepted.
    pub(crate) invalid: Vec<Problem<RouteAccepted>>,
    /// Is all of it kept from being accepted?
    pub(crate) is_refused: bool,
    /// The references of it that do not resolve.
    pub(crate) unresolved: Vec<Problem<RouteResolvedRefs>>,
}

impl ChildEntry {
    /// Is it accepted?
    pub(crate) fn accepted(&self) -> Verdict<RouteAccepted> {
        match self.is_refused {
            true => Verdict::of(&self.invalid, RouteAccepted::UnsupportedValue, ""),
            false => Verdict::new(RouteAccepted::Accepted, "accepted"),
        }
    }
}

/// What is said of the children of one route, and of theirs.
pub(crate) type Children = BTreeMap<ObjectRef, Vec<ChildEntry>>;

/// Gathers what is said of all below a route. What several rules of one parent find is one entry.
pub(crate) fn children(rules: &RouteRules) -> Children {
    let mut children = Children::new();
    gather(&rules.delegated, &mut children);
    children
}

fn gather(delegated: &[Delegated], children: &mut Children) {
    for Delegated {
        child,
        parent,
        refused,
        rules,
    } in delegated
    {
        let entries = children.entry(child.reference()).or_default();
        let parent = parent_ref(child, parent);
        let at = entries.iter().position(|entry| entry.parent == parent);
        let at = at.unwrap_or_else(|| {
            entries.push(ChildEntry {
                child: Arc::clone(child),
                parent,
                invalid: Vec::new(),
                is_refused: false,
                unresolved: Vec::new(),
            });
            entries.len() - 1
        });
        let entry = &mut entries[at];
        entry.is_refused |= refused.is_some() || rules.is_hopeless();
        add(
            &mut entry.invalid,
            refused.iter().chain(&rules.problems.invalid),
        );
        add(&mut entry.unresolved, rules.problems.unresolved.iter());
        gather(&rules.delegated, children);
    }
}

fn add<'a, R: Clone + PartialEq + 'a>(
    known: &mut Vec<Problem<R>>,
    found: impl Iterator<Item = &'a Problem<R>>,
) {
    for problem in found {
        if !known.contains(problem) {
            known.push(problem.clone());
        }
    }
}

/// The entry of a child's `parentRefs` that names a parent, or what it would be.
fn parent_ref(child: &HttpRoute, parent: &ObjectRef) -> ParentReference {
    let own = child.metadata.namespace.as_str();
    let mut entries = child.spec.parent_refs.iter();
    let written = entries.find(|entry| names(entry, own, parent));
    written.cloned().unwrap_or_else(|| ParentReference {
        group: parent.group.to_string(),
        kind: parent.kind.to_string(),
        namespace: Some(parent.namespace.to_string()),
        name: parent.name.to_string(),
        section_name: None,
        port: None,
    })
}

/// Does an entry of `parentRefs` of a route in `own` name that route?
pub(super) fn names(entry: &ParentReference, own: &str, route: &ObjectRef) -> bool {
    entry.group == route.group
        && entry.kind == route.kind
        && entry.name.as_str() == &*route.name
        && entry.namespace.as_deref().unwrap_or(own) == &*route.namespace
}
