//! The stages that settings ask for, on the seam of [`admit`](crate::admit).
//!
//! They are compiled with the table: a rule without settings has no stage, and its requests pay for none.

mod authorize;
mod buffer;
#[cfg(feature = "compression")]
mod compress;
mod csrf;
mod fault;
#[cfg(feature = "grpc")]
mod global_rate_limit;
#[cfg(feature = "grpc")]
mod grpc_web;
mod levels;
mod peek;
mod rate_limit;
#[cfg(feature = "templates")]
mod transform;
#[cfg(not(feature = "templates"))]
#[path = "transform_not.rs"]
mod transform;

pub(crate) use levels::Levels;
pub(crate) use rate_limit::{Bucket, Buckets};

use std::sync::Arc;

use bytes::Bytes;
use gateway_resolve::ir::{self, BackendId};
use http::{Response, StatusCode};

use self::authorize::Authorize;
use self::buffer::Buffer;
use self::csrf::Csrf;
use self::fault::Fault;
use self::levels::{Counted, most_specific, rule_or_host};
use self::rate_limit::RateLimit;
use self::transform::Transform;
use crate::Limits;
use crate::admit::{Admit, Gatekeeper, Place, Placed, Refusal, Stages};
use crate::backend::{BoxBackend, Site};
use crate::forward::headers::HopId;
use crate::log::{Couriers, Dispatch, Logs};
use crate::observe::Reason;
use crate::session::{SessionKey, Sessions};
use crate::table::Besides;

/// What stages are made of.
pub(crate) struct Maker<'a> {
    pub(crate) gatekeeper: &'a Gatekeeper,
    pub(crate) limits: &'a Limits,
    /// Under which name requests of the gateway's own count their hops.
    pub(crate) hop_id: Option<&'a HopId>,
    /// The backends that stages ask.
    pub(crate) backend: &'a dyn Fn(&BackendId) -> Option<BoxBackend>,
    pub(crate) session_key: SessionKey,
    pub(crate) buckets: &'a Buckets,
    pub(crate) couriers: &'a Couriers,
    pub(crate) site: Site<'a>,
}

