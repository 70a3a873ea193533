//! Requests over multiplexed connections.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use tokio::sync::watch;
use tokio::time::timeout;

use super::connect::Connect;
use super::endpoint::Endpoint;
use super::endpoints::Endpoints;
use super::http2::{Http2, Reserved, SendError};
use super::lane::{Open, Room};
use super::load::Held;
use super::settings::Settings;
use super::tls::Inside;
use super::way::{self, Way};
use super::{Upstream, fit};
use crate::Body;
use crate::backend::{Attempt, BackendError, BackendErrorKind, Course, Noted};
use crate::body::Informer;

/// Why an endpoint did not answer.
enum Failure {
    /// Another endpoint may be asked: this one was not reached, or did not answer what may be sent
    /// twice without harm.
    Elsewhere(Box<Request<Body>>, BackendError),
    /// There is no connection yet.
    Slow(Box<Request<Body>>, BackendError),
    /// The request may have been carried out.
    Final(BackendError),
}

/// A connection that is being made, of which all who wait for it learn what it came to.
#[derive(Clone)]
pub(super) struct Making(watch::Receiver<Option<Result<(), NotMade>>>);

/// Why a connection was not made.
type NotMade = (BackendErrorKind, Arc<str>);

impl Making {
    async fn wait(mut self) -> Result<(), BackendError> {
        let made = self.0.wait_for(Option::is_some).await;
        let gone = || (BackendErrorKind::Connect, "connecting was given up".into());
        let made = made.map_or_else(|_| Some(Err(gone())), |made| made.clone());
        made.unwrap_or(Ok(()))
            .map_err(|(kind, what)| BackendError::new(kind, what.to_string()))
    }
}

impl<C: Connect> Upstream<C> {
    /// Sends `request` to an endpoint, and to another as long as it was not processed.
    pub(super) async fn call_http2(
        &self,
        mut request: Request<Body>,
        attempt: &Attempt<'_>,
    ) -> Result<Response<Body>, BackendError> {
        let informer = request.extensions_mut().remove();
        let mut noted = Noted::new(self, attempt);
        let course = &mut noted.course;
        let mut put_off = None;
        loop {
            let (index, patience) = match (self.choose(course), put_off.take()) {
                (Some(index), later) => {
                    put_off = later;
                    (index, self.patience(course, index))
                }
                (None, Some(index)) => (index, None),
                (None, None) => return Err(course.failed.take().unwrap_or_else(|| self.nobody())),
            };
            let sent = self.send_http2(course, index, patience, request, informer.as_ref());
            match sent.await {
                Ok(response) => return Ok(response),
                Err(Failure::Elsewhere(again, error)) => {
                    request = *again;
                    course.exclude(error);
                }
                Err(Failure::Slow(again, error)) => {
                    request = *again;
                    course.exclude(error);
                    put_off = put_off.or(Some(index));
                }
                Err(Failure::Final(error)) => return Err(error),
            }
        }
    }

    /// How long a request waits for a connection to `index`, if there is another endpoint to ask.
    fn patience(&self, course: &Course, index: usize) -> Option<Duration> {
        let is_left = |other: usize| {
            let endpoint = &course.endpoints[other];
            other != index
                && !course.tried.contains(&endpoint.address())
                && endpoint.health.is_in(std::time::Instant::now)
        };
        let others =
            course.again < self.settings.attempts && (0..course.endpoints.len()).any(is_left);
        others.then_some(self.settings.connect_patience)
    }

