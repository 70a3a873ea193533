//! Switching to another protocol (RFC 9110 section 7.8): bytes are copied both ways.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use futures_util::future::poll_fn;
use http::request::Parts;
use http::{Response, StatusCode, Version};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use super::ConnectionInfo;
use super::answer::{self, Answer};
use crate::Body;
use crate::backend::{BackendErrorKind, Tunnel};
use crate::observe::{Observed, Reason};
use crate::server::{Order, Watch};

/// Marks a request whose client is served by this crate's own codec.
#[derive(Debug, Clone, Copy)]
pub(super) struct ServedHere;

/// The client's side of an upgrade.
pub(super) enum Upgrade {
    /// hyper serves the client; `None`: it cannot be had.
    ByHyper(Option<OnUpgrade>),
    /// Whoever serves the client takes the tunnel out of the response.
    ByServer,
}

impl Upgrade {
    /// Takes the client's side out of the request.
    pub(super) fn take(head: &mut Parts) -> Self {
        match head.extensions.remove::<ServedHere>() {
            Some(ServedHere) => Self::ByServer,
            None => Self::ByHyper(head.extensions.remove()),
        }
    }

    /// Joins both sides when the backend agreed; any other response is an ordinary one.
    pub(super) fn complete(
        self,
        mut response: Response<Body>,
        connection: &ConnectionInfo,
        observed: Observed,
    ) -> Response<Body> {
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return observed.attach(response);
        }
        let tunnel = response.body_mut().take_tunnel();
        match (self, tunnel) {
            (Self::ByHyper(Some(client)), Some(tunnel)) => {
                observed.tell(&mut response);
                let tunnel = tunnel.observed(observed);
                tokio::spawn(join(client, tunnel, Open::on(connection)));
            }
            (Self::ByServer, Some(tunnel)) => {
                observed.tell(&mut response);
                *response.body_mut() = tunnel.observed(observed).into();
            }
            (Self::ByHyper(None), _) | (_, None) => return bad_gateway(observed),
        }
        response
    }
}

/// A backend must not switch when nobody asked.
pub(super) fn refuse_unasked(response: Response<Body>, observed: Observed) -> Response<Body> {
    match response.status() {
        StatusCode::SWITCHING_PROTOCOLS => bad_gateway(observed),
        _ => observed.attach(response),
    }
}

fn bad_gateway(observed: Observed) -> Response<Body> {
    unusable().observed(Version::HTTP_11, observed)
}

/// The answer in place of a response that nobody asked for.
pub(super) fn unusable() -> Answer {
    let reason = Reason::Failed(BackendErrorKind::Protocol);
    answer::status(StatusCode::BAD_GATEWAY, reason)
}

async fn join(client: OnUpgrade, tunnel: Tunnel, open: Open) {
    let mut backend = tunnel;
    let mut client = match client.await {
        Ok(client) => TokioIo::new(client),
        Err(error) => {
            tracing::debug!(%error, "an upgrade was given up");
            return;
        }
    };
    let mut copying = pin!(copy_bidirectional(&mut client, &mut backend));
    let copied = poll_fn(|cx| match open.is_stopped(cx) {
        true => Poll::Ready(None),
        false => copying.as_mut().poll(cx).map(Some),
    });
    match copied.await {
        Some(Ok((sent, received))) => tracing::debug!(sent, received, "a tunnel closed"),
        Some(Err(error)) => tracing::debug!(%error, "a tunnel broke"),
        None => tracing::debug!("a tunnel was closed"),
    }
}

/// Counts a tunnel as open on its connection.
struct Open(Option<Arc<Watch>>);

impl Open {
    fn on(connection: &ConnectionInfo) -> Self {
        let watch = connection.watch.clone();
        if let Some(watch) = &watch {
            watch.begin();
        }
        Self(watch)
    }

    fn is_stopped(&self, cx: &mut std::task::Context<'_>) -> bool {
        let watch = self.0.as_ref();
        watch.is_some_and(|watch| watch.poll_order(cx) == Order::Stop)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(watch) = &self.0 {
            watch.end();
        }
    }
}
