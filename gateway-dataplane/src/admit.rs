//! What a request passes before it is routed, and before a backend is picked for it: the steps that may ask somebody, or
//! wait.
//!
//! Authorization, rate limits and delays belong here. [`ProxyBuilder::admitted_by`](crate::ProxyBuilder::admitted_by)
//! and [`Forwarder::admitted_by`](crate::Forwarder::admitted_by) give each rule its stages when the table is compiled;
//! a rule without any has no such step. [`ProxyBuilder::received_by`](crate::ProxyBuilder::received_by) and
//! [`Forwarder::received_by`](crate::Forwarder::received_by) have all requests pass stages before a rule is looked for:
//! what these do to the head counts for the choice. A proxy of one's own has both by
//! [`Planner::receive`](crate::plan::Planner::receive) and [`Planner::admit`](crate::plan::Planner::admit).

mod edit;
mod metadata;

pub use edit::{Edit, Editing, Edits};
#[cfg(feature = "templates")]
pub(crate) use metadata::{Kept, Metadata};

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use gateway_resolve::ir;
use http::Response;

use crate::head::RequestHead;
use crate::{Body, ConnectionInfo};

/// A stage, before routing or of a rule.
///
/// It sees the head in canonical form, before the rule's filters, and may edit it; which rule takes the request
/// is settled, if there [is one](Asking::rule). The request's body is not read meanwhile, unless the stage [asks for it](Self::takes_exchange). The
/// rule's request timeout counts, before routing [`Limits::receiving`](crate::Limits::receiving) as well: 504. A client
/// that leaves drops the future.
///
/// ```
/// use bytes::Bytes;
/// use gateway_dataplane::admit::{Admit, Admitted, Asking};
/// use http::{Response, StatusCode};
///
/// /// Lets those in who have a key.
/// struct Keyed;
///
/// impl Admit for Keyed {
///     fn admit<'a>(&'a self, request: Asking<'a>) -> Admitted<'a> {
///         Box::pin(async move {
///             // A real one would ask somebody here.
///             if request.head.fields.get("x-key") == Some(b"secret") {
///                 return Ok(());
///             }
///             let mut refusal = Response::new(Bytes::from_static(b"no key\n"));
///             *refusal.status_mut() = StatusCode::UNAUTHORIZED;
///             Err(Box::new(refusal))
///         })
///     }
/// }
/// ```
pub trait Admit: Send + Sync + 'static {
    /// Lets the request pass, or answers it.
    fn admit<'a>(&'a self, request: Asking<'a>) -> Admitted<'a>;

    /// The same, if that needs no waiting; [`admit`](Self::admit) is not asked then.
    fn admit_now(&self, request: &mut Asking<'_>) -> Option<Result<(), Refusal>> {
        let _ = request;
        None
    }

    /// Does it look at the request's body, or edit the response? The requests of its rule take a longer way then, on
    /// which there are a [`body`](Asking::body) and [`edits`](Asking::edits).
    fn takes_exchange(&self) -> bool {
        false
    }
}

/// The answer to a request that does not pass.
pub type Refusal = Box<Response<Bytes>>;

/// Whether a request passes; `Err` is the answer in place of the backend's. A [`Reason`](crate::observe::Reason)
/// among its extensions is what observers are told.
pub type Admitted<'a> = Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send + 'a>>;

/// A request that asks to be let in.
#[derive(Debug)]
#[non_exhaustive]
pub struct Asking<'a> {
    /// Its head.
    pub head: &'a mut RequestHead,
    /// Its body; empty where no stage of the rule [takes it](Admit::takes_exchange).
    pub body: &'a mut Body,
    /// What is done with the response; nothing where no stage of the rule [takes it](Admit::takes_exchange). The last
    /// is done first.
    pub edits: &'a mut Edits,
    /// The rule that takes it; `None` before it is routed.
    pub rule: Option<&'a Arc<ir::Rule>>,
    /// Where it comes from.
    pub connection: &'a ConnectionInfo,
}

