//! A listening socket of one worker: what it leads to, and what it is told.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedReceiver;

use super::accept::Client;
use super::worker::Worker;
use crate::backend::MakeBackend;
use crate::forward::{Current, View};
use crate::paced::Paced;
use crate::table::SocketKey;

/// What a listening socket leads to.
pub(super) struct Served<B> {
    pub(super) id: u64,
    pub(super) key: SocketKey,
    /// What is served on it; when it is no longer in the table, what was served last.
    pub(super) current: Current<B>,
}

/// What a listening socket is told.
pub(super) enum Turn<B> {
    /// It leads elsewhere from now on. Connections that it has brought until now finish.
    Serve(SocketKey, Arc<View<B>>),
    /// It closes.
    Close(Closing),
}

/// How a socket closes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Closing {
    /// It goes on accepting for so long: another socket takes over, and who has begun to connect to this one is
    /// not turned away.
    pub(super) grace: Duration,
    /// The time for its connections to finish.
    pub(super) limit: Duration,
}

/// What a socket is told, in order.
pub(super) type Turns<B> = UnboundedReceiver<Turn<B>>;

/// The pause after an error that will not go away by itself, such as too many open files.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

impl<B> Served<B> {
    /// Leads elsewhere from now on.
    pub(super) fn turn<M: MakeBackend<Backend = B>>(
        &mut self,
        worker: &Worker<M>,
        key: SocketKey,
        view: Arc<View<B>>,
    ) {
        self.key = key;
        self.current = worker.forwarder.current(view, worker.index, key);
        worker.registry.finish(Some(self.id), worker.limits().drain);
    }
}

/// Accepts connections until it is told to close, then those that already wait, and has all finish in time.
pub(super) async fn accept<M: MakeBackend>(
    worker: Arc<Worker<M>>,
    socket: TcpListener,
    mut served: Served<M::Backend>,
    mut turns: Turns<M::Backend>,
) {
    let closing = loop {
        tokio::select! {
            biased;
            turn = turns.recv() => match turn {
                Some(Turn::Serve(key, view)) => served.turn(&worker, key, view),
                Some(Turn::Close(closing)) => break closing,
                None => break worker.closing(Duration::ZERO),
            },
            next = socket.accept() => take(&worker, &mut served, next).await,
        }
    };
    if !closing.grace.is_zero() {
        let accepting = async {
            loop {
                let next = socket.accept().await;
                take(&worker, &mut served, next).await;
            }
        };
        let _over = tokio::time::timeout(closing.grace, accepting).await;
    }
    if let Ok(socket) = socket.into_std() {
        while let Some((stream, peer)) = waiting(&socket) {
            admit(&worker, &mut served, stream, peer).await;
        }
    }
    worker.registry.finish(Some(served.id), closing.limit);
}

async fn take<M: MakeBackend>(
    worker: &Arc<Worker<M>>,
    served: &mut Served<M::Backend>,
    next: io::Result<(TcpStream, SocketAddr)>,
) {
    match next {
        Ok((stream, peer)) => admit(worker, served, stream, peer).await,
        Err(error) if is_about_one_connection(&error) => {}
        Err(error) => {
            static SAID: Paced = Paced::new();
            if let Some(more) = SAID.pass() {
                tracing::warn!(socket = %served.key, %error, more, "cannot accept connections");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// A connection that waits to be accepted. Asks the kernel, which may know of some that the runtime
/// has not been told about.
fn waiting(socket: &std::net::TcpListener) -> Option<(TcpStream, SocketAddr)> {
    loop {
        match socket.accept() {
            Ok((stream, peer)) => {
                stream.set_nonblocking(true).ok()?;
                return Some((TcpStream::from_std(stream).ok()?, peer));
            }
            Err(error) if is_about_one_connection(&error) => {}
            Err(_would_block) => return None,
        }
    }
}

/// Serves a connection as soon as there may be one more.
async fn admit<M: MakeBackend>(
    worker: &Arc<Worker<M>>,
    served: &mut Served<M::Backend>,
    stream: TcpStream,
    peer: SocketAddr,
) {
    let permit = match Arc::clone(&worker.permits).try_acquire_owned() {
        Ok(permit) => permit,
        Err(_none_is_free) => match Arc::clone(&worker.permits).acquire_owned().await {
            Ok(permit) => permit,
            Err(_closed) => return,
        },
    };
    tokio::spawn(Client::new(worker, served, permit, peer).serve(stream));
}

fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}
