//! Asks another server whether a request may pass (GEP-1494).

#[cfg(feature = "grpc")]
mod check;
#[cfg(feature = "grpc")]
mod grpc;
mod http;
mod verdict;

use std::time::Duration;

use ::http::StatusCode;
use bytes::Bytes;
use gateway_resolve::ir::{self, AuthorizationProtocol, ForwardedBody, Unanswered};
use tokio::time::timeout;

use self::verdict::Verdict;
use super::Maker;
use super::peek::{Start, start_of};
use crate::ConnectionInfo;
use crate::admit::{Admit, Admitted, Asking, Refusal};
use crate::backend::{BackendError, BoxBackend};
use crate::forward::headers::HopId;
use crate::head::RequestHead;
use crate::observe::Reason;
use crate::paced::Paced;

/// The stage of an [`ir::Authorization`].
pub(super) struct Authorize {
    spec: ir::Authorization,
    server: Option<BoxBackend>,
    patience: Duration,
    hop_id: Option<HopId>,
    /// Bytes of a refusal that are passed on.
    answer_bytes: usize,
}

/// What is asked about.
#[derive(Clone, Copy)]
struct Subject<'a> {
    head: &'a RequestHead,
    connection: &'a ConnectionInfo,
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
enum NoVerdict {
    #[error(transparent)]
    Backend(#[from] BackendError),
    #[error("no answer within {0:?}")]
    Late(Duration),
    #[error("{0}")]
    Invalid(String),
}

impl Authorize {
    pub(super) fn new(spec: ir::Authorization, maker: &Maker<'_>) -> Self {
        Self {
            server: maker.server(&spec.server),
            patience: spec.timeout.unwrap_or(maker.limits.authorization),
            hop_id: maker.hop_id.cloned(),
            answer_bytes: maker.limits.authorization_answer,
            spec,
        }
    }

    async fn ask(&self, subject: Subject<'_>, body: Bytes) -> Result<Verdict, NoVerdict> {
        let gone = || NoVerdict::Invalid("there is no such backend".to_owned());
        let server = self.server.as_ref().ok_or_else(gone)?;
        match &self.spec.protocol {
            AuthorizationProtocol::Http(spec) => http::ask(self, spec, server, subject, body).await,
            #[cfg(feature = "grpc")]
            AuthorizationProtocol::Grpc(spec) => grpc::ask(self, spec, server, subject, body).await,
            #[cfg(not(feature = "grpc"))]
            AuthorizationProtocol::Grpc(_) => Err(NoVerdict::Invalid(
                "its protocol is not supported".to_owned(),
            )),
        }
    }

    /// What becomes of a request that nobody has judged.
    fn unanswered(&self, error: &NoVerdict) -> Verdict {
        static SAID: Paced = Paced::new();
        if let Some(more) = SAID.pass() {
            let server = &self.spec.server;
            tracing::warn!(%server, %error, more, "an authorization server gives no answer");
        }
        match self.spec.unanswered {
            Unanswered::Admit => Verdict::default(),
            Unanswered::Refuse(status) => {
                let status = StatusCode::from_u16(status.get()).unwrap_or(StatusCode::FORBIDDEN);
                Verdict::Refused(refusal(status, Reason::Unauthorized))
            }
        }
    }
}

/// The part of the body that the server is sent; `Err` answers in its place.
async fn body_of(asking: &mut Asking<'_>, part: Option<ForwardedBody>) -> Result<Bytes, Refusal> {
    let Some(ForwardedBody { limit, partial }) = part else {
        return Ok(Bytes::new());
    };
    match start_of(asking.body, limit as usize).await {
        Err(_broke_off) => Err(refusal(StatusCode::BAD_REQUEST, Reason::Invalid)),
        Ok(Start { whole: false, .. }) if !partial => {
            Err(refusal(StatusCode::PAYLOAD_TOO_LARGE, Reason::TooLarge))
        }
        Ok(Start { bytes, .. }) => Ok(bytes),
    }
}

fn refusal(status: StatusCode, reason: Reason) -> Refusal {
    super::answer(status, "", reason)
}

impl Admit for Authorize {
    fn admit<'a>(&'a self, mut asking: Asking<'a>) -> Admitted<'a> {
        Box::pin(async move {
            for name in &self.spec.reserved {
                asking.head.fields.remove(name.as_http());
            }
            let body = body_of(&mut asking, self.spec.body).await?;
            let subject = Subject {
                head: asking.head,
                connection: asking.connection,
            };
            let asked = timeout(self.patience, self.ask(subject, body)).await;
            let answered = asked.unwrap_or(Err(NoVerdict::Late(self.patience)));
            let verdict = answered.unwrap_or_else(|error| self.unanswered(&error));
            verdict.carry_out(&mut asking)?;
            if self.spec.reroutes {
                asking.edits.reroute();
            }
            Ok(())
        })
    }

    fn takes_exchange(&self) -> bool {
        let may_edit_responses = matches!(self.spec.protocol, AuthorizationProtocol::Grpc(_));
        may_edit_responses || self.spec.body.is_some() || self.spec.reroutes
    }
}
