//! Connections and datagrams: where they go.

use gateway_dataplane::table::{
    SocketTable, StreamCandidate, StreamExplanation, Table as Compiled, Verdict,
};
use gateway_resolve::ir::{Ir, Transport};
use gateway_resolve::{Resolution, Snapshot};

use super::json::Explained;
use super::{name_or_any, none, unserved};
use crate::answer::{self, Answer};
use crate::cli::Place;
use crate::error::Error;
use crate::output::Page;
use crate::table::{BAD, GOOD, Table};

/// A connection, or a datagram.
pub(super) struct Opened {
    pub(super) transport: Transport,
    pub(super) place: Place,
    /// The server name that it asks for, by TLS.
    pub(super) sni: Option<String>,
}

impl Opened {
    /// Tells where it goes; says whether a rule takes it, on any socket.
    pub(super) fn explain(
        &self,
        page: &mut Page,
        resolution: &Resolution,
        snapshot: &Snapshot,
    ) -> bool {
        let ir = &resolution.ir;
        let table = Compiled::<()>::compile(ir, |_| ());
        let mut reached = self.reached(&table).peekable();
        if reached.peek().is_none() {
            let port = self.place.port;
            match self.transport {
                Transport::Tcp => none(page, port, &table),
                Transport::Udp => none(page, format_args!("{port}/udp"), &table),
            }
            unserved(page, self.place.port, &resolution.statuses, snapshot);
        }
        let mut served = false;
        for socket in reached {
            page.line(format_args!("socket    {}", socket.key()));
            match socket.explain_stream(self.sni.as_deref()) {
                Some(explanation) => served |= add(page, &explanation, ir, snapshot),
                None => page.line(format_args!(
                    "answer    {BAD}none{BAD:#}: HTTP is spoken here; ask with --url"
                )),
            }
        }
        served
    }

    /// The same as one JSON object.
    pub(super) fn explain_as_json(&self, page: &mut Page, ir: &Ir) -> Result<bool, Error> {
        let table = Compiled::<()>::compile(ir, |_| ());
        let on = |socket: &SocketTable<()>| {
            let explanation = socket.explain_stream(self.sni.as_deref());
            match explanation {
                Some(explanation) => Explained::of_stream(&explanation),
                None => Explained::refused(None, "OtherProtocol"),
            }
            .at(socket)
        };
        let explained = Explained::first(self.reached(&table).map(on));
        page.line(serde_json::to_string_pretty(&explained).map_err(Error::internal)?);
        Ok(explained.is_served())
    }

    fn reached<'t>(&self, table: &'t Compiled<()>) -> impl Iterator<Item = &'t SocketTable<()>> {
        let Place { address, port } = self.place;
        let transport = self.transport;
        let sockets = table.sockets().filter(move |(key, _)| {
            let own = key.address.zip(address);
            key.transport == transport
                && key.port == port
                && own.is_none_or(|(own, address)| own == address)
        });
        sockets.map(|(_, socket)| &**socket)
    }
}

/// Tells where a connection or datagram goes; says whether a rule takes it.
pub(super) fn add(
    page: &mut Page,
    explanation: &StreamExplanation,
    ir: &Ir,
    snapshot: &Snapshot,
) -> bool {
    match &explanation.listener {
        Some(id) => page.line(format_args!("listener  {id}")),
        None => page.line("listener  none takes the server name"),
    }
    let served = match explanation.chosen() {
        Some(chosen) => add_chosen(page, chosen, ir, snapshot),
        None => {
            let why = match &explanation.listener {
                Some(_) => "no route takes it: gateway check says what is attached",
                None => "no listener takes it",
            };
            page.line(format_args!("answer    {BAD}refused{BAD:#}: {why}"));
            false
        }
    };
    add_losers(page, explanation);
    served
}

fn add_chosen(page: &mut Page, chosen: &StreamCandidate, ir: &Ir, snapshot: &Snapshot) -> bool {
    let Answer { lines, served } = answer::of_stream(&chosen.rule, ir, snapshot);
    let style = if served { GOOD } else { BAD };
    let hostname = name_or_any(chosen.hostname.as_ref());
    page.line(format_args!("host      {hostname}"));
    page.line(format_args!("rule      {}", chosen.rule));
    for line in lines {
        page.line(format_args!("answer    {style}{line}{style:#}"));
    }
    served
}

fn add_losers(page: &mut Page, explanation: &StreamExplanation) {
    let mut table = Table::new(["RULED OUT", "HOST", "BY"]);
    let losers = explanation.candidates.iter();
    for loser in losers.filter(|candidate| candidate.verdict != Verdict::Chosen) {
        table.push([
            loser.rule.to_string().into(),
            name_or_any(loser.hostname.as_ref()).into(),
            loser.verdict.to_string().into(),
        ]);
    }
    page.text(&table.render(usize::MAX));
}
