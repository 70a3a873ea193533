//! Kinds of an embedder's own: what rules may refer to, and what policies say.

mod lookup;
mod policies;

use std::fmt;
use std::sync::Arc;

use gateway_model::{CustomObject, ObjectRef};

use crate::customs::KindName;
use crate::ir::{Backend, BackendId, Extension};
use crate::problem::Problem;
use crate::reason::{PolicyAccepted, PolicyResolvedRefs, RouteResolvedRefs};

pub use lookup::Lookup;
pub(crate) use policies::{all_kinds, extensions, judge, of_listener};

/// A kind of object that rules may forward to, beside Services.
///
/// References to it need a ReferenceGrant as those to Services do, and end in the same conditions and findings. Its
/// objects are in the [`Snapshot`](crate::Snapshot) as [`Resource::Custom`](gateway_model::Resource::Custom).
pub trait BackendKind: fmt::Debug + Send + Sync {
    /// Its API group.
    fn group(&self) -> &str;

    /// Its name.
    fn kind(&self) -> &str;

    /// Does it have ports? That of a reference is left out of the [id](BackendId::port) of a backend otherwise.
    fn has_ports(&self) -> bool {
        false
    }

    /// The backend that `object` is under this id. Whatever it depends on beside the object is looked up by `known`.
    ///
    /// # Errors
    /// Why nothing can be sent there.
    fn backend(
        &self,
        id: &BackendId,
        object: &CustomObject,
        known: &Lookup<'_>,
    ) -> Result<Backend, Unresolved>;
}

/// A kind of policy (GEP-713) of which one applies to each target: that for a section goes before that for the whole,
/// then the older before the younger.
///
/// Its objects are in the [`Snapshot`](crate::Snapshot) as [`Resource::Custom`](gateway_model::Resource::Custom). They
/// say in `spec.targetRefs`, or in `spec.targetRef`, what they are for: routes of any kind, of which a section is
/// a rule by its name; Gateways and ListenerSets, of which it is a listener; Services, of which it is a port by its
/// name, and the embedder's own kinds of backends. What one says is found in the settings of the rule, listener or
/// backend ([`RuleSettings::extension`](crate::ir::RuleSettings::extension), and
/// [`StreamSettings`](crate::ir::StreamSettings) of layer 4).
pub trait PolicyKind: fmt::Debug + Send + Sync {
    /// Its API group.
    fn group(&self) -> &str;

    /// Its name.
    fn kind(&self) -> &str;

    /// May policies be for objects of the kind of `target`? By default for all that there may be policies for.
    fn is_for(&self, target: &ObjectRef) -> bool {
        let _ = target;
        true
    }

    /// Do policies refer to other objects? Then they have the condition `ResolvedRefs`.
    fn has_references(&self) -> bool {
        false
    }

    /// What `policy` says. Whatever it depends on beside that object is looked up by `known`.
    fn read(&self, policy: &CustomObject, known: &Lookup<'_>) -> PolicyOutcome;
}

/// What a policy comes to.
#[derive(Debug, Default)]
pub struct PolicyOutcome {
    setting: Option<Extension>,
    refused: Vec<Problem<PolicyAccepted>>,
    unresolved: Vec<Problem<PolicyResolvedRefs>>,
}

impl PolicyOutcome {
    /// It sets this.
    pub fn new(setting: Extension) -> Self {
        Self {
            setting: Some(setting),
            ..Self::default()
        }
    }

    /// It cannot be honoured, and sets nothing. One that guards something has a [setting](Self::new) that lets nothing
    /// pass.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// The same, not accepted for the value of a field.
    #[must_use]
    pub fn invalid(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        let problem = Problem::new(PolicyAccepted::Invalid, field, message);
        self.refused.push(problem);
        self
    }

    /// The same with a reference that does not resolve: since `missing` does not exist, if that is why.
    #[must_use]
    pub fn unresolved(
        mut self,
        field: impl Into<String>,
        message: impl Into<String>,
        missing: Option<ObjectRef>,
    ) -> Self {
        let problem = Problem::new(PolicyResolvedRefs::RefNotFound, field, message);
        self.unresolved.push(Problem {
            missing: missing.map(Box::new),
            ..problem
        });
        self
    }
}

/// Why a reference to a backend does not resolve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    pub(crate) reason: RouteResolvedRefs,
    pub(crate) message: String,
    /// The object that does not exist, where that is why.
    pub(crate) missing: Option<Box<ObjectRef>>,
}

impl Unresolved {
    pub(crate) fn new(reason: RouteResolvedRefs, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            missing: None,
        }
    }

    /// There is no such backend.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(RouteResolvedRefs::BackendNotFound, message)
    }

    /// It speaks what is not supported.
    pub fn unsupported_protocol(message: impl Into<String>) -> Self {
        Self::new(RouteResolvedRefs::UnsupportedProtocol, message)
    }

    /// The same, since `object` does not exist.
    #[must_use]
    pub fn missing(self, object: ObjectRef) -> Self {
        Self {
            missing: Some(Box::new(object)),
            ..self
        }
    }
}

/// The kinds that an embedder answers for. Cheap to clone; two are equal if they have the same answerers.
#[derive(Debug, Clone, Default)]
pub struct Kinds {
    backends: Vec<Arc<dyn BackendKind>>,
    policies: Vec<Arc<dyn PolicyKind>>,
}

impl Kinds {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with a kind of backends.
    #[must_use]
    pub fn backend(mut self, kind: impl BackendKind + 'static) -> Self {
        self.backends.push(Arc::new(kind));
        self
    }

    /// The same with a kind of policies.
    #[must_use]
    pub fn policy(mut self, kind: impl PolicyKind + 'static) -> Self {
        self.policies.push(Arc::new(kind));
        self
    }

    /// Who answers for backends like this.
    pub(crate) fn of_backend(&self, group: &str, kind: &str) -> Option<&dyn BackendKind> {
        let found = self.backends.iter();
        let mut found = found.filter(|own| own.group() == group && own.kind() == kind);
        found.next().map(|own| &**own)
    }

    /// Who answers for policies of the kind of an object.
    pub(crate) fn of_policy(&self, object: &ObjectRef) -> Option<&dyn PolicyKind> {
        let mut kinds = all_kinds(self);
        kinds.find(|own| own.group() == object.group && own.kind() == object.kind)
    }

    /// `, or a Queue of group "shop.example"` for each.
    pub(crate) fn alternatives(&self) -> String {
        let kinds = self.backends.iter();
        kinds
            .map(|own| format!(", or a {} of group {:?}", own.kind(), own.group()))
            .collect()
    }
}

impl PartialEq for Kinds {
    fn eq(&self, other: &Self) -> bool {
        let Self { backends, policies } = self;
        same(backends, &other.backends) && same(policies, &other.policies)
    }
}

impl Eq for Kinds {}

fn same<T: ?Sized>(own: &[Arc<T>], others: &[Arc<T>]) -> bool {
    own.len() == others.len() && own.iter().zip(others).all(|(a, b)| Arc::ptr_eq(a, b))
}

/// The kind of some policies.
pub(crate) fn name_of(kind: &dyn PolicyKind) -> KindName {
    (kind.group().into(), kind.kind().into())
}
