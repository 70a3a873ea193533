//! The passes over routes: what they attach to, and what their rules come to.

pub(crate) mod attach;
pub(crate) mod backends;
mod compatibility;
mod cors;
mod default_gateways;
mod external_auth;
mod filters;
mod grpc;
mod hostnames;
mod hosts_taken;
mod matches;
pub(crate) mod mesh;
pub(crate) mod outcome;
pub(crate) mod parents;
pub(crate) mod patterns;
pub(crate) mod place;
pub(crate) mod references;
pub(crate) mod rivals;
pub(crate) mod rules;
pub(crate) mod selector;
pub(crate) mod session;
mod settings;
mod shown;
pub(crate) mod stream;

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gateway_model::{
    GrpcRoute, HttpRoute, Kind, ObjectRef, Route, Rule, TcpRoute, TlsRoute, UdpRoute,
};

use crate::ir::{BackendId, CertificateId, ListenerId};
use crate::reader::Reader;
use crate::{Snapshot, Store};

use attach::{Attachment, attach};
use outcome::RouteRules;
use parents::{By, Parents};
use patterns::Patterns;
use place::{Name, Place};
use references::References;
use rules::rules;
use stream::stream_rules;

/// What is known of a route, whatever its kind.
#[derive(Debug)]
pub(crate) struct RouteFacts {
    pub(crate) attachment: Attachment,
    /// What its rules come to for Gateways; nothing when none of its parents is one that is served here.
    pub(crate) rules: RouteRules,
    /// The same for a mesh.
    in_mesh: RouteRules,
    /// Those for Gateways that show a certificate to backends.
    shown: BTreeMap<CertificateId, RouteRules>,
    /// The backends that its references lead to, used or not.
    pub(crate) backends: BTreeSet<BackendId>,
    /// What is said of the routes that it delegates to.
    #[cfg(feature = "k8s-gateway")]
    pub(crate) children: crate::k8s_gateway::delegation::Children,
}

/// Where routes are looked at.
struct Looking<'a> {
    parents: &'a Parents,
    patterns: &'a Patterns,
    reader: &'a Reader<'a>,
}

/// What follows from the list of the kinds of routes, and of what reads their rules.
macro_rules! kinds {
    ($($kind:ident by $rules:expr,)*) => {
        /// Looks at all routes.
        pub(crate) fn routes(
            snapshot: &Snapshot,
            parents: &Parents,
            patterns: &Patterns,
            reader: &Reader<'_>,
        ) -> Vec<RouteFacts> {
            let looking = Looking { parents, patterns, reader };
            std::iter::empty()
                $(.chain(snapshot.all::<$kind>().iter().filter_map(|route| looking.at(route, $rules))))*
                .collect()
        }

        /// The routes of all kinds.
        pub(crate) fn names(snapshot: &Snapshot) -> impl Iterator<Item = ObjectRef> {
            std::iter::empty()
                $(.chain(snapshot.all::<$kind>().iter().map(|route| route.reference())))*
        }

        /// Is it a kind of route?
        pub(crate) fn is_route(object: &ObjectRef) -> bool {
            object.group == HttpRoute::GROUP && matches!(&*object.kind, $($kind::KIND)|*)
        }

        /// Looks at the route of that name; `None` when there is none, or when it has nothing to do with what is
        /// served.
        pub(crate) fn route(
            object: &ObjectRef,
            snapshot: &Snapshot,
            parents: &Parents,
            patterns: &Patterns,
            reader: &Reader<'_>,
        ) -> Option<RouteFacts> {
            let looking = Looking { parents, patterns, reader };
            match &*object.kind {
                $($kind::KIND => looking.at(named(snapshot.all::<$kind>(), object)?, $rules),)*
                _ => None,
            }
        }
    };
}

kinds! {
    HttpRoute by rules,
    GrpcRoute by rules,
    TlsRoute by stream_rules,
    TcpRoute by stream_rules,
    UdpRoute by stream_rules,
}

fn named<'a, T>(store: &'a Store<T>, object: &ObjectRef) -> Option<&'a Arc<T>> {
    store.get(&object.namespace, &object.name)
}

impl Looking<'_> {
    fn at<R: Rule + 'static>(
        &self,
        route: &Arc<Route<R>>,
        rules: impl Fn(&Route<R>, &References<'_>, &Patterns) -> RouteRules,
    ) -> Option<RouteFacts>
    where
        Route<R>: Kind + attach::AnyRoute,
    {
        let attachment = attach(route, self.parents, self.reader)?;
        let by = |mesh: bool| {
            let mut parents = attachment.parents.iter();
            parents.any(|parent| mesh == (parent.by == By::Mesh))
        };
        let mut backends = BTreeSet::new();
        let mut read = |in_mesh| {
            let references = References {
                reader: self.reader,
                from: &attachment.reference,
                in_mesh,
                backends: RefCell::default(),
            };
            let rules = by(in_mesh).then(|| rules(route, &references, self.patterns));
            backends.extend(references.backends.into_inner());
            rules.unwrap_or_default()
        };
        let (rules, in_mesh) = (read(false), read(true));
        let clients = attachment.parents.iter();
        let clients = clients.filter_map(|parent| parent.by.client());
        let shown = clients.map(|client| (client.clone(), rules.showing(client)));
        Some(RouteFacts {
            shown: shown.collect(),
            in_mesh,
            #[cfg(feature = "k8s-gateway")]
            children: crate::k8s_gateway::delegation::children(&rules),
            attachment,
            rules,
            backends,
        })
    }
}

