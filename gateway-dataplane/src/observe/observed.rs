//! A record on its way.

use std::mem;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http::{HeaderMap, Response, StatusCode};

use super::counted::Count;
use super::{Answered, Audience, Ended, Observer, Reason, Record};
use crate::backend::{Course, Lend};
use crate::format::route_name;
use crate::head::{Fields, Known, RequestHead};
use crate::log::{Kept, LogSubject, Outcome};
use crate::table::{Head, Hit, SocketTable};
use crate::{Body, ConnectionInfo};

/// A request that may be observed. The observer is told when it is dropped, so that no way out is forgotten.
#[derive(Default)]
pub(crate) struct Observed(Option<Box<Open>>);

struct Open {
    /// Who is told, if there is anybody.
    observer: Option<Arc<dyn Observer>>,
    /// What is kept for the logs of the listener, if there are any.
    kept: Option<Box<Kept>>,
    record: Record,
    begun: Instant,
    notes: Notes,
    /// Does the response say what answered?
    tells: bool,
    /// Counts what is read of the request's body, where others read it.
    received: Arc<AtomicU64>,
}

/// What attempts tell of themselves.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    endpoint: Mutex<Option<SocketAddr>>,
    endpoints: AtomicU32,
    calls: AtomicU32,
}

impl Notes {
    /// A backend was called.
    pub(crate) fn called(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// How often one was.
    pub(crate) fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// The endpoint that was asked last.
    pub(crate) fn endpoint(&self) -> Option<SocketAddr> {
        *self.endpoint.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many endpoints were asked, this one last.
    pub(crate) fn tried(&self, endpoint: Option<SocketAddr>, count: u32) {
        self.endpoints.fetch_add(count, Ordering::Relaxed);
        if endpoint.is_some() {
            *self.endpoint.lock().unwrap_or_else(PoisonError::into_inner) = endpoint;
        }
    }
}

impl Observed {
    /// A request on `connection`; without an observer, nothing.
    pub(crate) fn begin(
        audience: &Audience,
        connection: &ConnectionInfo,
        head: Option<&RequestHead>,
    ) -> Self {
        let kept = Kept::on(connection);
        let is_open = audience.0.is_some() || kept.is_some();
        Self(is_open.then(|| open(audience.0.as_ref(), kept, connection, head)))
    }

    /// The same, with [`Answered`] as an extension of the response.
    pub(crate) fn begin_told(
        audience: &Audience,
        connection: &ConnectionInfo,
        head: Option<&RequestHead>,
    ) -> Self {
        let mut open = open(audience.0.as_ref(), Kept::on(connection), connection, head);
        open.tells = true;
        Self(Some(open))
    }

    /// Is there an observer?
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// The rule that takes it.
    pub(crate) fn hit<B>(&mut self, hit: Hit<'_, B>, head: &RequestHead) {
        if let Some(Open { record, .. }) = self.0.as_deref_mut() {
            record.listener = Some(Arc::clone(hit.listener.ir()));
            record.rule = Some(Arc::clone(hit.rule.ir()));
            record.match_index = hit.route.match_index;
            let clusters = hit.host.settings.virtual_clusters.as_ref();
            let cluster =
                clusters.and_then(|set| set.value.of(head.method.as_str(), head.target()));
            record.virtual_cluster = cluster.map(Into::into);
        }
    }

    /// No rule takes it; the listener may be known all the same.
    pub(crate) fn missed<B>(&mut self, table: &SocketTable<B>, head: &Head<'_>, sni: Option<&str>) {
        if let Some(Open { record, .. }) = self.0.as_deref_mut() {
            let listener = table.listener_of(head, sni);
            record.listener = listener.map(|listener| Arc::clone(listener.ir()));
        }
    }

    /// It goes to this target of the rule, with this head.
    pub(crate) fn prepared(&mut self, target: usize, head: &RequestHead) {
        if let Some(Open { record, .. }) = self.0.as_deref_mut() {
            record.target = Some(target);
            let id = record
                .head
                .as_ref()
                .and(head.fields.text(Known::XRequestId));
            record.request_id = id.map(Into::into);
        }
        if let Some(kept) = self.kept() {
            kept.sent = Some(Box::new(head.fields.clone()));
        }
    }

    /// What is kept for the logs of its listener.
    fn kept(&mut self) -> Option<&mut Kept> {
        self.0.as_deref_mut()?.kept.as_deref_mut()
    }

    /// It is answered with these headers.
    pub(crate) fn headed(&mut self, fields: &Fields) {
        if let Some(kept) = self.kept() {
            kept.response = Some(Box::new(fields.clone()));
        }
    }

    /// These trailers followed.
    pub(crate) fn trailed(&mut self, trailers: &HeaderMap) {
        if let Some(kept) = self.kept() {
            kept.trailers = Some(Box::new(trailers.clone()));
        }
    }

    /// It was sent this way.
    pub(crate) fn tried(&mut self, lend: &dyn Lend, course: &Course) {
        if let Some(notes) = self.notes() {
            notes.tried(lend.endpoint(course), course.tries());
        }
    }

    /// Where attempts note how they went.
    pub(crate) fn notes(&self) -> Option<&Notes> {
        self.0.as_deref().map(|open| &open.notes)
    }

    /// It is answered with this status.
    pub(crate) fn answered(&mut self, status: StatusCode, reason: Reason) {
        if let Some(Open { record, begun, .. }) = self.0.as_deref_mut() {
            record.status = Some(status);
            record.reason = Some(reason);
            record.response_after = Some(begun.elapsed());
        }
    }

    /// So much of its body was read, and of the response's sent.
    pub(crate) fn moved(&mut self, received: u64, sent: u64) {
        if let Some(Open { record, .. }) = self.0.as_deref_mut() {
            record.received += received;
            record.sent += sent;
        }
    }

    /// How it ended.
    pub(crate) fn ended(&mut self, ended: Ended) {
        if let Some(Open { record, .. }) = self.0.as_deref_mut() {
            record.ended = ended;
        }
    }

    /// Its body, which is counted as it is read.
    pub(crate) fn counting(&self, body: Body) -> Body {
        match self.0.as_deref() {
            Some(open) => body.counted(&open.received),
            None => body,
        }
    }

    /// Has the response say what answered, where that is asked for.
    pub(crate) fn tell(&self, response: &mut Response<Body>) {
        if let Some(open) = self.0.as_deref().filter(|open| open.tells) {
            response.extensions_mut().insert(open.so_far());
        }
    }

    /// The response, whose body carries the record to its end.
    pub(crate) fn attach(mut self, mut response: Response<Body>) -> Response<Body> {
        if !self.is_on() {
            return response;
        }
        self.tell(&mut response);
        if let Some(kept) = self.kept() {
            kept.response = Some(Box::new(Fields::from(response.headers())));
        }
        if response.body().is_empty() {
            self.ended(Ended::Complete);
        }
        response.map(|body| body.observed(self))
    }
}

fn open(
    observer: Option<&Arc<dyn Observer>>,
    kept: Option<Kept>,
    connection: &ConnectionInfo,
    head: Option<&RequestHead>,
) -> Box<Open> {
    let keeps = kept.is_some() || observer.is_some_and(|observer| observer.keeps_heads());
    let head = head.filter(|_| keeps).map(|head| Box::new(head.clone()));
    Box::new(Open {
        record: Record::new(connection, head),
        observer: observer.cloned(),
        kept: kept.map(Box::new),
        begun: Instant::now(),
        notes: Notes::default(),
        tells: false,
        received: Arc::default(),
    })
}

impl Open {
    /// What is known when the answer begins.
    fn so_far(&self) -> Answered {
        let (record, notes) = (&self.record, &self.notes);
        let endpoint = notes.endpoint.lock();
        let endpoints = notes.endpoints.load(Ordering::Relaxed);
        Answered {
            reason: record.reason,
            listener: record.listener.clone(),
            rule: record.rule.clone(),
            target: record.target,
            endpoint: *endpoint.unwrap_or_else(PoisonError::into_inner),
            attempts: endpoints.max(notes.calls.load(Ordering::Relaxed)),
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let record = &mut self.record;
        let Notes {
            endpoint,
            endpoints,
            calls,
        } = mem::take(&mut self.notes);
        record.endpoint = endpoint
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        record.attempts = endpoints.into_inner().max(calls.into_inner());
        record.received += self.received.load(Ordering::Relaxed);
        record.duration = self.begun.elapsed();
        if let Some(observer) = &self.observer {
            observer.request(record);
        }
        if let Some(kept) = &self.kept {
            write_down(kept, record);
        }
    }
}

/// Writes a request down where its listener asks for that.
fn write_down(kept: &Kept, record: &Record) {
    let route = || record.rule.as_deref().map(route_name);
    kept.logs.write(&LogSubject {
        connection: &kept.connection,
        head: record.head.as_deref(),
        sent: kept.sent.as_deref(),
        response: kept.response.as_deref(),
        trailers: kept.trailers.as_deref(),
        status: record.status,
        outcome: Outcome::Request(record.reason, record.ended),
        route: &route,
        backend: record.backend(),
        endpoint: record.endpoint,
        moved: Some((record.received, record.sent)),
        started: record.started,
        response_after: record.response_after,
        duration: record.duration,
    });
}

impl Count for Observed {
    fn count(&mut self, received: u64, sent: u64) {
        self.moved(received, sent);
    }

    fn over(&mut self) {
        self.ended(Ended::Complete);
    }
}