/// The parts of a request that stages may change.
#[derive(Debug)]
pub struct Entering<'a> {
    /// Its head.
    pub head: &'a mut RequestHead,
    /// Its body.
    pub body: &'a mut Body,
    /// What is done with the response, whoever gives it: to be [applied](Edits::apply).
    pub edits: &'a mut Edits,
}

/// Where a stage stands among those of its rule.
#[cfg_attr(
    not(all(feature = "compression", feature = "grpc")),
    allow(dead_code, reason = "some are of stages that a feature brings")
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Fault,
    Compression,
    EarlyTransformation,
    LocalRateLimit,
    EarlyRateLimit,
    Authorization,
    GrpcWeb,
    Transformation,
    RateLimit,
    Buffer,
    Csrf,
    LastTransformation,
    /// Of an embedder's own.
    Own,
}

/// A stage, and where it stands.
pub(crate) type Placed = (Place, Box<dyn Admit>);

/// Stages that requests pass one after the other; at least one.
pub struct Stages(Box<[Placed]>);

impl Stages {
    /// `None`: there is nothing to pass.
    pub fn new(stages: Vec<Box<dyn Admit>>) -> Option<Self> {
        let own = stages.into_iter();
        Self::placed(own.map(|stage| (Place::Own, stage)).collect())
    }

    /// The same of stages that stand at different places, in order.
    pub(crate) fn placed(stages: Vec<Placed>) -> Option<Self> {
        (!stages.is_empty()).then(|| Self(stages.into()))
    }

    /// Does one of them take more than the head of a request?
    pub fn take_exchange(&self) -> bool {
        self.0.iter().any(|(_, stage)| stage.takes_exchange())
    }

    /// Passes one after the other without waiting. `None` is the answer of one that would have to, or that takes more
    /// than the head.
    pub(crate) fn pass_now(
        &self,
        head: &mut RequestHead,
        rule: Option<&Arc<ir::Rule>>,
        connection: &ConnectionInfo,
    ) -> Result<(), Option<Refusal>> {
        if self.take_exchange() {
            return Err(None);
        }
        for (_, stage) in &self.0 {
            let mut asking = Asking {
                head: &mut *head,
                body: &mut Body::empty(),
                edits: &mut Edits::default(),
                rule,
                connection,
            };
            stage.admit_now(&mut asking).ok_or(None)?.map_err(Some)?;
        }
        Ok(())
    }

    /// Passes one after the other, of those that stand behind `after`. Where it stands which asks that the request look
    /// for its rule again; those behind it are not passed then.
    pub(crate) async fn pass(
        &self,
        after: Option<Place>,
        entering: &mut Entering<'_>,
        rule: Option<&Arc<ir::Rule>>,
        connection: &ConnectionInfo,
    ) -> Result<Option<Place>, Refusal> {
        let behind = self.0.iter().filter(|(place, _)| Some(*place) > after);
        for (place, stage) in behind {
            let mut asking = Asking {
                head: entering.head,
                body: entering.body,
                edits: entering.edits,
                rule,
                connection,
            };
            match stage.admit_now(&mut asking) {
                Some(done) => done?,
                None => stage.admit(asking).await?,
            }
            if entering.edits.take_reroute() {
                return Ok(Some(*place));
            }
        }
        Ok(None)
    }
}

impl fmt::Debug for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stages({})", self.0.len())
    }
}

/// Who gives rules their stages, if there is anybody.
#[derive(Clone, Default)]
pub(crate) struct Gatekeeper(Option<Arc<Make>>);

type Make = dyn Fn(&Arc<ir::Rule>) -> Vec<Box<dyn Admit>> + Send + Sync;

impl Gatekeeper {
    pub(crate) fn new(
        make: impl Fn(&Arc<ir::Rule>) -> Vec<Box<dyn Admit>> + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Arc::new(make)))
    }

    /// The stages of `rule`.
    pub(crate) fn stages(&self, rule: &Arc<ir::Rule>) -> Vec<Box<dyn Admit>> {
        self.0.as_ref().map_or_else(Vec::new, |make| make(rule))
    }
}

impl fmt::Debug for Gatekeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Some" } else { "None" })
    }
}