    /// Sends `request` to one endpoint, once more when it was not processed.
    async fn send_http2(
        &self,
        course: &Course,
        index: usize,
        patience: Option<Duration>,
        mut request: Request<Body>,
        informer: Option<&Informer>,
    ) -> Result<Response<Body>, Failure> {
        let endpoint = &course.endpoints[index];
        let lane = endpoint.lane(course.worker);
        fit::for_http2(&mut request, endpoint.address());
        let mut again = false;
        loop {
            let open = Open::at(lane, self.enter().map_err(Failure::Final)?);
            let reserving = self.reserve(&course.endpoints, index, course.worker);
            let reserved = match timeout(patience.unwrap_or(self.settings.connect), reserving).await
            {
                Ok(Ok(reserved)) => reserved,
                Ok(Err(error)) if is_own(&error) => return Err(Failure::Final(error)),
                Ok(Err(error)) => return Err(Failure::Elsewhere(Box::new(request), error)),
                Err(_elapsed) => {
                    let what = format!("no room on a connection to {endpoint} yet");
                    let error = BackendError::new(BackendErrorKind::Connect, what);
                    let request = Box::new(request);
                    return Err(match patience {
                        Some(_) => Failure::Slow(request, error),
                        None => Failure::Elsewhere(request, error),
                    });
                }
            };
            match reserved.send(request, open, informer).await {
                Ok(response) => {
                    course
                        .endpoints
                        .answered(index, &self.settings, response.status());
                    return Ok(response);
                }
                Err(SendError::Unprocessed(once_more, error)) if again => {
                    return Err(Failure::Elsewhere(once_more, error));
                }
                Err(SendError::Unanswered(Some(once_more), error)) if again => {
                    course.endpoints.failed(index, &self.settings, &error);
                    return Err(Failure::Elsewhere(once_more, error));
                }
                Err(
                    SendError::Unprocessed(once_more, _)
                    | SendError::Unanswered(Some(once_more), _),
                ) => {
                    again = true;
                    request = *once_more;
                }
                Err(SendError::Unanswered(None, error)) => {
                    if again {
                        course.endpoints.failed(index, &self.settings, &error);
                    }
                    return Err(Failure::Final(error));
                }
                Err(SendError::Failed(error)) => return Err(Failure::Final(error)),
            }
        }
    }
}

/// Would another endpoint be of no help?
fn is_own(error: &BackendError) -> bool {
    let own = [BackendErrorKind::Full, BackendErrorKind::Local];
    own.contains(&error.kind())
}

impl<C: Connect> Upstream<C> {
    /// Room for a stream on a connection, which is made if there is none.
    async fn reserve(
        &self,
        endpoints: &Arc<Endpoints>,
        index: usize,
        worker: usize,
    ) -> Result<Reserved, BackendError> {
        let lane = endpoints[index].lane(worker);
        if let Some(reserved) = lane.reserve() {
            return Ok(reserved);
        }
        loop {
            let make = || {
                let held = self.hold()?;
                let endpoint = (endpoints, index);
                Ok(make(endpoint, &self.way, &self.settings, held, worker))
            };
            match lane.reserve_or_make(make)? {
                Room::Now(reserved) => return Ok(reserved),
                Room::Soon(making) => making.wait().await?,
            }
        }
    }
}

/// Starts to make a connection, in a task of its own: none of those who wait for it holds up the others by
/// leaving.
fn make<C: Connect>(
    (endpoints, index): (&Arc<Endpoints>, usize),
    way: &Arc<Way<C>>,
    settings: &Settings,
    held: Held,
    worker: usize,
) -> Making {
    let (done, making) = watch::channel(None);
    let (endpoints, way, settings) = (Arc::clone(endpoints), Arc::clone(way), *settings);
    tokio::spawn(async move {
        let endpoint = &endpoints[index];
        let starting = start(endpoint, &way, &settings, held);
        let made = way::in_time(endpoint, settings.connect, starting).await;
        let told = match &made {
            Ok(_) => Ok(()),
            Err(error) => {
                endpoints.failed(index, &settings, error);
                Err((error.kind(), error.to_string().into()))
            }
        };
        endpoint.lane(worker).made(made.ok());
        done.send_replace(Some(told));
    });
    Making(making)
}

async fn start<C: Connect>(
    endpoint: &Endpoint,
    way: &Way<C>,
    settings: &Settings,
    held: Held,
) -> Result<Arc<Http2>, BackendError> {
    let stream = way.reach(endpoint, Inside::Http2, None).await?;
    let started = Http2::start(stream, settings.http2, held).await;
    started.map_err(|error| {
        let what = format!("{endpoint} does not speak HTTP/2");
        BackendError::new(BackendErrorKind::Connect, what).because(error)
    })
}
