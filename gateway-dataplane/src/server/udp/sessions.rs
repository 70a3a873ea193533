//! Which endpoint the datagrams of a client go to, and its answers back.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use socket2::SockRef;
use tokio::net::UdpSocket;
use tokio::task::AbortHandle;

use crate::Limits;
use crate::backend::Datagrams;
use crate::limits::fixed as limits;

/// The sessions of one socket of one worker.
pub(super) struct Sessions {
    open: HashMap<SocketAddr, Entry>,
    limit: usize,
    idle: Duration,
    start: Instant,
}

/// A session; it ends when this is dropped.
struct Entry {
    session: Arc<Session>,
    /// Datagrams of its client, up to two. Who sends under the addresses of others is seldom heard again.
    heard: u8,
    answers: Option<AbortHandle>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(answers) = &self.answers {
            answers.abort();
        }
        if let Some(datagrams) = &self.session.datagrams {
            datagrams.release();
        }
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
}

impl Sessions {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            open: HashMap::new(),
            limit: limits.udp_sessions.max(1),
            idle: limits.udp_idle,
            start: Instant::now(),
        }
    }

    /// Is there one for `client`, with an endpoint that is not gone?
    pub(super) fn has(&self, client: SocketAddr) -> bool {
        let entry = self.open.get(&client);
        entry.is_some_and(|entry| !entry.session.ended.load(Relaxed))
    }

    /// The session of `client`, who is heard.
    pub(super) fn hear(&mut self, client: SocketAddr) -> Option<&Session> {
        let entry = self.open.get_mut(&client)?;
        entry.heard = (entry.heard + 1).min(2);
        entry.session.touch();
        Some(&entry.session)
    }

    /// Begins one; the answers go back through `socket`.
    pub(super) fn begin(
        &mut self,
        client: SocketAddr,
        datagrams: Option<Datagrams>,
        socket: &Arc<UdpSocket>,
    ) {
        self.end(client);
        if self.open.len() >= self.limit {
            self.make_room();
        }
        let session = Arc::new(Session {
            datagrams,
            start: self.start,
            last: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        });
        let answers = session.datagrams.is_some().then(|| {
            let answering = Arc::clone(&session).answer(client, Arc::clone(socket));
            tokio::spawn(answering).abort_handle()
        });
        let entry = Entry {
            session,
            heard: 0,
            answers,
        };
        self.open.insert(client, entry);
    }

    /// Ends the session of `client`.
    pub(super) fn end(&mut self, client: SocketAddr) {
        self.open.remove(&client);
    }

    /// Ends all but those to `keep`.
    pub(super) fn retain(&mut self, keep: impl Fn(&Session) -> bool) {
        self.open.retain(|_, entry| keep(&entry.session));
    }

    /// Ends those that were quiet for too long.
    pub(super) fn sweep(&mut self) {
        let since = self.start.elapsed().saturating_sub(self.idle);
        self.retain(|session| {
            let last = Duration::from_millis(session.last.load(Relaxed));
            last >= since && !session.ended.load(Relaxed)
        });
    }

    /// Ends the session that is missed least of those whose client was heard only once. `false`: there is none.
    pub(super) fn make_room_among_strangers(&mut self) -> bool {
        let least = self.least().filter(|(_, entry)| entry.heard < 2);
        let client = least.map(|(client, _)| *client);
        client.is_some_and(|client| self.open.remove(&client).is_some())
    }

    fn make_room(&mut self) {
        if let Some(client) = self.least().map(|(client, _)| *client) {
            self.end(client);
        }
    }

    /// The session that is missed least.
    fn least(&self) -> Option<(&SocketAddr, &Entry)> {
        let open = self.open.iter();
        open.min_by_key(|(_, entry)| (entry.heard, entry.session.last.load(Relaxed)))
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
        match SockRef::from(datagrams.socket()).send(bytes) {
            Err(error) if is_gone(&error) => {
                datagrams.failed(error);
                false
            }
            Ok(_) | Err(_) => true,
        }
    }

    /// Sends the answers to `client`, until the endpoint is gone.
    async fn answer(self: Arc<Self>, client: SocketAddr, socket: Arc<UdpSocket>) {
        let Some(datagrams) = &self.datagrams else {
            return;
        };
        let mut answered = false;
        while datagrams.socket().readable().await.is_ok() {
            match with_buffer(|buffer| pass_back(datagrams.socket(), buffer, client, &socket)) {
                Ok(()) => {
                    self.touch();
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
    }

    fn touch(&self) {
        let now = self.start.elapsed().as_millis();
        self.last
            .store(u64::try_from(now).unwrap_or(u64::MAX), Relaxed);
    }
}

/// Sends one answer back, or drops it. The system is asked straight away: what the runtime knows of a socket's
/// readiness may be old, and nothing waits for it.
fn pass_back(
    from: &UdpSocket,
    buffer: &mut [u8],
    client: SocketAddr,
    socket: &UdpSocket,
) -> io::Result<()> {
    let length = from.try_recv(buffer)?;
    let _dropped = SockRef::from(socket).send_to(&buffer[..length], &client.into());
    Ok(())
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
