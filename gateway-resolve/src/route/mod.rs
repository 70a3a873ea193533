//! The passes over routes: what they attach to, and what their rules come to.

pub(crate) mod attach;
pub(crate) mod backends;
mod compatibility;
mod cors;
mod external_auth;
mod filters;
mod grpc;
mod hostnames;
mod matches;
pub(crate) mod outcome;
pub(crate) mod parents;
pub(crate) mod patterns;
pub(crate) mod references;
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
    GrpcRoute, Hostname, HttpRoute, Kind, ObjectRef, Route, Rule, TcpRoute, TlsRoute, UdpRoute,
};

use crate::ir::{BackendId, CertificateId, ListenerId};
use crate::reader::Reader;
use crate::{Snapshot, Store};

use attach::{Attachment, ParentAttachment, attach};
use outcome::RouteRules;
use parents::Parents;
use patterns::Patterns;
use references::References;
use rules::rules;
use stream::stream_rules;

/// What is known of a route, whatever its kind.
#[derive(Debug)]
pub(crate) struct RouteFacts {
    pub(crate) attachment: Attachment,
    /// Nothing when no parent of it is served here.
    pub(crate) rules: RouteRules,
    /// The same, for Gateways that show a certificate to backends.
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

/// What follows from the list of the kinds of routes: where they are kept, and what reads their rules.
macro_rules! kinds {
    ($($kind:ident: $store:ident by $rules:expr,)*) => {
        /// Looks at all routes.
        pub(crate) fn routes(
            snapshot: &Snapshot,
            parents: &Parents,
            patterns: &Patterns,
            reader: &Reader<'_>,
        ) -> Vec<RouteFacts> {
            let looking = Looking { parents, patterns, reader };
            std::iter::empty()
                $(.chain(snapshot.$store().iter().filter_map(|route| looking.at(route, $rules))))*
                .collect()
        }

        /// The routes of all kinds.
        pub(crate) fn names(snapshot: &Snapshot) -> impl Iterator<Item = ObjectRef> {
            std::iter::empty()
                $(.chain(snapshot.$store().iter().map(|route| route.reference())))*
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
                $($kind::KIND => looking.at(named(snapshot.$store(), object)?, $rules),)*
                _ => None,
            }
        }
    };
}

kinds! {
    HttpRoute: http_routes by rules,
    GrpcRoute: grpc_routes by rules,
    TlsRoute: tls_routes by stream_rules,
    TcpRoute: tcp_routes by stream_rules,
    UdpRoute: udp_routes by stream_rules,
}

fn named<'a, T>(store: &'a Store<T>, object: &ObjectRef) -> Option<&'a Arc<T>> {
    store.get(&object.namespace, &object.name)
}

impl Looking<'_> {
    fn at<R: Rule + 'static>(
        &self,
        route: &Arc<Route<R>>,
        rules: impl FnOnce(&Route<R>, &References<'_>, &Patterns) -> RouteRules,
    ) -> Option<RouteFacts>
    where
        Route<R>: Kind + attach::AnyRoute,
    {
        let attachment = attach(route, self.parents, self.reader)?;
        let references = References {
            reader: self.reader,
            from: &attachment.reference,
            backends: RefCell::default(),
        };
        let rules = match attachment.parents.is_empty() {
            true => RouteRules::default(),
            false => rules(route, &references, self.patterns),
        };
        let backends = references.backends.into_inner();
        let clients = attachment.parents.iter();
        let clients = clients.filter_map(|parent| parent.client.clone());
        let shown = clients.map(|client| (client.clone(), rules.showing(&client)));
        Some(RouteFacts {
            shown: shown.collect(),
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
        let sources = served.map(|resolved| &resolved.rule.source.object);
        sources.chain([self.reference()]).collect()
    }

    /// The listeners that it is on by a parent that accepts it, each once.
    pub(crate) fn accepted_on(&self) -> BTreeSet<&Arc<ListenerId>> {
        let parents = self.attachment.parents.iter();
        let accepted = parents.filter(|_| !self.rules.is_hopeless());
        let on = accepted.flat_map(|parent| parent.outcome.iter().flatten());
        on.map(|on| &on.listener).collect()
    }

    /// The Gateways that it is on, and the controllers that statuses are written for.
    pub(crate) fn gateways(&self) -> impl Iterator<Item = (ObjectRef, Arc<str>)> + '_ {
        let parents = self.attachment.parents.iter();
        let on = parents.filter(|parent| parent.outcome.is_ok());
        on.map(|parent| (parent.gateway.clone(), Arc::clone(&parent.controller)))
    }

    /// Its rules as they are on a listener.
    pub(crate) fn rules_on(&self, listener: &ListenerId) -> &RouteRules {
        if self.shown.is_empty() {
            return &self.rules;
        }
        let is_on = |parent: &&ParentAttachment| {
            let mut on = parent.outcome.iter().flatten();
            on.any(|on| *on.listener == *listener)
        };
        let parent = self.attachment.parents.iter().find(is_on);
        let client = parent.and_then(|parent| parent.client.as_ref());
        let shown = client.and_then(|client| self.shown.get(client));
        shown.unwrap_or(&self.rules)
    }

    /// Does it serve the same as another version of it, everywhere?
    pub(crate) fn serves_as(&self, other: &Self) -> bool {
        let clients = |facts: &Self| -> Vec<_> {
            let parents = facts.attachment.parents.iter();
            let clients = parents.map(|parent| (parent.gateway.clone(), parent.client.clone()));
            clients.collect()
        };
        let has_clients = !(self.shown.is_empty() && other.shown.is_empty());
        self.rules == other.rules
            && self.hosts() == other.hosts()
            && (!has_clients || clients(self) == clients(other))
    }

    /// The hosts that it is behind. It may be on a listener by several parentRefs; it is behind it once.
    pub(crate) fn hosts(&self) -> BTreeSet<(&Arc<ListenerId>, &Option<Hostname>)> {
        let parents = self.attachment.parents.iter();
        let on = parents.flat_map(|parent| parent.outcome.iter().flatten());
        on.flat_map(|on| on.hostnames.iter().map(|hostname| (&on.listener, hostname)))
            .collect()
    }
}
