//! A forwarder as a hyper service.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::Service;

use super::{ConnectionInfo, Forwarder};
use crate::Body;
use crate::backend::MakeBackend;

/// Answers the requests of one connection; to be handed to hyper's `serve_connection`, with upgrades.
#[derive(Debug)]
pub struct ForwardService<M: MakeBackend> {
    forwarder: Arc<Forwarder<M>>,
    connection: Arc<ConnectionInfo>,
}

impl<M: MakeBackend> ForwardService<M> {
    /// A service for `connection`.
    pub fn new(forwarder: Arc<Forwarder<M>>, connection: ConnectionInfo) -> Self {
        Self {
            forwarder,
            connection: Arc::new(connection),
        }
    }
}

impl<M: MakeBackend> Clone for ForwardService<M> {
    fn clone(&self) -> Self {
        Self {
            forwarder: Arc::clone(&self.forwarder),
            connection: Arc::clone(&self.connection),
        }
    }
}

impl<M: MakeBackend> Service<Request<Incoming>> for ForwardService<M> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let Self {
            forwarder,
            connection,
        } = self.clone();
        Box::pin(async move { Ok(forwarder.handle(request.map(Body::from), &connection).await) })
    }
}
