//! The names of what is printed.

use std::fmt;

use gateway_dataplane::table::{Candidate, StreamCandidate};
use gateway_model::{ObjectRef, Port};
use gateway_resolve::ir::{
    BackendId, ListenerId, Refusal, RuleSource, StreamTarget, Target as IrTarget, WeightedTarget,
};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(in crate::explain) struct Object {
    kind: String,
    namespace: String,
    name: String,
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            namespace,
            name,
        } = self;
        write!(f, "{kind} {namespace}/{name}")
    }
}

impl From<&ObjectRef> for Object {
    fn from(object: &ObjectRef) -> Self {
        Self {
            kind: object.kind.to_string(),
            namespace: object.namespace.to_string(),
            name: object.name.to_string(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Listener {
    #[serde(flatten)]
    pub(super) parent: Object,
    pub(super) section: String,
}

impl From<&ListenerId> for Listener {
    fn from(id: &ListenerId) -> Self {
        Self {
            parent: (&id.parent).into(),
            section: id.name.to_string(),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RuleName {
    #[serde(flatten)]
    pub(super) route: Object,
    pub(super) rule: usize,
    #[serde(rename = "match")]
    pub(super) match_index: usize,
    pub(super) rule_name: Option<String>,
}

impl RuleName {
    pub(super) fn new(rule: &RuleSource, match_index: usize) -> Self {
        Self {
            route: (&rule.id.route).into(),
            rule: rule.id.index,
            match_index,
            rule_name: rule.name.as_ref().map(ToString::to_string),
        }
    }
}

/// A rule that delegated to another.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::explain) struct RuleLink {
    #[serde(flatten)]
    pub(in crate::explain) route: Object,
    pub(in crate::explain) rule: usize,
    pub(in crate::explain) rule_name: Option<String>,
}

impl fmt::Display for RuleLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rule {}", self.route, self.rule)?;
        let mut name = self.rule_name.iter();
        name.try_for_each(|name| write!(f, " ({name})"))
    }
}

#[derive(Debug, Serialize)]
pub(super) struct TargetShare {
    pub(super) weight: u32,
    pub(super) backend: Option<BackendName>,
    pub(super) refusal: Option<Refused>,
}

#[derive(Debug, Serialize)]
pub(super) struct BackendName {
    #[serde(flatten)]
    pub(super) object: Object,
    /// Left out where it is no port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) port: Option<u16>,
    /// Left out where it has no functions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function: Option<String>,
}

impl From<&BackendId> for BackendName {
    fn from(id: &BackendId) -> Self {
        Self {
            object: (&id.object).into(),
            port: id.port.map(Port::get),
            function: id.function.as_deref().map(str::to_owned),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Refused {
    /// Null where there are no statuses.
    pub(super) status: Option<u16>,
    pub(super) reason: String,
}

impl From<&Refusal> for Refused {
    fn from(refusal: &Refusal) -> Self {
        Self {
            status: Some(refusal.status.get()),
            reason: format!("{:?}", refusal.reason),
        }
    }
}

impl TargetShare {
    pub(super) fn new(weight: u32, target: &IrTarget) -> Self {
        let (backend, refusal) = match target {
            IrTarget::Backend(id) => (Some(id.into()), None),
            IrTarget::Refused(refusal) => (None, Some(refusal.into())),
        };
        Self {
            weight,
            backend,
            refusal,
        }
    }
}

impl From<&WeightedTarget> for TargetShare {
    fn from(share: &WeightedTarget) -> Self {
        Self::new(share.weight, &share.target)
    }
}

impl From<&StreamTarget> for TargetShare {
    fn from(share: &StreamTarget) -> Self {
        let refusal = |refused: Refused| Refused {
            status: None,
            ..refused
        };
        let share = Self::new(share.weight, &share.target);
        Self {
            refusal: share.refusal.map(refusal),
            ..share
        }
    }
}

/// The request after rewrites: the path has the query with it.
#[derive(Debug, Serialize)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) authority: String,
    pub(super) path: String,
}

#[derive(Debug, Serialize)]
pub(super) struct RuledOut {
    pub(super) listener: Listener,
    pub(super) host: Option<String>,
    pub(super) rule: RuleName,
    /// What ruled it out, in words.
    pub(super) by: String,
}

impl From<&Candidate> for RuledOut {
    fn from(candidate: &Candidate) -> Self {
        Self {
            listener: (&candidate.listener).into(),
            host: candidate.hostname.as_ref().map(ToString::to_string),
            rule: RuleName::new(&candidate.rule.source, candidate.match_index),
            by: candidate.verdict.to_string(),
        }
    }
}

impl From<&StreamCandidate> for RuledOut {
    fn from(candidate: &StreamCandidate) -> Self {
        Self {
            listener: (&candidate.listener).into(),
            host: candidate.hostname.as_ref().map(ToString::to_string),
            rule: RuleName::new(&candidate.rule.source, 0),
            by: candidate.verdict.to_string(),
        }
    }
}
