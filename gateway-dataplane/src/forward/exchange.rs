//! A request of an HTTP/1 client that goes to an HTTP/1 endpoint: both connections in one task.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::poll_fn;
use http::StatusCode;
use tokio::time::{Sleep, sleep};

use super::ends::{Ends, NoAnswer};
use crate::backend::{BackendError, BackendErrorKind, Course, Lend};
use crate::codec::h1::{
    Broken, Client, Decoder, HeadLimits, Lease, NoHead, Pump, Size, announced, keeps_alive,
    write_request,
};
use crate::head::Known;
use crate::limits::fixed as limits;
use crate::observe::{Ended, Observed};

/// Why there is no response to pass on.
pub(super) enum Failed {
    /// The client is answered in its place.
    Backend(BackendError),
    /// There is nobody to answer.
    Gone,
}

/// The exchange broke off within the response.
pub(super) struct BrokeOff(pub(super) Ended);

/// An exchange whose response has begun; its head is the client's `response`, not yet put down.
pub(super) struct Exchange {
    lease: Lease,
    request: Pump,
    response: Pump,
    /// The endpoint takes no more of the request.
    deaf: Option<io::Error>,
    reusable: bool,
    interim: usize,
    /// The endpoint has not asked for the body yet (RFC 9110 section 10.1.1).
    held_for: Option<Pin<Box<Sleep>>>,
    limits: HeadLimits,
}

/// Sends the request whose head `client` has, again as long as nothing was answered and that does no harm,
/// and waits for the head of a response.
pub(super) async fn begin(
    lend: &dyn Lend,
    worker: usize,
    client: &mut Client,
    ends: &mut Ends<'_>,
    observed: &mut Observed,
) -> Result<Exchange, Failed> {
    let mut course = lend.begin(worker);
    let watch = ends.watch;
    let wait = |waits| watch.map_or((), |watch| watch.wait(waits));
    wait(true);
    let begun = send(lend, &mut course, client, ends, observed).await;
    wait(false);
    observed.tried(lend, &course);
    begun
}

async fn send(
    lend: &dyn Lend,
    course: &mut Course,
    client: &mut Client,
    ends: &mut Ends<'_>,
    observed: &mut Observed,
) -> Result<Exchange, Failed> {
    let bodiless = client.side.decoder.is_done();
    let repeatable = bodiless && crate::backend::is_harmless(&client.head.method);
    loop {
        let lease = match lend.pooled(course) {
            Some(lease) => lease,
            // Boxed, so that the usual request does not carry the room for it.
            None => connect(lend, course, client, ends).await?,
        };
        lend.fit(course, &mut client.head);
        let mut exchange = Exchange::new(lease, client, lend);
        let tried = poll_fn(|cx| exchange.poll_head(client, ends, cx)).await;
        if tried.is_ok() {
            lend.answered(course, client.response.status);
            return Ok(exchange);
        }
        observed.moved(exchange.request.moved(), 0);
        let error = match tried {
            Ok(()) => return Ok(exchange),
            Err(NoAnswer::Gone) => return Err(Failed::Gone),
            Err(NoAnswer::Final(error)) => return Err(Failed::Backend(error)),
            Err(NoAnswer::Silent(error)) => error,
        };
        let again = repeatable || (bodiless && exchange.is_untouched());
        if let Some(error) = lend.unanswered(course, error, again) {
            return Err(Failed::Backend(error));
        }
    }
}

async fn connect(
    lend: &dyn Lend,
    course: &mut Course,
    client: &mut Client,
    ends: &mut Ends<'_>,
) -> Result<Lease, Failed> {
    let mut connecting = lend.connect(course);
    poll_fn(|cx| {
        if let Poll::Ready(end) = ends.poll(cx) {
            return Poll::Ready(Err(match end.into() {
                NoAnswer::Final(error) => Failed::Backend(error),
                _ => Failed::Gone,
            }));
        }
        if client.side.decoder.is_done() && client.is_gone(cx) {
            return Poll::Ready(Err(Failed::Gone));
        }
        connecting.as_mut().poll(cx).map_err(Failed::Backend)
    })
    .await
}

impl Exchange {
    /// Puts the head of the request down.
    fn new(mut lease: Lease, client: &mut Client, lend: &dyn Lend) -> Self {
        let size = Size::from(&client.side.decoder);
        let allowed = lend.allowed();
        let held = client.head.fields.contains(Known::Expect) && size != Size::Empty;
        if let Some(side) = lease.side() {
            side.touched = false;
            side.announced = announced(&client.head.fields);
            side.encoder = write_request(&mut client.head, size, &mut side.output);
        }
        Self {
            lease,
            request: Pump::default(),
            response: Pump::default(),
            deaf: None,
            reusable: false,
            interim: 0,
            held_for: held.then(|| Box::pin(sleep(allowed.patience))),
            limits: allowed.head,
        }
    }

    fn is_untouched(&self) -> bool {
        self.lease.peek().is_none_or(|side| !side.touched)
    }

    fn poll_head(
        &mut self,
        client: &mut Client,
        ends: &mut Ends<'_>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), NoAnswer>> {
        if let Poll::Ready(end) = ends.poll(cx) {
            return Poll::Ready(Err(end.into()));
        }
        loop {
            self.poll_request(client, cx).map_err(request_broke)?;
            if client.side.poll_flush(cx)?.is_pending() {
                return Poll::Pending;
            }
            let Some(side) = self.lease.side() else {
                return Poll::Ready(Err(NoAnswer::Gone));
            };
            let head = match side.poll_head(&mut client.response, self.limits, cx) {
                Poll::Ready(head) => head,
                Poll::Pending if self.request.is_done() && client.is_gone(cx) => {
                    return Poll::Ready(Err(NoAnswer::Gone));
                }
                Poll::Pending => {
                    let owes = self.request.is_done() || !side.output.is_empty();
                    return match ends.late().filter(|_| owes) {
                        Some(end) => Poll::Ready(Err(end.into())),
                        None => Poll::Pending,
                    };
                }
            };
            match head {
                Ok(()) if is_interim(client.response.status) => self.pass_on_interim(client)?,
                Ok(()) => return Poll::Ready(self.frame(client)),
                Err(error) => return Poll::Ready(Err(self.no_head(error))),
            }
        }
    }

