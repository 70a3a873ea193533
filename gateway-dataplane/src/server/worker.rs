//! A worker: one thread, one runtime.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc as blocking;
use std::time::Duration;
use std::{io, thread};

use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::http2::Http2;
use super::listening::{Closing, Served, Turn, Turns, accept};
use super::socket::Listen;
use super::udp::receive;
use super::watch::Registry;
use crate::Limits;
use crate::backend::MakeBackend;
use crate::forward::{Forwarder, View};
use crate::table::SocketKey;

/// What all workers have.
pub(crate) struct Shared<M: MakeBackend> {
    pub(crate) forwarder: Arc<Forwarder<M>>,
    pub(crate) permits: Arc<Semaphore>,
}

/// One worker, as its own tasks see it.
pub(super) struct Worker<M: MakeBackend> {
    pub(super) index: usize,
    /// Counted by this worker alone, see [`Shared`].
    pub(super) forwarder: Arc<Forwarder<M>>,
    pub(super) permits: Arc<Semaphore>,
    pub(super) registry: Arc<Registry>,
    pub(super) http2: Http2,
    /// How many connections it has accepted.
    accepted: AtomicU64,
}

/// One worker, as the proxy sees it.
pub(crate) struct Handle<B> {
    index: usize,
    commands: UnboundedSender<Command<B>>,
    thread: Option<thread::JoinHandle<()>>,
}

enum Command<B> {
    /// Accept connections from this socket, and serve what the view says until the table is known
    /// to say something else.
    Listen(u64, SocketKey, Listen, Arc<View<B>>),
    /// Have a socket lead elsewhere.
    Serve(u64, SocketKey, Arc<View<B>>),
    /// Stop accepting after a while, and let the connections finish.
    Close(u64, Duration),
    /// Close all; report when the last connection is gone, or how many were cut off.
    Drain(Duration, blocking::Sender<usize>),
}

/// Starts the worker `index`.
///
/// # Errors
/// The system gives no thread, or no event queue.
pub(crate) fn start<M: MakeBackend>(
    shared: &Shared<M>,
    index: usize,
) -> io::Result<Handle<M::Backend>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (commands, inbox) = unbounded_channel();
    let forwarder = Arc::clone(&shared.forwarder);
    let limits = &forwarder.options().limits;
    let worker = Arc::new(Worker {
        index,
        permits: Arc::clone(&shared.permits),
        registry: Registry::new(limits),
        http2: Http2::new(limits),
        accepted: AtomicU64::new(0),
        forwarder,
    });
    let thread = thread::Builder::new()
        .name(format!("gateway-{index}"))
        .spawn(move || {
            runtime.block_on(run(worker, inbox));
            runtime.shutdown_background();
        })?;
    Ok(Handle {
        index,
        commands,
        thread: Some(thread),
    })
}

impl<B> Handle<B> {
    /// Which worker it is.
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// Starts to accept connections from `socket`, which is called `id` from now on.
    pub(crate) fn listen(&self, id: u64, key: SocketKey, socket: Listen, view: Arc<View<B>>) {
        self.tell(Command::Listen(id, key, socket, view));
    }

    /// Has a socket lead to another one of the table from now on.
    pub(crate) fn serve(&self, id: u64, key: SocketKey, view: Arc<View<B>>) {
        self.tell(Command::Serve(id, key, view));
    }

    /// Stops accepting from a socket after `grace`.
    pub(crate) fn close(&self, id: u64, grace: Duration) {
        self.tell(Command::Close(id, grace));
    }

    /// Stops accepting, and ends connections within `limit`. What is received is the number of
    /// connections that had to be cut off with something open.
    pub(crate) fn drain(&self, limit: Duration) -> blocking::Receiver<usize> {
        let (report, reported) = blocking::channel();
        self.tell(Command::Drain(limit, report));
        reported
    }

    /// A worker that has ended has nothing to be told.
    fn tell(&self, command: Command<B>) {
        let _ended = self.commands.send(command);
    }
}

