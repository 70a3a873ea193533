//! Functions, which this data plane cannot call: it is built without the feature `lambda`.

use gateway_resolve::ir;
use http::{Request, Response};

use super::{BackendError, BackendErrorKind, BoxBackend};
use crate::Body;

#[derive(Default)]
pub(super) struct Providers(());

/// Has no credentials.
pub(super) struct Provider(());

impl Providers {
    pub(super) fn of(
        &self,
        _spec: &ir::AwsCredentials,
        _reach: impl FnOnce(&ir::TokenService) -> BoxBackend,
    ) -> Provider {
        Provider(())
    }
}

pub(super) struct Lambda;

/// What comes in the place of a call.
pub(super) enum Uncalled {
    /// This answer.
    #[expect(dead_code, reason = "there is none")]
    Answered(Response<Body>),
    /// Nothing.
    Failed(BackendError),
}

impl Lambda {
    pub(super) fn new(_spec: ir::Lambda, _provider: Provider, _limit: usize) -> Self {
        tracing::error!("this data plane calls no functions, which a backend asks for");
        Self
    }

    pub(super) async fn call(
        &self,
        _request: Request<Body>,
        _worker: usize,
    ) -> Result<Request<Body>, Uncalled> {
        let what = "this data plane calls no functions";
        Err(Uncalled::Failed(BackendError::new(
            BackendErrorKind::NoEndpoint,
            what,
        )))
    }

    pub(super) async fn answered(&self, response: Response<Body>) -> Response<Body> {
        response
    }
}
