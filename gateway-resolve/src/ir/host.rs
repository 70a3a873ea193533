//! Virtual hosts, and the routes behind them in order of precedence.

use std::sync::Arc;

use gateway_model::Hostname;
use serde::{Deserialize, Serialize};

use super::{Match, Rank, Rule, VirtualHostSettings};

/// The routes of one host name of a listener.
///
/// A request looks at the hosts that match it from the most specific to the least, and takes the
/// first route that matches: a route on `a.example.com` that does not match leaves the request to
/// those on `*.example.com` (HTTPRoute precedence counts matching routes only).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VirtualHost {
    /// The name; `None` takes any host.
    pub hostname: Option<Hostname>,
    /// One entry for each match of each rule, the one to be tried first at the front.
    pub routes: Vec<Route>,
    /// What is tuned for all of them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub settings: Arc<VirtualHostSettings>,
}

impl VirtualHost {
    /// A host with its routes put in order of precedence.
    pub fn new(hostname: Option<Hostname>, mut routes: Vec<Route>) -> Self {
        routes.sort_by_cached_key(Rank::of);
        Self {
            hostname,
            routes,
            settings: Arc::default(),
        }
    }

    /// The same with settings.
    pub fn with_settings(self, settings: Arc<VirtualHostSettings>) -> Self {
        Self { settings, ..self }
    }
}

/// For `skip_serializing_if`.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// One match of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// What a request has to look like.
    pub matches: Match,
    /// Its position in the rule's `matches`.
    pub match_index: usize,
    /// The rule that takes the request.
    pub rule: Arc<Rule>,
}