impl<B> Drop for Handle<B> {
    /// Ends the worker and what it has open.
    fn drop(&mut self) {
        let (commands, _) = unbounded_channel();
        self.commands = commands;
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

impl<M: MakeBackend> Worker<M> {
    pub(super) fn limits(&self) -> &Limits {
        &self.forwarder.options().limits
    }

    /// A number for a connection, which no other has: the worker's in the high bits.
    pub(super) fn next_connection(&self) -> u64 {
        let own = self.accepted.fetch_add(1, Ordering::Relaxed) + 1;
        (self.index as u64) << 48 | own
    }

    /// A socket closes after `grace`, and its connections finish in the usual time.
    pub(super) fn closing(&self, grace: Duration) -> Closing {
        let limit = self.limits().drain;
        Closing { grace, limit }
    }

    /// Starts to serve a socket, which is told `turns`.
    fn listen(
        self: &Arc<Self>,
        served: Served<M::Backend>,
        socket: Listen,
        turns: Turns<M::Backend>,
    ) -> io::Result<JoinHandle<()>> {
        let worker = Arc::clone(self);
        Ok(match socket {
            Listen::Tcp(socket) => {
                let socket = TcpListener::from_std(socket)?;
                tokio::spawn(accept(worker, socket, served, turns))
            }
            Listen::Udp(socket) => {
                let socket = UdpSocket::from_std(socket)?;
                tokio::spawn(receive(worker, socket, served, turns))
            }
        })
    }
}

/// The sockets of a worker: how they are told something, and who serves them.
type Sockets<B> = HashMap<u64, (UnboundedSender<Turn<B>>, JoinHandle<()>)>;

/// Obeys commands until there can be no more.
async fn run<M: MakeBackend>(
    worker: Arc<Worker<M>>,
    mut inbox: UnboundedReceiver<Command<M::Backend>>,
) {
    let registry = Arc::clone(&worker.registry);
    tokio::spawn(async move { registry.sweep().await });
    let mut sockets = Sockets::new();
    while let Some(command) = inbox.recv().await {
        match command {
            Command::Listen(id, key, socket, view) => {
                let current = worker.forwarder.current(view, worker.index, key);
                let (turns, told) = unbounded_channel();
                match worker.listen(Served { id, key, current }, socket, told) {
                    Ok(task) => drop(sockets.insert(id, (turns, task))),
                    Err(error) => tracing::error!(socket = %key, %error, "cannot poll a socket"),
                }
            }
            Command::Serve(id, key, view) => {
                if let Some((turns, _)) = sockets.get(&id) {
                    let _closed = turns.send(Turn::Serve(key, view));
                }
            }
            Command::Close(id, grace) => {
                if let Some((turns, _accepting)) = sockets.remove(&id) {
                    let _closed = turns.send(Turn::Close(worker.closing(grace)));
                }
            }
            Command::Drain(limit, report) => {
                let grace = Duration::ZERO;
                let accepting = sockets.drain().map(|(_, (turns, task))| {
                    let _closed = turns.send(Turn::Close(Closing { grace, limit }));
                    task
                });
                let accepting = accepting.collect();
                tokio::spawn(drain(Arc::clone(&worker), accepting, limit, report));
            }
        }
    }
}

/// Waits for the sockets to take in what is queued, then for the connections to finish, and cuts off those
/// that don't.
async fn drain<M: MakeBackend>(
    worker: Arc<Worker<M>>,
    mut accepting: Vec<JoinHandle<()>>,
    limit: Duration,
    report: blocking::Sender<usize>,
) {
    let registry = &worker.registry;
    let before = registry.cut_off();
    registry.finish(None, limit);
    let finished = async {
        for task in &mut accepting {
            let _panicked = task.await;
        }
        registry.finish(None, limit);
        registry.emptied().await;
    };
    let _finished_or_late = tokio::time::timeout(limit, finished).await;
    registry.cut();
    // Each holds a connection that waits for its turn.
    let waiting = accepting.iter().filter(|task| !task.is_finished()).count();
    worker.forwarder.flush_logs(worker.index).await;
    let _nobody_waits = report.send(registry.cut_off() - before + waiting);
}
