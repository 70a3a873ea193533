//! What is behind the names of listeners and Services.

use std::sync::Arc;

use gateway_model::Hostname;

use crate::ir::{Route, ServerName, VirtualHost};
use crate::route::RouteFacts;
use crate::route::outcome::{ResolvedRule, Rules};
use crate::route::place::{Name, Place};
use crate::route::stream::StreamRules;

/// What is behind one name at a place. There are routes of one of these sorts only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Behind {
    /// Requests for a host.
    Host(Arc<VirtualHost>),
    /// Connections, or datagrams.
    Stream(Stream),
}

/// Who gets the connections for one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stream {
    /// The name; `None` takes any.
    hostname: Option<Hostname>,
    pub(crate) rules: StreamRules,
}

impl Behind {
    /// What `routes` come to behind a name at a place. A connection can't be told from another, so that of routes for connections
    /// the oldest takes all, then the one whose name sorts first (AllowedRoutes, GEP-2644).
    pub(crate) fn new<'a>(
        place: &Place,
        name: &Name,
        routes: impl Iterator<Item = &'a RouteFacts> + Clone,
    ) -> Self {
        let hostname = name.hostname().cloned();
        let streams = routes
            .clone()
            .filter_map(|facts| match &facts.rules_at(place).rules {
                Rules::Stream(rules) => Some((facts, rules)),
                Rules::OverHttp(_) => None,
            });
        match streams.min_by(|(a, _), (b, _)| a.by_age(b)) {
            Some((_, rules)) => Self::Stream(Stream {
                hostname,
                rules: rules.clone(),
            }),
            None => {
                let rules = routes.flat_map(|facts| facts.rules_at(place).served());
                Self::Host(Arc::new(virtual_host(hostname, rules)))
            }
        }
    }

    /// The same with what is tuned for hosts.
    #[cfg(feature = "k8s-gateway")]
    pub(crate) fn with(self, settings: &Arc<crate::ir::VirtualHostSettings>) -> Self {
        match self {
            Self::Host(host) if host.settings != *settings => {
                let host = VirtualHost::clone(&host);
                Self::Host(Arc::new(host.with_settings(Arc::clone(settings))))
            }
            other => other,
        }
    }

    /// The name; `None` takes any.
    pub(crate) fn hostname(&self) -> Option<&Hostname> {
        match self {
            Self::Host(host) => host.hostname.as_ref(),
            Self::Stream(stream) => stream.hostname.as_ref(),
        }
    }

    /// The host, where requests are told apart.
    pub(crate) fn host(&self) -> Option<&Arc<VirtualHost>> {
        match self {
            Self::Host(host) => Some(host),
            Self::Stream(_) => None,
        }
    }

    /// Who gets connections.
    pub(crate) fn stream(&self) -> Option<&Stream> {
        match self {
            Self::Host(_) => None,
            Self::Stream(stream) => Some(stream),
        }
    }
}

impl Stream {
    /// Who gets what comes in clear, or was in TLS.
    pub(crate) fn in_clear(&self) -> ServerName {
        ServerName {
            hostname: self.hostname.clone(),
            rule: Arc::clone(&self.rules.in_clear),
        }
    }

    /// Who gets TLS that is passed on.
    pub(crate) fn passed_on(&self) -> ServerName {
        ServerName {
            hostname: self.hostname.clone(),
            rule: Arc::clone(&self.rules.passed_on),
        }
    }
}

/// A host, with one entry for each match of each rule.
fn virtual_host<'a>(
    hostname: Option<Hostname>,
    rules: impl Iterator<Item = &'a ResolvedRule>,
) -> VirtualHost {
    let routes = rules.flat_map(|resolved| {
        resolved.matches.iter().map(|(match_index, matches)| Route {
            matches: matches.clone(),
            match_index: *match_index,
            rule: Arc::clone(&resolved.rule),
        })
    });
    VirtualHost::new(hostname, routes.collect())
}
