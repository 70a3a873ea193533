//! The callbacks of pingora, and what they ask of the plan.

use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;

use async_trait::async_trait;
use gateway_dataplane::ConnectionInfo;
use gateway_dataplane::backend::{BackendError, BackendErrorKind};
use gateway_dataplane::head::{RequestHead, ResponseHead};
use gateway_dataplane::observe::Reason;
use gateway_dataplane::plan::{Answer, Forward, Plan, Planner};
use gateway_dataplane::table::{Destination, SocketKey, Table};
use http::{Method, StatusCode};
use pingora_core::ErrorType::{
    ConnectError, ConnectNoRoute, ConnectRefused, ConnectTimedout, HTTPStatus, InternalError,
    InvalidHTTPHeader, ReadTimedout, WriteTimedout,
};
use pingora_core::upstreams::peer::HttpPeer;
use pingora_core::{Error, ErrorSource, OkOrErr, OrErr, Result};
use pingora_http::{RequestHeader, ResponseHeader};
use pingora_proxy::{FailToProxy, ProxyHttp, Session};

/// What stands for a backend: its first endpoint.
pub type Endpoint = Option<SocketAddr>;

/// Serves one socket of a table.
pub struct Gateway {
    pub table: Table<Endpoint>,
    pub planner: Planner,
    pub socket: SocketKey,
}

/// What the callbacks of one request share.
#[derive(Default)]
pub struct Context {
    /// The head to send.
    head: RequestHead,
    forward: Option<Box<Forward<Endpoint>>>,
}

#[async_trait]
impl ProxyHttp for Gateway {
    type CTX = Context;

    fn new_ctx(&self) -> Context {
        Context::default()
    }

    async fn request_filter(&self, session: &mut Session, ctx: &mut Context) -> Result<bool> {
        ctx.head = read(session.req_header())?;
        let client = session.client_addr().and_then(|client| client.as_inet());
        let client = client.or_err(InternalError, "a client of TCP")?;
        let connection = ConnectionInfo::new(*client, self.socket);
        let table = self.table.socket(&self.socket);
        let table = table.or_err(InternalError, "the socket of a listener")?;
        // Any good source of random numbers.
        let random = || RandomState::new().hash_one(0);
        match self.planner.plan(table, &connection, &mut ctx.head, random) {
            Plan::Answer { answer, .. } => write(session, *answer).await?,
            Plan::Forward(forward) => match self.refusal(&forward) {
                Some(answer) => write(session, answer).await?,
                None => {
                    ctx.forward = Some(forward);
                    return Ok(false);
                }
            },
        }
        Ok(true)
    }

    async fn upstream_peer(&self, _: &mut Session, ctx: &mut Context) -> Result<Box<HttpPeer>> {
        let forward = ctx.forward.as_deref();
        let forward = forward.or_err(InternalError, "what is proxied has a plan")?;
        let Destination::Backend(Some(endpoint)) = forward.destination() else {
            return Error::e_explain(InternalError, "what is refused was answered");
        };
        let mut peer = HttpPeer::new(endpoint, false, String::new());
        let limits = [forward.attempt_timeout(), forward.request_timeout()];
        peer.options.read_timeout = limits.into_iter().flatten().min();
        peer.options.idle_timeout = forward.idle_timeout();
        Ok(Box::new(peer))
    }

    async fn upstream_request_filter(
        &self,
        _: &mut Session,
        request: &mut RequestHeader,
        ctx: &mut Context,
    ) -> Result<()> {
        let parts = ctx.head.to_parts().or_err(InternalError, "a target")?;
        let version = request.version;
        *request = RequestHeader::from(parts);
        request.set_version(version);
        Ok(())
    }

    /// Before pingora decides how the body is framed: the plan takes off how the backend did it.
    async fn upstream_response_filter(
        &self,
        _: &mut Session,
        response: &mut ResponseHeader,
        ctx: &mut Context,
    ) -> Result<()> {
        if let Some(forward) = &ctx.forward {
            let mut head = ResponseHead::from(&response.as_owned_parts());
            forward.finish(&self.planner, &mut head);
            *response = ResponseHeader::from(head.to_parts());
        }
        Ok(())
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        ctx: &mut Context,
    ) -> FailToProxy {
        let failure = BackendError::new(kind(error), "");
        let error_code = match &ctx.forward {
            Some(forward) => {
                let reason = Reason::Failed(failure.kind());
                let answer = forward.answer(&self.planner, failure.status(), reason);
                // A client that is gone misses nothing.
                let _ = write(session, answer).await;
                failure.status().as_u16()
            }
            None => {
                let code = match error.etype() {
                    HTTPStatus(code) => *code,
                    InvalidHTTPHeader => 400,
                    _ => 500,
                };
                let _ = session.respond_error(code).await;
                code
            }
        };
        FailToProxy {
            error_code,
            can_reuse_downstream: false,
        }
    }
}

impl Gateway {
    /// The answer to a request that has nowhere to go.
    fn refusal(&self, forward: &Forward<Endpoint>) -> Option<Answer> {
        let (status, reason) = match forward.destination() {
            Destination::Backend(Some(_)) => return None,
            Destination::Backend(None) => (
                StatusCode::SERVICE_UNAVAILABLE,
                Reason::Failed(BackendErrorKind::NoEndpoint),
            ),
            Destination::Refused(status) => (*status, Reason::Refused),
        };
        Some(forward.answer(&self.planner, status, reason))
    }
}

/// The head as the client wrote it: with the target of the request line, which pingora keeps apart from the URI.
fn read(header: &RequestHeader) -> Result<RequestHead> {
    let mut head = RequestHead::from(&header.as_owned_parts());
    let target = std::str::from_utf8(header.raw_path()).or_err(InvalidHTTPHeader, "a target")?;
    head.set_target(target);
    Ok(head)
}

async fn write(session: &mut Session, answer: Answer) -> Result<()> {
    let mut head = ResponseHeader::from(answer.head.to_parts());
    if head.status != StatusCode::NO_CONTENT {
        head.set_content_length(answer.text.len())?;
    }
    if answer.last {
        session.set_keepalive(None);
    }
    let bodiless = answer.text.is_empty() || session.req_header().method == Method::HEAD;
    session
        .write_response_header(Box::new(head), bodiless)
        .await?;
    match bodiless {
        true => Ok(()),
        false => session.write_response_body(Some(answer.text), true).await,
    }
}

fn kind(error: &Error) -> BackendErrorKind {
    match (error.etype(), error.esource()) {
        (ConnectRefused | ConnectTimedout | ConnectNoRoute | ConnectError, _) => {
            BackendErrorKind::Connect
        }
        (ReadTimedout | WriteTimedout, ErrorSource::Upstream) => BackendErrorKind::Timeout,
        (_, ErrorSource::Downstream) => BackendErrorKind::Request,
        (_, ErrorSource::Upstream) => BackendErrorKind::Broken,
        (_, ErrorSource::Internal | ErrorSource::Unset) => BackendErrorKind::Local,
    }
}
