//! Layer 4: who gets connections and datagrams.

use std::fmt;
use std::sync::Arc;

use gateway_model::Hostname;
use serde::{Deserialize, Serialize};

use super::{BackendId, Refusal, RuleSource, Split, StreamSettings, Target, Weighted};

/// The rule for one server name of a TLS listener.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerName {
    /// The name; `None` takes any, and connections without one.
    pub hostname: Option<Hostname>,
    /// Who gets its connections.
    pub rule: Arc<StreamRule>,
}

/// One rule of a TLSRoute, TCPRoute or UDPRoute.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamRule {
    /// Where it is written.
    pub source: RuleSource,
    /// Where connections and datagrams end up.
    pub action: StreamAction,
    /// What policies say of it.
    #[serde(default, skip_serializing_if = "StreamSettings::is_empty")]
    pub settings: StreamSettings,
}

impl StreamRule {
    /// The targets, in the order of the route's `backendRefs`.
    pub fn targets(&self) -> &[StreamTarget] {
        match &self.action {
            StreamAction::Forward(split) => split.targets(),
            StreamAction::Fail(_) => &[],
        }
    }

    /// The backends that it can reach.
    pub fn backends(&self) -> impl Iterator<Item = &BackendId> {
        self.targets().iter().filter_map(|t| t.target.backend())
    }

    /// The same with other backends.
    #[cfg(feature = "resolve")]
    pub(crate) fn with_backends(&self, other: &impl Fn(&BackendId) -> BackendId) -> Self {
        let mut rule = self.clone();
        if let StreamAction::Forward(split) = &mut rule.action {
            for target in split.targets_mut() {
                target.target.replace(other);
            }
        }
        rule
    }
}

impl fmt::Display for StreamRule {
    /// `TCPRoute default/db rule 0 (primary)`, counting from 0.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

/// Where connections and datagrams end up.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum StreamAction {
    /// They go to one of several backends.
    Forward(StreamSplit),
    /// Connections are closed, datagrams dropped: the rule fails closed. The refusal's status means
    /// nothing here.
    Fail(Refusal),
}

/// Backends to choose from by weight, for each connection, or for all datagrams of a client.
pub type StreamSplit = Split<StreamTarget>;

/// One backend of a split.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamTarget {
    /// Its share, out of the sum over the split; 0 to 1,000,000.
    pub weight: u32,
    /// The backend; or why there is none, which refuses its share.
    pub target: Target,
}

impl Weighted for StreamTarget {
    fn weight(&self) -> u32 {
        self.weight
    }
}
