//! The table that is current, as workers and their connections see it.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::{ArcSwap, Cache};

use crate::server::Terminations;
use crate::table::{SocketKey, SocketTable, Table};

/// One table for each worker. They share their content, but each worker counts its own references,
/// so that no two write to the same memory.
pub(crate) struct Tables<B> {
    workers: Box<[Worker<B>]>,
}

type Worker<B> = HashMap<SocketKey, Arc<View<B>>>;

/// One socket as one worker sees it.
pub(crate) struct View<B> {
    pub(crate) table: Arc<SocketTable<Arc<B>>>,
    pub(crate) tls: Terminations,
}

impl<B> Tables<B> {
    /// The same for each of `workers`.
    pub(crate) fn new(
        workers: usize,
        table: &Table<Arc<B>>,
        mut tls: impl FnMut(&SocketTable<Arc<B>>) -> Terminations,
    ) -> Self {
        let sockets: Vec<_> = table
            .sockets()
            .map(|(key, socket)| (*key, Arc::clone(socket), tls(socket)))
            .collect();
        let view = |(key, table, tls): &(SocketKey, Arc<SocketTable<_>>, Terminations)| {
            let (table, tls) = (Arc::clone(table), tls.clone());
            (*key, Arc::new(View { table, tls }))
        };
        Self {
            workers: (0..workers)
                .map(|_| sockets.iter().map(view).collect())
                .collect(),
        }
    }

    /// The sockets that there are, in order.
    pub(crate) fn sockets(&self) -> Vec<SocketKey> {
        let mut sockets: Vec<_> = self
            .workers
            .iter()
            .take(1)
            .flat_map(Worker::keys)
            .copied()
            .collect();
        sockets.sort_unstable();
        sockets
    }

    /// A socket as `worker` sees it.
    pub(crate) fn view(&self, worker: usize, socket: &SocketKey) -> Option<&Arc<View<B>>> {
        self.workers
            .get(worker % self.workers.len().max(1))?
            .get(socket)
    }
}

/// The current view of one connection. Asking for it compares a pointer, unless it changed.
pub(crate) struct Current<B> {
    tables: Cache<Arc<ArcSwap<Tables<B>>>, Arc<Tables<B>>>,
    /// The address of the tables that `view` is of; they live as long as the cache has them.
    seen: usize,
    view: Arc<View<B>>,
    worker: usize,
    socket: SocketKey,
}

impl<B> Current<B> {
    /// The view of `socket` by `worker`, which is `view` until something else is known.
    pub(crate) fn new(
        tables: Arc<ArcSwap<Tables<B>>>,
        view: Arc<View<B>>,
        worker: usize,
        socket: SocketKey,
    ) -> Self {
        Self {
            tables: Cache::new(tables),
            seen: 0,
            view,
            worker,
            socket,
        }
    }

    /// The current view. When the socket is no longer in the table, the last one that had it.
    pub(crate) fn view(&mut self) -> Arc<View<B>> {
        let tables = self.tables.load();
        let address = Arc::as_ptr(tables).addr();
        if address != self.seen {
            self.seen = address;
            if let Some(view) = tables.view(self.worker, &self.socket) {
                self.view = Arc::clone(view);
            }
        }
        Arc::clone(&self.view)
    }
}
