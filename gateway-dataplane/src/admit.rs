//! What a request passes before a backend is picked for it: the step that may ask somebody, or wait.
//!
//! Authorization, rate limits and delays belong here. [`ProxyBuilder::admitted_by`](crate::ProxyBuilder::admitted_by)
//! and [`Forwarder::admitted_by`](crate::Forwarder::admitted_by) give each rule its stages when the table is compiled;
//! a rule without any has no such step.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use gateway_resolve::ir;
use http::Response;

use crate::ConnectionInfo;
use crate::head::RequestHead;

/// A stage of a rule.
///
/// It sees the head in canonical form, before the rule's filters, and may edit it; which rule takes the request
/// is settled. The request's body is not read meanwhile. The rule's request timeout counts, and a client that
/// leaves drops the future.
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
///             Err(refusal)
///         })
///     }
/// }
/// ```
pub trait Admit: Send + Sync + 'static {
    /// Lets the request pass, or answers it.
    fn admit<'a>(&'a self, request: Asking<'a>) -> Admitted<'a>;
}

/// Whether a request passes; `Err` is the answer in place of the backend's.
pub type Admitted<'a> = Pin<Box<dyn Future<Output = Result<(), Response<Bytes>>> + Send + 'a>>;

/// A request that asks to be let in.
#[derive(Debug)]
#[non_exhaustive]
pub struct Asking<'a> {
    /// Its head.
    pub head: &'a mut RequestHead,
    /// The rule that takes it.
    pub rule: &'a Arc<ir::Rule>,
    /// Where it comes from.
    pub connection: &'a ConnectionInfo,
}

/// The stages of one rule, in order; at least one.
pub(crate) struct Stages(Box<[Box<dyn Admit>]>);

impl Stages {
    /// `None`: there is nothing to pass.
    pub(crate) fn new(stages: Vec<Box<dyn Admit>>) -> Option<Self> {
        (!stages.is_empty()).then(|| Self(stages.into()))
    }

    /// Passes one after the other.
    pub(crate) async fn pass(
        &self,
        head: &mut RequestHead,
        rule: &Arc<ir::Rule>,
        connection: &ConnectionInfo,
    ) -> Result<(), Response<Bytes>> {
        for stage in &self.0 {
            let asking = Asking {
                head: &mut *head,
                rule,
                connection,
            };
            stage.admit(asking).await?;
        }
        Ok(())
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
    pub(crate) fn stages(&self, rule: &Arc<ir::Rule>) -> Option<Stages> {
        Stages::new(self.0.as_ref()?(rule))
    }
}

impl fmt::Debug for Gatekeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Some" } else { "None" })
    }
}
