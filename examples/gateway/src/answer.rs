//! What a rule answers, in words.

use gateway_model::EndpointSlice;
use gateway_resolve::Snapshot;
use gateway_resolve::ir::{
    Action, Backend, Filter, Ir, Redirect, Refusal, Rule, Split, StreamAction, StreamRule, Target,
};

use crate::echo;

/// What a rule answers.
pub(crate) struct Answer {
    /// In words, a line each.
    pub(crate) lines: Vec<String>,
    /// Is the request forwarded or redirected, rather than refused?
    pub(crate) served: bool,
}

/// What `rule` answers, after its filters.
pub(crate) fn of(rule: &Rule, ir: &Ir, snapshot: &Snapshot) -> Answer {
    let mut answer = match &rule.action {
        Action::Redirect(redirect) => redirected(redirect),
        Action::Respond(response) => Answer {
            lines: vec![format!("{}: {:?}", response.status, response.body)],
            served: true,
        },
        Action::Fail(refusal) => refused(refusal, Told::Status),
        Action::Forward(split) => forwarded(split, ir, snapshot),
    };
    let filters: Vec<_> = rule.filters.iter().map(name).collect();
    if !filters.is_empty() {
        answer
            .lines
            .insert(0, format!("after {}", filters.join(", ")));
    }
    answer
}

fn redirected(redirect: &Redirect) -> Answer {
    let Redirect {
        scheme,
        hostname,
        path,
        port,
        status,
    } = redirect;
    let mut line = format!("{status} redirect");
    if let Some(scheme) = scheme {
        line += &format!(", scheme {scheme}");
    }
    if let Some(hostname) = hostname {
        line += &format!(", host {}", hostname.as_str());
    }
    if let Some(port) = port {
        line += &format!(", port {port}");
    }
    if path.is_some() {
        line += ", another path";
    }
    Answer {
        lines: vec![line],
        served: true,
    }
}

/// How a refusal is told to a client.
#[derive(Clone, Copy)]
enum Told {
    /// By the status of an answer.
    Status,
    /// By no answer: the connection is closed, the datagram dropped.
    Silence,
}

fn refused(refusal: &Refusal, told: Told) -> Answer {
    Answer {
        lines: vec![refusal_line(refusal, told)],
        served: false,
    }
}

fn refusal_line(refusal: &Refusal, told: Told) -> String {
    let Refusal {
        reason, message, ..
    } = refusal;
    match told {
        Told::Status => refusal.to_string(),
        Told::Silence => format!("refused: {message} ({reason:?})"),
    }
}

/// One share of a split.
struct Share<'a> {
    weight: u32,
    target: &'a Target,
    filters: &'a [Filter],
}

fn forwarded(split: &Split, ir: &Ir, snapshot: &Snapshot) -> Answer {
    let targets = split.targets().iter();
    let shares = targets.map(|target| Share {
        weight: target.weight,
        target: &target.target,
        filters: &target.filters,
    });
    shared(&shares.collect::<Vec<_>>(), Told::Status, ir, snapshot)
}

/// What a rule of layer 4 does with connections or datagrams.
pub(crate) fn of_stream(rule: &StreamRule, ir: &Ir, snapshot: &Snapshot) -> Answer {
    if let StreamAction::Fail(refusal) = &rule.action {
        return refused(refusal, Told::Silence);
    }
    let shares = rule.targets().iter().map(|target| Share {
        weight: target.weight,
        target: &target.target,
        filters: &[],
    });
    shared(&shares.collect::<Vec<_>>(), Told::Silence, ir, snapshot)
}

fn shared(shares: &[Share<'_>], told: Told, ir: &Ir, snapshot: &Snapshot) -> Answer {
    let total: u64 = shares.iter().map(|share| u64::from(share.weight)).sum();
    let mut answer = Answer {
        lines: Vec::new(),
        served: false,
    };
    for Share {
        weight,
        target,
        filters,
    } in shares
    {
        let (mut line, usable) = match target {
            Target::Refused(refusal) => (refusal_line(refusal, told), false),
            Target::Backend(id) => backend(&ir.backends()[id], told, snapshot),
        };
        if shares.len() > 1 {
            line = format!("{weight} of {total}: {line}");
        }
        let filters: Vec<_> = filters.iter().map(name).collect();
        if !filters.is_empty() {
            line += &format!(", after {}", filters.join(", "));
        }
        answer.lines.push(line);
        answer.served |= usable && *weight > 0;
    }
    answer
}

/// A backend with its endpoints, and whether it has any.
fn backend(backend: &Backend, told: Told, snapshot: &Snapshot) -> (String, bool) {
    const SHOWN: usize = 4;
    let Backend { id, endpoints, .. } = backend;
    if endpoints.is_empty() {
        return without_endpoints(backend, told, snapshot);
    }
    let shown = endpoints
        .iter()
        .take(SHOWN)
        .map(|endpoint| endpoint.address.to_string());
    let mut line = format!("{id} at {}", shown.collect::<Vec<_>>().join(", "));
    if endpoints.len() > SHOWN {
        line += &format!(" and {} more", endpoints.len() - SHOWN);
    }
    (line, true)
}

fn without_endpoints(backend: &Backend, told: Told, snapshot: &Snapshot) -> (String, bool) {
    let id = &backend.id;
    let told = match told {
        Told::Status => "503",
        Told::Silence => "refused",
    };
    let service = snapshot
        .services()
        .get(&id.object.namespace, &id.object.name);
    let slices = || snapshot.endpoint_slices().iter().map(|slice| &**slice);
    match service {
        Some(service) if echo::is_wanted(service, slices()) => (
            format!("{id} at the demo echo backend that gateway run embeds"),
            true,
        ),
        _ => (
            format!(
                "{told}: {id} has no endpoint: expected a ready one in an EndpointSlice labelled \
                 {}={}",
                EndpointSlice::SERVICE_LABEL,
                id.object.name
            ),
            false,
        ),
    }
}

fn name(filter: &Filter) -> &'static str {
    match filter {
        Filter::RequestHeaders(_) => "request header changes",
        Filter::ResponseHeaders(_) => "response header changes",
        Filter::Rewrite(_) => "a rewrite",
        Filter::Mirror(_) => "a mirrored copy",
        Filter::Cors(_) => "CORS",
    }
}
