//! What a rule answers, in words.

use gateway_model::EndpointSlice;
use gateway_resolve::Snapshot;
use gateway_resolve::ir::{
    Action, Backend, Filter, Ir, Redirect, Refusal, Rule, Split, Target, WeightedTarget,
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
        Action::Fail(refusal) => refused(refusal),
        Action::Forward(split) => forwarded(split, ir, snapshot),
        _ => unreadable(),
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

fn refused(refusal: &Refusal) -> Answer {
    Answer {
        lines: vec![refusal_line(refusal)],
        served: false,
    }
}

fn refusal_line(refusal: &Refusal) -> String {
    let Refusal {
        status,
        reason,
        message,
    } = refusal;
    format!("{status}: {message} ({reason:?})")
}

fn unreadable() -> Answer {
    Answer {
        lines: vec!["500: the action is not known".to_owned()],
        served: false,
    }
}

fn forwarded(split: &Split, ir: &Ir, snapshot: &Snapshot) -> Answer {
    let total: u64 = split
        .targets()
        .iter()
        .map(|target| u64::from(target.weight))
        .sum();
    let mut answer = Answer {
        lines: Vec::new(),
        served: false,
    };
    for WeightedTarget {
        weight,
        target,
        filters,
    } in split.targets()
    {
        let (mut line, usable) = match target {
            Target::Refused(refusal) => (refusal_line(refusal), false),
            Target::Backend(id) => backend(&ir.backends()[id], snapshot),
        };
        if split.targets().len() > 1 {
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
fn backend(backend: &Backend, snapshot: &Snapshot) -> (String, bool) {
    const SHOWN: usize = 4;
    let Backend { id, endpoints, .. } = backend;
    if endpoints.is_empty() {
        return without_endpoints(backend, snapshot);
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

fn without_endpoints(backend: &Backend, snapshot: &Snapshot) -> (String, bool) {
    let id = &backend.id;
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
                "503: {id} has no endpoint: expected a ready one in an EndpointSlice labelled \
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
        _ => "another filter",
    }
}
