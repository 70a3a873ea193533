//! Datagrams that are passed on (UDPRoute).
//!
//! Nothing is kept of a datagram: what the next socket does not take at once is dropped, as a full router would.

mod door;
mod sessions;

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::MissedTickBehavior;

use self::door::{Client, Door, Told};
use self::sessions::{Session, Sessions};
use super::listening::{PAUSE, Served, Turn, Turns};
use super::worker::Worker;
use crate::backend::{Backend, BackendError, BackendErrorKind, MakeBackend};
use crate::forward::{ConnectionInfo, View};
use crate::limits::fixed as limits;
use crate::observe::ObservedStream;
use crate::table::SocketKey;

/// Passes on what comes until it is told to close, and then the answers that are due, within what it was told.
pub(super) async fn receive<M: MakeBackend>(
    worker: Arc<Worker<M>>,
    socket: UdpSocket,
    mut served: Served<M::Backend>,
    mut turns: Turns<M::Backend>,
) {
    let door = match Door::new(socket) {
        Ok(door) => Arc::new(door),
        Err(error) => {
            tracing::error!(socket = %served.key, %error, "cannot receive datagrams");
            return;
        }
    };
    let limits = worker.limits();
    let period = (limits.udp_idle / 4).max(Duration::from_millis(1));
    let mut relay = Relay {
        view: served.current.view(),
        key: served.key,
        sessions: Sessions::new(limits),
        buffer: vec![0; limits::DATAGRAM].into(),
        told: Told::new(),
        worker,
        door,
    };
    let mut sweep = tokio::time::interval(period);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let limit = loop {
        let ready = tokio::select! {
            biased;
            turn = turns.recv() => match turn {
                Some(Turn::Serve(key, view)) => {
                    relay.key = key;
                    served.turn(&relay.worker, key, view);
                    continue;
                }
                Some(Turn::Close(closing)) => break Some(closing.limit),
                None => break None,
            },
            _ = sweep.tick() => {
                relay.sessions.sweep();
                continue;
            }
            ready = relay.door.readable() => ready,
        };
        relay.follow(served.current.view());
        if let Err(error) = ready.and_then(|()| relay.burst().map(drop)) {
            tracing::warn!(socket = %served.key, %error, "cannot receive datagrams");
            tokio::time::sleep(PAUSE).await;
        }
    };
    let limit = limit.unwrap_or(relay.worker.limits().drain);
    relay.finish(limit).await;
}

/// One socket for datagrams of one worker.
struct Relay<M: MakeBackend> {
    worker: Arc<Worker<M>>,
    view: Arc<View<M::Backend>>,
    key: SocketKey,
    door: Arc<Door>,
    sessions: Sessions,
    buffer: Box<[u8]>,
    told: Told,
}

impl<M: MakeBackend> Relay<M> {
    /// Serves what `view` says from now on. Sessions stay whose endpoint may still be chosen.
    fn follow(&mut self, view: Arc<View<M::Backend>>) {
        if Arc::ptr_eq(&view, &self.view) {
            return;
        }
        let route = view.table.udp();
        let reached = |endpoint: SocketAddr| {
            let mut backends = route.into_iter().flat_map(|route| route.backends());
            backends.any(|backend| backend.reaches(endpoint))
        };
        self.sessions
            .retain(|session| session.endpoint().is_some_and(reached));
        self.view = view;
    }

    /// Passes on what has come; says whether more may have.
    fn burst(&mut self) -> io::Result<bool> {
        for _ in 0..limits::DATAGRAM_BURST {
            match self.door.receive(&mut self.buffer, &mut self.told) {
                Ok((length, client)) => self.pass_on(client, length),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Takes in what has come already, and passes the answers back to all that was asked.
    async fn finish(mut self, limit: Duration) {
        if let Err(error) = self.door.close() {
            tracing::debug!(socket = %self.key, %error, "a socket for datagrams stays open");
        }
        while self.burst().unwrap_or(false) {}
        let limit = limit.min(self.worker.limits().udp_answer);
        let answered = Arc::clone(self.sessions.answered());
        let all_answered = async {
            loop {
                let mut next = pin!(answered.notified());
                next.as_mut().enable();
                if !self.sessions.finish() {
                    return;
                }
                next.await;
            }
        };
        let _answered_or_late = tokio::time::timeout(limit, all_answered).await;
    }

    /// Passes on the first `length` bytes of the buffer. An endpoint that turns out to be gone is passed over once.
    fn pass_on(&mut self, client: Client, length: usize) {
        for _ in 0..2 {
            if !self.sessions.has(client) && !self.begin(client) {
                return;
            }
            let session = self.sessions.hear(client);
            if session.is_none_or(|session: &Session| session.send(&self.buffer[..length])) {
                return;
            }
            self.sessions.end(client);
        }
    }

    /// Begins the session of `client`. `false`: nobody takes its datagrams.
    fn begin(&mut self, client: Client) -> bool {
        let Some(route) = self.view.table.udp() else {
            return false;
        };
        let (worker, address) = (&self.worker, client.address);
        let chosen = route.choose();
        let open = || {
            let backend = chosen.backend.as_ref();
            backend.map(|b| b.datagrams(worker.index)).transpose()
        };
        let full = |error: &BackendError| error.kind() == BackendErrorKind::Full;
        let mut opened = open();
        if opened.as_ref().is_err_and(full) && self.sessions.make_room_among_strangers() {
            opened = open();
        }
        match opened {
            Ok(datagrams) => {
                let info = ConnectionInfo::new(address, self.key).on_worker(worker.index);
                let audience = &worker.forwarder.options().audience;
                let observed = ObservedStream::begin(audience, &info, &chosen);
                self.sessions.begin(client, datagrams, observed, &self.door);
                true
            }
            Err(error) => {
                tracing::debug!(client = %address, %error, "a datagram was dropped");
                false
            }
        }
    }
}
