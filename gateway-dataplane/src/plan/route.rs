//! From a head to the rule that takes it, or to an answer.

use gateway_resolve::ir;
use http::StatusCode;

use super::answer::{self, Answer};
use super::{Planner, Routed};
use crate::ConnectionInfo;
use crate::filter::{Connection, Cors, redirect};
use crate::forward::headers::{count_down, count_own_hops, requested_origin};
use crate::head::{AmbiguousPaths, HeadRules, Known, RequestHead, ResponseHead, normalize};
use crate::observe::Reason;
use crate::paced::Paced;
use crate::table::{Action, Head, Hit, Miss, SocketTable};

/// Finds the rule for the request with this head, which it brings into canonical form.
pub(super) fn route<'t, B>(
    planner: &Planner,
    table: &'t SocketTable<B>,
    connection: &ConnectionInfo,
    head: &mut RequestHead,
) -> Routed<'t, B> {
    if let Some(answer) = refuse(planner, connection, head) {
        return Routed::Answer { answer, hit: None };
    }
    let (seen, sni) = (Head::unnormalized(head), connection.sni.as_deref());
    let found = table.find(&seen, sni);
    if let Some((hit, answer)) = answer_preflight(table, found, connection, head) {
        let hit = Some(hit);
        return Routed::Answer { answer, hit };
    }
    let hit = match found {
        Ok(hit) => hit,
        Err(miss) => {
            let answer = answer::status(miss.status(), Reason::NoRoute(miss));
            return Routed::Answer { answer, hit: None };
        }
    };
    if planner.ambiguous_paths == AmbiguousPaths::Refuse
        && table.other_reading(&seen, sni, hit).is_some()
    {
        let answer = answer::status(StatusCode::BAD_REQUEST, Reason::AmbiguousPath);
        let hit = Some(hit);
        return Routed::Answer { answer, hit };
    }
    match answer_early(planner, hit, connection, head) {
        Some(answer) => Routed::Answer {
            answer,
            hit: Some(hit),
        },
        None => Routed::To(hit),
    }
}

/// Brings the head into canonical form; the answer to one that goes nowhere, whatever the routes.
fn refuse(
    planner: &Planner,
    connection: &ConnectionInfo,
    head: &mut RequestHead,
) -> Option<Answer> {
    if let Err(answer) = canonical(head) {
        return Some(answer);
    }
    let conduct = connection.conduct.as_deref();
    if let Some(answer) = conduct.and_then(|conduct| conduct.receive(head, connection)) {
        return Some(answer);
    }
    if let Err(status) = count_down(head) {
        return Some(answer::status(status, Reason::MaxForwards));
    }
    is_looping(planner, head).then(|| answer::status(StatusCode::LOOP_DETECTED, Reason::Loop))
}

/// Brings the head into canonical form, or refuses it.
pub(super) fn canonical(head: &mut RequestHead) -> Result<(), Answer> {
    let refused = |status| answer::status(status, Reason::Invalid).last();
    normalize(head, HeadRules::default()).map_err(|error| refused(error.status()))
}

/// Has the request come this way too often?
fn is_looping(planner: &Planner, head: &RequestHead) -> bool {
    let id = planner.forwarding.hop_id.as_ref();
    let hops = id.map_or(0, |id| count_own_hops(&head.fields, id));
    if hops < planner.own_hops.max(1) {
        return false;
    }
    static SAID: Paced = Paced::new();
    if let Some(more) = SAID.pass() {
        let host = head.fields.text(Known::Host).unwrap_or_default();
        tracing::warn!(
            host,
            path = head.path(),
            hops,
            more,
            "a request goes round in circles"
        );
    }
    true
}

/// The answer to a preflight request that no rule with CORS would get by its own method and headers.
fn answer_preflight<'t, B>(
    table: &'t SocketTable<B>,
    found: Result<Hit<'_, B>, Miss>,
    connection: &ConnectionInfo,
    head: &RequestHead,
) -> Option<(Hit<'t, B>, Answer)> {
    let method = Cors::asks_about(head)?;
    if found.is_ok_and(|hit| hit.rule.has_cors()) {
        return None;
    }
    let hit = table.find_preflight(&Head::unnormalized(head), connection.sni.as_deref(), method)?;
    let preflight = hit.rule.cors()?.preflight(head)?;
    Some((hit, Answer::bodiless(preflight, Reason::Preflight)))
}

/// Redirects, refusals, and preflight requests of the rule.
fn answer_early<B>(
    planner: &Planner,
    hit: Hit<'_, B>,
    connection: &ConnectionInfo,
    head: &RequestHead,
) -> Option<Answer> {
    if let Some(preflight) = hit
        .rule
        .filters()
        .cors()
        .and_then(|cors| cors.preflight(head))
    {
        return Some(Answer::bodiless(preflight, Reason::Preflight));
    }
    match hit.rule.action() {
        Action::Forward(_) => None,
        Action::Refuse(status) => Some(answer::status(*status, Reason::Refused)),
        Action::Respond => hit
            .rule
            .response()
            .map(|given| answer_given(hit, given, head)),
        Action::Redirect => Some(answer_redirect(planner, hit, connection, head)),
    }
}

/// The response of a rule, edited as those of a backend are.
fn answer_given<B>(hit: Hit<'_, B>, given: &ir::FixedResponse, head: &RequestHead) -> Answer {
    let mut answer = answer::given(given);
    mark_and_edit(hit, &mut answer.head, head);
    answer
}

/// A redirect, edited as the responses of a backend are.
fn answer_redirect<B>(
    planner: &Planner,
    hit: Hit<'_, B>,
    connection: &ConnectionInfo,
    head: &RequestHead,
) -> Answer {
    let (scheme, port) = requested_origin(&head.fields, &connection.headers, &planner.forwarding);
    let connection = Connection {
        scheme: &scheme,
        port,
    };
    let to = hit.rule.redirect();
    let Some(mut response) = to.and_then(|to| redirect(to, head, connection, hit.prefix()).ok())
    else {
        return answer::status(StatusCode::URI_TOO_LONG, Reason::TargetTooLong);
    };
    mark_and_edit(hit, &mut response, head);
    Answer::bodiless(response, Reason::Redirect)
}

/// What the filters of a rule do to a response that no backend gives.
fn mark_and_edit<B>(hit: Hit<'_, B>, response: &mut ResponseHead, head: &RequestHead) {
    let (filters, fields) = (hit.rule.filters(), &mut response.fields);
    if let Some(cors) = filters.cors() {
        cors.mark(fields, cors.allowed_origin(&head.fields).as_ref());
    }
    filters.edit_response(fields);
}
