//! Which endpoint the datagrams of a client go to, and its answers back.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use socket2::SockRef;
use tokio::net::UdpSocket;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::door::{Client, Door};
use crate::Limits;
use crate::backend::{BackendErrorKind, Datagrams};
use crate::limits::fixed as limits;
use crate::observe::{Count, ObservedStream, StreamEnded};

/// The sessions of one socket of one worker.
pub(super) struct Sessions {
    open: HashMap<Client, Entry>,
    /// How many each address has.
    by_address: HashMap<IpAddr, usize>,
    limit: usize,
    limit_of_address: usize,
    idle: Duration,
    start: Instant,
    /// Some session has answered.
    answered: Arc<Notify>,
}

/// A session; it ends when this is dropped.
struct Entry {
    session: Arc<Session>,
    /// Datagrams of its client, up to two. Who sends under the addresses of others is seldom heard again.
    heard: u8,
    answers: Option<AbortHandle>,
    /// Is all said that there was to say?
    complete: bool,
    observed: ObservedStream,
}

impl Entry {
    fn ended(&self) -> StreamEnded {
        let session = &self.session;
        match &session.datagrams {
            None => StreamEnded::Refused,
            Some(_) if session.ended.load(Relaxed) => {
                StreamEnded::Failed(BackendErrorKind::Connect)
            }
            Some(_) if self.complete => StreamEnded::Complete,
            Some(_) => StreamEnded::Cut,
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(answers) = &self.answers {
            answers.abort();
        }
        if let Some(datagrams) = &self.session.datagrams {
            datagrams.release();
        }
        let Session { received, sent, .. } = &*self.session;
        let (received, sent) = (received.load(Relaxed), sent.load(Relaxed));
        self.observed.count(received, sent);
        let ended = self.ended();
        self.observed.ended(ended);
    }
}

/// What the datagrams of one client lead to.
pub(super) struct Session {
    /// `None`: they are dropped, as their share of the weights is that of a bad reference.
    datagrams: Option<Datagrams>,
    start: Instant,
    /// Milliseconds from `start` to the last datagram either way.
    last: AtomicU64,
    /// The endpoint is gone.
    ended: AtomicBool,
    /// Has the endpoint yet to answer?
    owes: AtomicBool,
    /// Bytes of the client.
    received: AtomicU64,
    /// Bytes to the client.
    sent: AtomicU64,
    answered: Arc<Notify>,
}

impl Sessions {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            open: HashMap::new(),
            by_address: HashMap::new(),
            limit: limits.udp_sessions.max(1),
            limit_of_address: limits.udp_sessions_of_address.max(1),
            idle: limits.udp_idle,
            start: Instant::now(),
            answered: Arc::default(),
        }
    }

    /// Is there one for `client`, with an endpoint that is not gone?
    pub(super) fn has(&self, client: Client) -> bool {
        let entry = self.open.get(&client);
        entry.is_some_and(|entry| !entry.session.ended.load(Relaxed))
    }

    /// The session of `client`, who is heard.
    pub(super) fn hear(&mut self, client: Client) -> Option<&Session> {
        let entry = self.open.get_mut(&client)?;
        entry.heard = (entry.heard + 1).min(2);
        entry.session.touch();
        Some(&entry.session)
    }

    /// Begins one; the answers go back through `door`.
    pub(super) fn begin(
        &mut self,
        client: Client,
        datagrams: Option<Datagrams>,
        observed: ObservedStream,
        door: &Arc<Door>,
    ) {
        self.end(client);
        let own = client.address.ip();
        if self.by_address.get(&own).copied().unwrap_or(0) >= self.limit_of_address {
            self.make_room(|other| other.address.ip() == own);
        }
        if self.open.len() >= self.limit {
            self.make_room(|_| true);
        }
        let session = Arc::new(Session {
            datagrams,
            start: self.start,
            last: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            owes: AtomicBool::new(false),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            answered: Arc::clone(&self.answered),
        });
        let answers = session.datagrams.is_some().then(|| {
            let answering = Arc::clone(&session).answer(client, Arc::clone(door));
            tokio::spawn(answering).abort_handle()
        });
        let entry = Entry {
            session,
            heard: 0,
            answers,
            complete: false,
            observed,
        };
        self.open.insert(client, entry);
        *self.by_address.entry(own).or_default() += 1;
    }

    /// Ends the session of `client`.
    pub(super) fn end(&mut self, client: Client) {
        if self.open.remove(&client).is_some() {
            leave(&mut self.by_address, client);
        }
    }

    /// Ends all but those to `keep`.
    pub(super) fn retain(&mut self, keep: impl Fn(&Session) -> bool) {
        self.retain_entries(|entry| keep(&entry.session));
    }

    /// Ends those that were quiet for too long.
    pub(super) fn sweep(&mut self) {
        let since = self.start.elapsed().saturating_sub(self.idle);
        self.retain_entries(|entry| {
            let last = Duration::from_millis(entry.session.last.load(Relaxed));
            entry.complete = last < since;
            !entry.complete && !entry.session.ended.load(Relaxed)
        });
    }

    /// Ends those whose endpoint owes no answer; says whether there are others.
    pub(super) fn finish(&mut self) -> bool {
        self.retain_entries(|entry| {
            let session = &entry.session;
            entry.complete = !session.owes.load(Relaxed);
            !entry.complete && !session.ended.load(Relaxed)
        });
        !self.open.is_empty()
    }

    /// Tells that a session has answered.
    pub(super) fn answered(&self) -> &Arc<Notify> {
        &self.answered
    }

    fn retain_entries(&mut self, mut keep: impl FnMut(&mut Entry) -> bool) {
        let by_address = &mut self.by_address;
        self.open.retain(|client, entry| {
            let kept = keep(entry);
            if !kept {
                leave(by_address, *client);
            }
            kept
        });
    }

    /// Ends the session that is missed least of those whose client was heard only once. `false`: there is none.
    pub(super) fn make_room_among_strangers(&mut self) -> bool {
        let least = self.least(|_| true).filter(|(_, entry)| entry.heard < 2);
        let client = least.map(|(client, _)| *client);
        client.map(|client| self.end(client)).is_some()
    }

    /// Ends the session that is missed least of those `clients`.
    fn make_room(&mut self, clients: impl Fn(&Client) -> bool) {
        if let Some(client) = self.least(clients).map(|(client, _)| *client) {
            self.end(client);
        }
    }

    /// The session that is missed least of those `clients`.
    fn least(&self, clients: impl Fn(&Client) -> bool) -> Option<(&Client, &Entry)> {
        let open = self.open.iter().filter(|(client, _)| clients(client));
        open.min_by_key(|(_, entry)| (entry.heard, entry.session.last.load(Relaxed)))
    }
}