impl RouteFacts {
    pub(crate) fn reference(&self) -> &ObjectRef {
        &self.attachment.reference
    }

    /// The older of two routes goes first, then the one whose `namespace/name` sorts first.
    pub(crate) fn by_age(&self, other: &Self) -> Ordering {
        let age = |facts: &Self| facts.attachment.route.metadata().creation_timestamp;
        let (own, others) = (self.reference(), other.reference());
        age(self)
            .cmp(&age(other))
            .then_with(|| own.cmp_by_text(others))
            .then_with(|| own.cmp(others))
    }

    /// The routes whose rules it serves: its own, and those that it delegates to.
    pub(crate) fn sources(&self) -> BTreeSet<&ObjectRef> {
        let served = self.rules.served().into_iter();
        let sources = served.map(|resolved| &resolved.rule.source.id.route);
        sources.chain([self.reference()]).collect()
    }

    /// The listeners that it is on by a parent that accepts it, each once.
    pub(crate) fn accepted_on(&self) -> BTreeSet<&Arc<ListenerId>> {
        let parents = self.attachment.parents.iter();
        let accepted = parents.filter(|parent| !self.rules_for(&parent.by).is_hopeless());
        let at = accepted.flat_map(|parent| parent.at());
        at.filter_map(|at| at.place.listener()).collect()
    }

    /// The Gateways that it is on, and the controllers that statuses are written for.
    pub(crate) fn gateways(&self) -> impl Iterator<Item = (ObjectRef, Arc<str>)> + '_ {
        let parents = self.attachment.parents.iter();
        let on = parents.filter(|parent| parent.at().next().is_some());
        on.filter_map(|parent| parent.by.ancestor(&parent.controller))
    }

    /// Its rules for who serves a parent of it.
    pub(crate) fn rules_for(&self, by: &By) -> &RouteRules {
        match by {
            By::Mesh => &self.in_mesh,
            By::Gateway { client, .. } => {
                let shown = client.as_ref().and_then(|client| self.shown.get(client));
                shown.unwrap_or(&self.rules)
            }
        }
    }

    /// Its rules as they are at a place.
    pub(crate) fn rules_at(&self, place: &Place) -> &RouteRules {
        let mut parents = self.attachment.parents.iter();
        let parent = parents.find(|parent| parent.places().any(|at| at.place == *place));
        parent.map_or(&self.rules, |parent| self.rules_for(&parent.by))
    }

    /// Where it is, as far as others don't keep it off.
    pub(crate) fn places(&self) -> BTreeSet<&Place> {
        let parents = self.attachment.parents.iter();
        let places = parents.flat_map(|parent| parent.places());
        places.map(|at| &at.place).collect()
    }

    /// Does another route keep it off a place?
    pub(crate) fn is_kept_off(&self, place: &Place) -> bool {
        let mut parents = self.attachment.parents.iter();
        !parents.any(|parent| parent.at().any(|at| at.place == *place))
    }

    /// Has it kept off places by the routes that `by` says.
    pub(crate) fn keep_off(&mut self, by: impl Fn(&Place) -> Option<Arc<ObjectRef>>) {
        let parents = self.attachment.parents.iter_mut();
        for at in parents
            .filter_map(|parent| parent.outcome.as_mut().ok())
            .flatten()
        {
            at.kept_off_by = by(&at.place);
        }
    }

    /// Does it serve the same as another version of it, everywhere, and as old?
    pub(crate) fn serves_as(&self, other: &Self) -> bool {
        let clients = |facts: &Self| -> Vec<_> {
            let parents = facts.attachment.parents.iter();
            parents.map(|parent| parent.by.clone()).collect()
        };
        let off = |facts: &Self| -> Vec<_> {
            let at = facts
                .attachment
                .parents
                .iter()
                .flat_map(|parent| parent.places());
            at.map(|at| at.kept_off_by.clone()).collect()
        };
        let age = |facts: &Self| facts.attachment.route.metadata().creation_timestamp;
        let has_clients = !(self.shown.is_empty() && other.shown.is_empty());
        self.rules == other.rules
            && self.in_mesh == other.in_mesh
            && self.hosts() == other.hosts()
            && off(self) == off(other)
            && age(self) == age(other)
            && (!has_clients || clients(self) == clients(other))
    }

    /// Takes over the rules of an earlier version that are the same.
    pub(crate) fn share(&mut self, earlier: &Self) {
        self.rules.share(&earlier.rules);
        self.in_mesh.share(&earlier.in_mesh);
    }

    /// Whom it is for, and where, as far as others don't keep it off. It may be at a place by several parentRefs;
    /// it is there once.
    pub(crate) fn hosts(&self) -> BTreeSet<(&Place, &Name)> {
        let parents = self.attachment.parents.iter();
        let at = parents.flat_map(|parent| parent.places());
        at.flat_map(|at| at.names.iter().map(|name| (&at.place, name)))
            .collect()
    }
}
