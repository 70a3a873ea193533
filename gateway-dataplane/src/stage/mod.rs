//! The stages that the settings of a rule ask for, on the seam of [`admit`](crate::admit).
//!
//! They are compiled with the table: a rule without settings has no stage, and its requests pay for none.

mod authorize;
#[cfg(feature = "grpc")]
mod grpc;
mod peek;

use std::sync::Arc;

use gateway_resolve::ir::{self, BackendId};

use self::authorize::Authorize;
use crate::Limits;
use crate::admit::{Admit, Gatekeeper, Stages};
use crate::backend::BoxBackend;
use crate::forward::headers::HopId;

/// What stages are made of.
pub(crate) struct Maker<'a> {
    pub(crate) gatekeeper: &'a Gatekeeper,
    pub(crate) limits: &'a Limits,
    /// Under which name requests of the gateway's own count their hops.
    pub(crate) hop_id: Option<&'a HopId>,
    /// The backends that stages ask.
    pub(crate) backend: &'a dyn Fn(&BackendId) -> Option<BoxBackend>,
}

impl Maker<'_> {
    /// The stages of `rule`, in the order in which requests pass them.
    pub(crate) fn stages(&self, rule: &Arc<ir::Rule>) -> Option<Stages> {
        let settings = &rule.settings;
        let mut stages: Vec<Box<dyn Admit>> = Vec::new();
        if let Some(asked) = &settings.authorization {
            stages.push(Box::new(Authorize::new(&asked.value, self)));
        }
        stages.extend(self.gatekeeper.stages(rule));
        Stages::new(stages)
    }
}
