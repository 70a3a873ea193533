//! Functions of AWS Lambda that are called in the place of a server
//! (<https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>).

mod answer;
mod call;
mod credentials;
mod environment;
mod sign;
mod token_service;

pub use environment::AwsEnvironment;

pub(super) use credentials::Providers;

use std::sync::Arc;
use std::time::SystemTime;

use gateway_resolve::ir;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use self::call::call;
use self::credentials::Provider;
use self::sign::sign;
use super::{BackendError, BackendErrorKind};
use crate::Body;
use crate::head::RequestHead;
use crate::observe::Reason;

/// Calls the function of a backend.
pub(super) struct Lambda {
    spec: ir::Lambda,
    provider: Arc<Provider>,
    /// Bytes of a request, and of an answer that is taken apart.
    limit: usize,
}

/// What comes in the place of a call.
pub(super) enum Uncalled {
    /// This answer.
    Answered(Response<Body>),
    /// Nothing.
    Failed(BackendError),
}

impl Lambda {
    pub(super) fn new(spec: ir::Lambda, provider: Arc<Provider>, limit: usize) -> Self {
        Self {
            spec,
            provider,
            limit,
        }
    }

    /// The call that a request comes to, signed. Calls are made anew for each attempt, since signatures expire.
    pub(super) async fn call(
        &self,
        request: Request<Body>,
        worker: usize,
    ) -> Result<Request<Body>, Uncalled> {
        let (parts, body) = request.into_parts();
        let head = RequestHead::from(&parts);
        let body = Limited::new(body, self.limit).collect().await;
        let body = body.map_err(unread)?.to_bytes();
        let credentials = self.provider.credentials(worker).await;
        let credentials = credentials.map_err(|error| {
            tracing::warn!(%error, function = %self.spec.function, "no credentials for a function");
            Uncalled::Answered(without_credentials())
        })?;
        let mut call = call(&self.spec, &head, body);
        let signed = sign(
            &mut call,
            "lambda",
            &self.spec.region,
            credentials,
            SystemTime::now(),
        );
        signed.map_err(|error| {
            let what = "the call of a function cannot be signed";
            Uncalled::Failed(BackendError::new(BackendErrorKind::Request, what).because(error))
        })?;
        let mut call = call.map(Body::from);
        // What is about the client's connection goes on.
        call.extensions_mut().clone_from(&parts.extensions);
        Ok(call)
    }

    /// The response that the answer to a call comes to.
    pub(super) async fn answered(&self, response: Response<Body>) -> Response<Body> {
        answer::response(self.spec.answer, response, self.limit).await
    }
}

fn unread(error: Box<dyn std::error::Error + Send + Sync>) -> Uncalled {
    if error.is::<LengthLimitError>() {
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        let text = "payload too large";
        return Uncalled::Answered(answer::own(status, text, Reason::TooLarge));
    }
    let what = "the request body broke off";
    let broken = BackendError::new(BackendErrorKind::Request, what);
    Uncalled::Failed(broken.because(error))
}

fn without_credentials() -> Response<Body> {
    let text = "no credentials present for AWS upstream";
    answer::own(
        StatusCode::INTERNAL_SERVER_ERROR,
        text,
        Reason::NoCredentials,
    )
}
