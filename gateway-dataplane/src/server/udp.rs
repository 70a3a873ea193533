//! Datagrams that are passed on (UDPRoute).
//!
//! Nothing is kept of a datagram: what the next socket does not take at once is dropped, as a full router would.

mod sessions;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::oneshot;
use tokio::time::MissedTickBehavior;

use self::sessions::{Session, Sessions};
use super::accept::{PAUSE, Served};
use super::worker::Worker;
use crate::backend::{Backend, BackendError, BackendErrorKind, MakeBackend};
use crate::forward::View;
use crate::limits::fixed as limits;

/// Passes on what comes until `closing`; sessions end with that.
pub(super) async fn receive<M: MakeBackend>(
    worker: Arc<Worker<M>>,
    socket: UdpSocket,
    mut served: Served<M::Backend>,
    mut closing: oneshot::Receiver<Duration>,
) {
    let limits = worker.limits();
    let mut relay = Relay {
        worker: worker.index,
        view: served.current.view(),
        socket: Arc::new(socket),
        sessions: Sessions::new(limits),
        buffer: vec![0; limits::DATAGRAM].into(),
    };
    let period = (limits.udp_idle / 4).max(Duration::from_millis(1));
    let mut sweep = tokio::time::interval(period);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let ready = tokio::select! {
            biased;
            _ = &mut closing => return,
            _ = sweep.tick() => {
                relay.sessions.sweep();
                continue;
            }
            ready = relay.socket.readable() => ready,
        };
        relay.follow(served.current.view());
        if let Err(error) = ready.and_then(|()| relay.burst()) {
            tracing::warn!(socket = %served.key, %error, "cannot receive datagrams");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// One socket for datagrams of one worker.
struct Relay<B> {
    worker: usize,
    view: Arc<View<B>>,
    socket: Arc<UdpSocket>,
    sessions: Sessions,
    buffer: Box<[u8]>,
}

impl<B: Backend> Relay<B> {
    /// Serves what `view` says from now on. Sessions stay whose endpoint may still be chosen.
    fn follow(&mut self, view: Arc<View<B>>) {
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

    fn burst(&mut self) -> io::Result<()> {
        for _ in 0..limits::DATAGRAM_BURST {
            match self.socket.try_recv_from(&mut self.buffer) {
                Ok((length, client)) => self.pass_on(client, length),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Passes on the first `length` bytes of the buffer. An endpoint that turns out to be gone is passed over once.
    fn pass_on(&mut self, client: SocketAddr, length: usize) {
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
    fn begin(&mut self, client: SocketAddr) -> bool {
        let Some(route) = self.view.table.udp() else {
            return false;
        };
        let backend = route.choose().backend;
        let open = || {
            backend
                .as_ref()
                .map(|b| b.datagrams(self.worker))
                .transpose()
        };
        let full = |error: &BackendError| error.kind() == BackendErrorKind::Full;
        let mut opened = open();
        if opened.as_ref().is_err_and(full) && self.sessions.make_room_among_strangers() {
            opened = open();
        }
        match opened {
            Ok(datagrams) => {
                self.sessions.begin(client, datagrams, &self.socket);
                true
            }
            Err(error) => {
                tracing::debug!(%client, %error, "a datagram was dropped");
                false
            }
        }
    }
}