    /// Sends on; what the endpoint does not take any more is noted, since a response may have come before.
    fn poll_request(&mut self, client: &mut Client, cx: &mut Context<'_>) -> Result<(), Broken> {
        let Some(side) = self.lease.side() else {
            return Ok(());
        };
        if self.deaf.is_some() || self.request.is_done() && side.output.is_empty() {
            return Ok(());
        }
        if let Some(patience) = &mut self.held_for {
            if let Poll::Ready(Err(error)) = side.poll_flush(cx) {
                self.deaf = Some(error);
                return Ok(());
            }
            if patience.as_mut().poll(cx).is_pending() {
                return Ok(());
            }
            self.held_for = None;
        }
        client.ask();
        match self.request.poll(&mut client.side, side, cx) {
            Poll::Ready(Err(Broken::Write(error))) => self.deaf = Some(error),
            Poll::Ready(Err(error)) => return Err(error),
            Poll::Ready(Ok(())) | Poll::Pending => {}
        }
        Ok(())
    }

    fn pass_on_interim(&mut self, client: &mut Client) -> Result<(), NoAnswer> {
        self.interim += 1;
        if self.interim > limits::INTERIM_RESPONSES {
            let what = "the endpoint sends too many interim responses";
            return Err(NoAnswer::Final(protocol(what)));
        }
        match client.response.status {
            // The client asked for nothing, or is asked when its body is wanted.
            StatusCode::CONTINUE => self.held_for = None,
            _ => client.pass_on_interim(),
        }
        Ok(())
    }

    /// Finds out how the response is framed, and whether the connection to the endpoint lasts.
    fn frame(&mut self, client: &mut Client) -> Result<(), NoAnswer> {
        let decoder = client.response_decoder().map_err(|error| {
            let what = "the endpoint's response has no clear end";
            NoAnswer::Final(protocol(what).because(error))
        })?;
        let lasts = keeps_alive(&client.response.fields, client.response.version);
        self.reusable = lasts && !matches!(decoder, Decoder::UntilClose);
        if let Some(side) = self.lease.side() {
            side.decoder = decoder;
            // What is known to be no body makes no response.
            side.decoder.next(&mut side.input, false).map_err(|error| {
                let what = "the body of the endpoint's response is none";
                NoAnswer::Final(protocol(what).because(error))
            })?;
        }
        Ok(())
    }

    fn no_head(&mut self, error: NoHead) -> NoAnswer {
        let what = "the endpoint closed the connection before it answered";
        let broken = BackendError::new(BackendErrorKind::Broken, what);
        match error {
            NoHead::Closed(false, error) if self.interim == 0 => {
                NoAnswer::Silent(match self.deaf.take().or(error) {
                    Some(error) => broken.because(error),
                    None => broken,
                })
            }
            NoHead::Closed(..) => NoAnswer::Final(broken.because(error)),
            NoHead::Bad(bad) => NoAnswer::Final(protocol(bad.of_response()).because(error)),
        }
    }

    /// The size of the response's body.
    pub(super) fn size(&self) -> Size {
        self.lease
            .peek()
            .map_or(Size::Empty, |side| Size::from(&side.decoder))
    }

    /// Passes the body on, whose head was put down.
    pub(super) async fn pass_on(
        mut self,
        client: &mut Client,
        ends: &mut Ends<'_>,
        observed: &mut Observed,
    ) -> Result<(), BrokeOff> {
        let passed = poll_fn(|cx| self.poll_body(client, ends, cx)).await;
        observed.moved(self.request.moved(), self.response.moved());
        passed?;
        observed.ended(Ended::Complete);
        if self.reusable && self.request.is_done() && self.deaf.is_none() {
            self.lease.finish();
        }
        Ok(())
    }

    fn poll_body(
        &mut self,
        client: &mut Client,
        ends: &mut Ends<'_>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), BrokeOff>> {
        if let Poll::Ready(end) = ends.poll(cx) {
            return Poll::Ready(Err(BrokeOff(end.into())));
        }
        if self.poll_request(client, cx).is_err() {
            return Poll::Ready(Err(BrokeOff(Ended::ClientGone)));
        }
        let Some(side) = self.lease.side() else {
            return Poll::Ready(Err(BrokeOff(Ended::Broken)));
        };
        if let Poll::Ready(passed) = self.response.poll(side, &mut client.side, cx) {
            return Poll::Ready(passed.map_err(|error| {
                tracing::debug!(%error, "a response broke off");
                BrokeOff(match error {
                    Broken::Write(_) => Ended::ClientGone,
                    _ => Ended::Broken,
                })
            }));
        }
        match self.request.is_done() && client.is_gone(cx) {
            true => Poll::Ready(Err(BrokeOff(Ended::ClientGone))),
            false => Poll::Pending,
        }
    }
}

fn request_broke(error: Broken) -> NoAnswer {
    let what = "the request body broke off";
    NoAnswer::Final(BackendError::new(BackendErrorKind::Request, what).because(error))
}

fn protocol(what: &'static str) -> BackendError {
    BackendError::new(BackendErrorKind::Protocol, what)
}

fn is_interim(status: StatusCode) -> bool {
    status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS
}