/// A session of that address has ended.
fn leave(by_address: &mut HashMap<IpAddr, usize>, client: Client) {
    let address = client.address.ip();
    if let Some(count) = by_address.get_mut(&address) {
        *count -= 1;
        if *count == 0 {
            by_address.remove(&address);
        }
    }
}

impl Session {
    /// Where its datagrams go.
    pub(super) fn endpoint(&self) -> Option<SocketAddr> {
        self.datagrams.as_ref().map(Datagrams::endpoint)
    }

    /// Sends `bytes` on, or drops them. `false`: the endpoint is gone.
    pub(super) fn send(&self, bytes: &[u8]) -> bool {
        let Some(datagrams) = &self.datagrams else {
            return true;
        };
        self.received.fetch_add(bytes.len() as u64, Relaxed);
        match SockRef::from(datagrams.socket()).send(bytes) {
            Err(error) if is_gone(&error) => {
                datagrams.failed(error);
                self.ended.store(true, Relaxed);
                false
            }
            Ok(_) => {
                self.owes.store(true, Relaxed);
                true
            }
            Err(_) => true,
        }
    }

    /// Sends the answers to `client`, until the endpoint is gone.
    async fn answer(self: Arc<Self>, client: Client, door: Arc<Door>) {
        let Some(datagrams) = &self.datagrams else {
            return;
        };
        let mut answered = false;
        while datagrams.socket().readable().await.is_ok() {
            match with_buffer(|buffer| pass_back(datagrams.socket(), buffer, client, &door)) {
                Ok(length) => {
                    self.touch();
                    self.sent.fetch_add(length as u64, Relaxed);
                    self.owes.store(false, Relaxed);
                    self.answered.notify_waiters();
                    if !std::mem::replace(&mut answered, true) {
                        datagrams.answered();
                    }
                }
                Err(error) if is_gone(&error) => {
                    datagrams.failed(error);
                    break;
                }
                Err(_nothing_came) => {}
            }
        }
        self.ended.store(true, Relaxed);
        self.answered.notify_waiters();
    }

    fn touch(&self) {
        let now = self.start.elapsed().as_millis();
        self.last
            .store(u64::try_from(now).unwrap_or(u64::MAX), Relaxed);
    }
}

/// Sends one answer back, or drops it; its length.
fn pass_back(
    from: &UdpSocket,
    buffer: &mut [u8],
    client: Client,
    door: &Door,
) -> io::Result<usize> {
    let length = from.try_recv(buffer)?;
    let _dropped = door.answer(&buffer[..length], client);
    Ok(length)
}

/// Did the network say that nobody is there? Other errors are about one datagram.
fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkDown, NetworkUnreachable};
    matches!(
        error.kind(),
        ConnectionRefused | HostUnreachable | NetworkDown | NetworkUnreachable
    )
}

/// One buffer serves all the answers of a worker, as none is kept.
fn with_buffer<T>(with: impl FnOnce(&mut [u8]) -> T) -> T {
    thread_local! {
        static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; limits::DATAGRAM].into());
    }
    BUFFER.with_borrow_mut(|buffer| with(buffer))
}
