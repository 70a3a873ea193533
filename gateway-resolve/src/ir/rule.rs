//! Rules: what happens to a request that matched.

use std::fmt;
use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

use super::{BackendId, Filter, Redirect, RuleSettings, RuleSource, Split, Weighted};

/// One rule of a route.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Where it is written.
    pub source: RuleSource,
    /// What is done to request and response, in order.
    pub filters: Vec<Filter>,
    /// Where the request ends up.
    pub action: Action,
    /// Timeouts and the like.
    pub settings: RuleSettings,
    /// The rules that delegated to it, the one that is attached to a listener first; empty when its own
    /// route is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<RuleSource>,
}

impl Rule {
    /// The backends that it can reach, mirrors and those that are asked about requests included.
    pub fn backends(&self) -> impl Iterator<Item = &BackendId> {
        let targets: &[WeightedTarget] = match &self.action {
            Action::Forward(split) => split.targets(),
            Action::Redirect(_) | Action::Respond(_) | Action::Fail(_) => &[],
        };
        let filters = targets.iter().flat_map(|t| &t.filters).chain(&self.filters);
        let mirrors = filters.filter_map(|filter| filter.mirror()?.target.backend());
        let authorization = self.settings.authorization.as_ref();
        targets
            .iter()
            .filter_map(|t| t.target.backend())
            .chain(mirrors)
            .chain(authorization.and_then(|asked| asked.value.server.backend()))
    }
}

#[cfg(feature = "resolve")]
impl Rule {
    /// The same with other [`backends`](Self::backends).
    pub(crate) fn with_backends(&self, other: &impl Fn(&BackendId) -> BackendId) -> Self {
        let mut rule = self.clone();
        let in_filters = |filters: &mut [Filter]| {
            for filter in filters {
                if let Filter::Mirror(mirror) = filter {
                    mirror.target.replace(other);
                }
            }
        };
        in_filters(&mut rule.filters);
        if let Action::Forward(split) = &mut rule.action {
            for target in split.targets_mut() {
                target.target.replace(other);
                in_filters(&mut target.filters);
            }
        }
        if let Some(asked) = &mut rule.settings.authorization {
            asked.value.server.replace(other);
        }
        rule
    }
}

impl fmt::Display for Rule {
    /// `HTTPRoute default/web rule 2 (checkout)`, counting from 0.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

/// Where a request ends up.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Action {
    /// It goes to one of several backends.
    Forward(Split),
    /// It is answered with a redirect.
    Redirect(Redirect),
    /// It is answered with this response.
    Respond(FixedResponse),
    /// It is answered with an error: the rule fails closed.
    Fail(Refusal),
}

/// A response that a rule gives itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedResponse {
    /// The status, 200 to 599.
    pub status: u16,
    /// The body, as `text/plain`; empty for none.
    pub body: Box<str>,
}

/// One backend of a split.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightedTarget {
    /// Its share of the requests, out of the sum over the split; 0 to 1,000,000.
    pub weight: u32,
    /// What is done to the requests that it gets, and to their responses, in order, after the
    /// rule's own filters.
    pub filters: Vec<Filter>,
    /// The backend, or why there is none.
    pub target: Target,
}

impl Weighted for WeightedTarget {
    fn weight(&self) -> u32 {
        self.weight
    }
}

/// A backend, or the reason that there is none: a bad reference keeps its weight and answers for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Target {
    /// A backend of the IR.
    Backend(BackendId),
    /// No backend.
    Refused(Refusal),
}

impl Target {
    /// The backend, when there is one.
    pub fn backend(&self) -> Option<&BackendId> {
        match self {
            Self::Backend(id) => Some(id),
            Self::Refused(_) => None,
        }
    }

    /// Puts another backend in the place of the one that there is.
    #[cfg(feature = "resolve")]
    pub(crate) fn replace(&mut self, other: &impl Fn(&BackendId) -> BackendId) {
        if let Self::Backend(id) = self {
            *id = other(id);
        }
    }
}

impl fmt::Display for Target {
    /// The backend, or the refusal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Backend(id) => id.fmt(f),
            Self::Refused(refusal) => refusal.fmt(f),
        }
    }
}

/// An answer that stands in for one that cannot be given.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// The status of the answer, 400 to 599.
    pub status: NonZeroU16,
    /// Why, in a word.
    pub reason: RefusalReason,
    /// Why, for the operator. Never sent to a client.
    pub message: Box<str>,
}

impl Refusal {
    /// A refusal that answers 500, as the specification asks of bad references.
    pub fn new(reason: RefusalReason, message: impl Into<Box<str>>) -> Self {
        Self {
            status: INTERNAL_SERVER_ERROR,
            reason,
            message: message.into(),
        }
    }
}

impl fmt::Display for Refusal {
    /// `500: Service default/a does not exist (BackendNotFound)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            status,
            reason,
            message,
        } = self;
        write!(f, "{status}: {message} ({reason:?})")
    }
}

const INTERNAL_SERVER_ERROR: NonZeroU16 = NonZeroU16::new(500).expect("500 is not zero");

/// Why there is a [`Refusal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RefusalReason {
    /// The rule has no backend with a weight above zero, and nothing else that answers.
    NoBackend,
    /// The backend, or its port, does not exist.
    BackendNotFound,
    /// The backend is of a kind that is not supported.
    InvalidKind,
    /// No ReferenceGrant allows the reference.
    RefNotPermitted,
    /// The backend asks for a protocol that is not supported.
    UnsupportedProtocol,
    /// A filter of the rule cannot be honoured.
    InvalidFilter,
    /// The backend is to be connected to by TLS, as it cannot be.
    InvalidBackendTls,
    /// The backend asks for what cannot be honoured.
    InvalidBackend,
    /// The rule asks for what is not understood.
    UnsupportedValue,
}