impl Maker<'_> {
    /// A server that stages ask.
    fn server(&self, server: &ir::Target) -> Option<BoxBackend> {
        (self.backend)(server.backend()?)
    }

    /// The logs of a listener.
    pub(crate) fn logs(&self, logs: &[ir::AccessLog]) -> Option<Arc<Logs>> {
        Logs::open(logs, &|log| {
            let dispatch = Dispatch {
                server: self.server(&log.server),
                limits: self.limits,
                workers: self.site.workers,
                zone: self.site.zone,
            };
            self.couriers.get(log, dispatch)
        })
    }

    /// What a rule has beside its filters and backends.
    pub(crate) fn make(&self, levels: &Levels<'_>) -> Besides {
        let sessions = levels.rule().session.as_ref();
        Besides {
            stages: self.stages(levels),
            sessions: sessions.map(|set| Sessions::new(self.session_key, levels.rule, &set.value)),
            is_unguarded: false,
            ..levels.besides()
        }
    }

    /// The stages, in the order in which requests pass them.
    fn stages(&self, levels: &Levels<'_>) -> Option<Stages> {
        let mut stages: Vec<Placed> = Vec::new();
        let mut put = |place, stage: Option<Box<dyn Admit>>| {
            stages.extend(stage.map(|stage| (place, stage)));
        };
        let fault = levels.rule().fault.as_ref();
        put(
            Place::Fault,
            fault.map(|fault| boxed(Fault(fault.value.clone()))),
        );
        #[cfg(feature = "compression")]
        if let Some(set) = &levels.listener().compression {
            let spec = Arc::new(set.value.clone());
            put(Place::Compression, Some(boxed(compress::Compress(spec))));
        }
        let transformations = rule_or_host!(levels, transformations);
        let at = |stage: fn(&ir::Transformations) -> &ir::TransformationStage| {
            transformations.and_then(|set| self.transform(stage(set)))
        };
        put(Place::EarlyTransformation, at(|set| &set.early));
        let bucket = self.bucket(levels);
        put(
            Place::LocalRateLimit,
            bucket.map(|bucket| boxed(RateLimit(bucket))),
        );
        let (before, after) = match levels.counted() {
            Some(counted) if counted.0.before_authorization => (Some(counted), None),
            counted => (None, counted),
        };
        put(
            Place::EarlyRateLimit,
            before.map(|counted| self.counted(levels, counted)),
        );
        let asked = levels.authorization();
        put(
            Place::Authorization,
            asked.map(|asked| boxed(Authorize::new(asked.into_owned(), self))),
        );
        #[cfg(feature = "grpc")]
        if levels.listener().grpc_web.is_some() {
            put(Place::GrpcWeb, Some(boxed(grpc_web::GrpcWeb)));
        }
        put(Place::Transformation, at(|set| &set.regular));
        put(
            Place::RateLimit,
            after.map(|counted| self.counted(levels, counted)),
        );
        if let Some(ir::Buffer::UpTo(limit)) = most_specific!(levels, buffer) {
            put(Place::Buffer, Some(boxed(Buffer(*limit))));
        }
        let csrf = most_specific!(levels, csrf);
        put(Place::Csrf, csrf.map(|csrf| boxed(Csrf(csrf.clone()))));
        put(Place::LastTransformation, at(|set| &set.last));
        let own = self.gatekeeper.stages(levels.rule).into_iter();
        stages.extend(own.map(|stage| (Place::Own, stage)));
        Stages::placed(stages)
    }

    #[cfg(feature = "grpc")]
    fn counted(&self, levels: &Levels<'_>, counted: Counted<'_>) -> Box<dyn Admit> {
        let limit = global_rate_limit::GlobalRateLimit::new(levels.rule, counted, self);
        Box::new(limit)
    }

    #[cfg(not(feature = "grpc"))]
    fn counted(&self, _levels: &Levels<'_>, _counted: Counted<'_>) -> Box<dyn Admit> {
        tracing::error!("this data plane has no gRPC, which a rate limit needs");
        Box::new(transform::Broken)
    }

    /// A transformation that cannot be done lets nothing pass.
    fn transform(&self, spec: &ir::TransformationStage) -> Option<Box<dyn Admit>> {
        let made = Transform::new(spec, self.limits.transformed_body)?;
        Some(match made {
            Ok(transform) => Box::new(transform),
            Err(error) => {
                tracing::error!(%error, "a transformation cannot be done");
                Box::new(transform::Broken)
            }
        })
    }

    /// The bucket of the most specific level that has one.
    fn bucket(&self, levels: &Levels<'_>) -> Option<Arc<Bucket>> {
        let (rule, host, listener) = (levels.rule(), levels.host(), levels.listener());
        let (key, limit) = match (
            &rule.local_rate_limit,
            &host.local_rate_limit,
            &listener.local_rate_limit,
        ) {
            (Some(limit), _, _) => (levels.rule_key(), limit),
            (None, Some(limit), _) => (levels.host_key(), limit),
            (None, None, Some(limit)) => (levels.listener_key(), limit),
            (None, None, None) => return None,
        };
        Some(self.buckets.get(key, &limit.value))
    }
}

fn boxed(stage: impl Admit) -> Box<dyn Admit> {
    Box::new(stage)
}

/// An answer in place of a backend's.
fn answer(status: StatusCode, text: &'static str, reason: Reason) -> Refusal {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    if !text.is_empty() {
        let plain = http::HeaderValue::from_static("text/plain");
        response
            .headers_mut()
            .insert(http::header::CONTENT_TYPE, plain);
    }
    response.extensions_mut().insert(reason);
    Box::new(response)
}
