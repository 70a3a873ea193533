//! How a listener deals with its clients, as far as its settings say: compiled with the table.
//!
//! A listener without such settings has none of this, and its connections and requests pay for none. What holds for
//! a connection before its first request is told by its server name; in clear, where all listeners of a port share
//! its connections, it is that of the first that says anything. What holds for a request is told by its host.

mod gate;
mod heads;

pub(crate) use gate::{Gate, Seat, Turned};

use std::sync::Arc;

use gateway_resolve::ir::ListenerSettings;

use self::heads::Heads;
use crate::ConnectionInfo;
use crate::head::RequestHead;
use crate::plan::Answer;
use crate::table::SocketTable;

/// How a listener deals with its clients.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Conduct {
    gate: Gate,
    heads: Heads,
}

impl Conduct {
    /// What `settings` come to; `None`: they say nothing. What is counted goes on from `before`.
    pub(crate) fn of(settings: &ListenerSettings, before: Option<&Self>) -> Option<Arc<Self>> {
        let conduct = Self {
            gate: Gate::new(settings, before.map(|before| &before.gate)),
            heads: Heads::new(settings),
        };
        (conduct != Self::default()).then(|| Arc::new(conduct))
    }

    /// How many connections there may be.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Edits the head of a request, which is in canonical form, before routes are looked at. The answer to one that
    /// goes no further.
    pub(crate) fn receive(
        &self,
        head: &mut RequestHead,
        connection: &ConnectionInfo,
    ) -> Option<Answer> {
        self.heads.receive(head, connection)
    }
}

/// What is known of the connection, as the listener sees it that the request with this head is for. `None`: as it
/// is.
pub(crate) fn seen_by<B>(
    table: &SocketTable<B>,
    connection: &ConnectionInfo,
    head: &RequestHead,
) -> Option<Box<ConnectionInfo>> {
    if connection.conduct.is_none() && !table.has_conduct() {
        return None;
    }
    let conduct = table.conduct(head, connection.sni.as_deref());
    Some(Box::new(ConnectionInfo {
        conduct: conduct.cloned(),
        ..connection.clone()
    }))
}
