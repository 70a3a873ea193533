//! The passes over routes: what they attach to, and what their rules come to.

pub(crate) mod attach;
pub(crate) mod backends;
mod compatibility;
mod cors;
mod filters;
mod hostnames;
mod matches;
pub(crate) mod parents;
pub(crate) mod patterns;
pub(crate) mod references;
pub(crate) mod rules;
pub(crate) mod selector;
mod settings;

use std::collections::BTreeSet;
use std::sync::Arc;

use gateway_model::{Hostname, HttpRoute, HttpRule, ObjectRef, Rule};

use crate::ir::ListenerId;
use crate::reader::Reader;

use attach::{Attachment, attach};
use parents::Parents;
use patterns::Patterns;
use references::References;
use rules::{RouteRules, rules};

/// What is known of a route.
#[derive(Debug)]
pub(crate) struct RouteFacts<R: Rule> {
    pub(crate) attachment: Attachment<R>,
    /// Nothing when no parent of it is served here.
    pub(crate) rules: RouteRules,
}

/// Looks at a route; `None` when it has nothing to do with what is served.
pub(crate) fn route(
    route: &Arc<HttpRoute>,
    parents: &Parents,
    patterns: &Patterns,
    reader: &Reader<'_>,
) -> Option<RouteFacts<HttpRule>> {
    let attachment = attach(route, parents, reader)?;
    let references = References {
        reader,
        from: &attachment.reference,
    };
    let rules = match attachment.parents.is_empty() {
        true => RouteRules::default(),
        false => rules(route, &references, patterns),
    };
    Some(RouteFacts { attachment, rules })
}

impl<R: Rule> RouteFacts<R> {
    pub(crate) fn reference(&self) -> &ObjectRef {
        &self.attachment.reference
    }

    /// The listeners that it is on by a parent that accepts it, each once.
    pub(crate) fn accepted_on(&self) -> BTreeSet<&Arc<ListenerId>> {
        let parents = self.attachment.parents.iter();
        let accepted = parents.filter(|_| !self.rules.is_hopeless());
        let on = accepted.flat_map(|parent| parent.outcome.iter().flatten());
        on.map(|on| &on.listener).collect()
    }

    /// The hosts that it is behind. It may be on a listener by several parentRefs; it is behind it once.
    pub(crate) fn hosts(&self) -> BTreeSet<(&Arc<ListenerId>, &Option<Hostname>)> {
        let parents = self.attachment.parents.iter();
        let on = parents.flat_map(|parent| parent.outcome.iter().flatten());
        on.flat_map(|on| on.hostnames.iter().map(|hostname| (&on.listener, hostname)))
            .collect()
    }
}
