//! What becomes of a request, decided from its head alone: no I/O, no runtime, no codec.

use std::sync::Arc;
use std::time::Duration;

use gateway_resolve::ir;
use http::{HeaderValue, StatusCode, Version};

use tokio::time::Instant;

use super::answer::{self, Answer, Language};
use super::headers::{
    count_down, count_own_hops, prepare_request, prepare_response, request_id, requested_origin,
    requested_upgrade,
};
use super::mirror::Copy;
use super::session::{self, Session};
use super::{ConnectionInfo, Options, entropy};
use crate::backend::Backend;
use crate::filter::manipulate::{
    Given, begin_response, edit_request, edit_response, request_headers,
};
use crate::filter::{Connection, Cors, Filters, Mirror, change_target, redirect};
use crate::format::Subject;
use crate::head::{AmbiguousPaths, HeadRules, Known, RequestHead, ResponseHead, normalize};
use crate::observe::{Observed, Reason};
use crate::paced::Paced;
use crate::table::{Action, CompiledRule, Head, Hit, Miss, SocketTable, Target};

/// Where a request goes.
pub(super) enum Routed<'t, B> {
    /// It is answered at once.
    Answer(Answer),
    /// To this rule, which forwards.
    To(Hit<'t, Arc<B>>),
}

/// How a request is forwarded; its head has been edited already.
pub(super) struct Forward<'t, B> {
    pub(super) rule: &'t CompiledRule<Arc<B>>,
    /// What admission took of the request's time.
    spent: Duration,
    /// The filters of the rule.
    pub(super) filters: Filters<'t, Arc<B>>,
    /// The backend, and its own filters.
    pub(super) target: Target<'t, Arc<B>>,
    /// The session that the request belongs to, or starts.
    pub(super) session: Option<Session<'t>>,
    /// What the client understands.
    pub(super) language: Language,
    /// What mirrors get.
    pub(super) copies: Vec<Copy<Arc<B>>>,
    pub(super) cors: Option<&'t Cors>,
    /// The origin of the request, when it is allowed.
    pub(super) origin: Option<HeaderValue>,
    /// Headers that the response gets.
    given: Vec<Given<'t>>,
    /// Does it ask for another protocol?
    pub(super) upgrade: bool,
    /// Does the client wait to be asked for the body?
    pub(super) expects_continue: bool,
}

impl<'t, B> Forward<'t, B> {
    /// The time that is left for all attempts; it runs from the end of the request's head.
    pub(super) fn request_timeout(&self) -> Option<Duration> {
        let limit = self.rule.request_timeout();
        let limit = limit.filter(|limit| !limit.is_zero())?;
        Some(limit.saturating_sub(self.spent))
    }

    /// The time for one attempt.
    pub(super) fn attempt_timeout(&self) -> Option<Duration> {
        self.rule
            .backend_request_timeout()
            .filter(|limit| !limit.is_zero())
    }

    /// Does it need one attempt at one backend, and nothing beside it?
    pub(super) fn is_plain(&self) -> bool {
        self.copies.is_empty()
            && !self.upgrade
            && self.retry().is_none()
            && self.session.is_none()
            && self.language == Language::Http
    }

    /// Edits the head of a response on its way to the client.
    pub(super) fn finish(&self, options: &Options, head: &mut ResponseHead) {
        let switched = head.status == StatusCode::SWITCHING_PROTOCOLS;
        let (version, fields) = (head.version, &mut head.fields);
        let upgrade = self.upgrade && switched;
        prepare_response(fields, version, &options.forwarding, upgrade);
        if let Some(cors) = self.cors {
            cors.mark(fields, self.origin.as_ref());
        }
        if let Some(session) = &self.session {
            session.mark(fields);
        }
        self.target.filters.edit_response(fields);
        self.filters.edit_response(fields);
        if !self.rule.manipulations().is_empty() {
            edit_response(self.rule.manipulations(), &self.given, head);
        }
    }

    /// When a single attempt that starts now has to be over, and the limit that says so.
    pub(super) fn deadline(&self) -> Option<(Instant, Duration)> {
        let limits = [self.request_timeout(), self.attempt_timeout()];
        let limit = limits.into_iter().flatten().min()?;
        Some((Instant::now() + limit, limit))
    }

    /// When to try again.
    pub(super) fn retry(&self) -> Option<&'t ir::Retry> {
        self.rule.retry()
    }
}

/// Finds the rule for the request with this head, which it brings into canonical form.
pub(super) fn route<'t, B>(
    options: &Options,
    table: &'t SocketTable<Arc<B>>,
    connection: &ConnectionInfo,
    head: &mut RequestHead,
    observed: &mut Observed,
) -> Routed<'t, B> {
    match find(options, table, connection, head, observed) {
        Routed::Answer(answer) => Routed::Answer(answer.told(Language::of(head))),
        to => to,
    }
}

fn find<'t, B>(
    options: &Options,
    table: &'t SocketTable<Arc<B>>,
    connection: &ConnectionInfo,
    head: &mut RequestHead,
    observed: &mut Observed,
) -> Routed<'t, B> {
    if let Err(error) = normalize(head, HeadRules::default()) {
        return Routed::Answer(answer::status(error.status(), Reason::Invalid).last());
    }
    if let Err(status) = count_down(head) {
        return Routed::Answer(answer::status(status, Reason::MaxForwards));
    }
    if is_looping(options, head) {
        return Routed::Answer(answer::status(StatusCode::LOOP_DETECTED, Reason::Loop));
    }
    let (seen, sni) = (Head::unnormalized(head), connection.sni.as_deref());
    let found = table.find(&seen, sni);
    if let Some(answer) = answer_preflight(table, found, connection, head, observed) {
        return Routed::Answer(answer);
    }
    let hit = match found {
        Ok(hit) => hit,
        Err(miss) => {
            observed.missed(table, &seen, sni);
            let reason = Reason::NoRoute(miss);
            return Routed::Answer(answer::status(miss.status(), reason));
        }
    };
    observed.hit(hit);
    if options.ambiguous_paths == AmbiguousPaths::Refuse
        && table.other_reading(&seen, sni, hit).is_some()
    {
        return Routed::Answer(answer::status(
            StatusCode::BAD_REQUEST,
            Reason::AmbiguousPath,
        ));
    }
    match answer_early(options, hit, connection, head) {
        Some(answer) => Routed::Answer(answer),
        None => Routed::To(hit),
    }
}

/// Has the request come this way too often?
fn is_looping(options: &Options, head: &RequestHead) -> bool {
    let id = options.forwarding.hop_id.as_ref();
    let hops = id.map_or(0, |id| count_own_hops(&head.fields, id));
    if hops < options.limits.own_hops.max(1) {
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
fn answer_preflight<B>(
    table: &SocketTable<Arc<B>>,
    found: Result<Hit<'_, Arc<B>>, Miss>,
    connection: &ConnectionInfo,
    head: &RequestHead,
    observed: &mut Observed,
) -> Option<Answer> {
    let method = Cors::asks_about(head)?;
    if found.is_ok_and(|hit| hit.rule.has_cors()) {
        return None;
    }
    let hit = table.find_preflight(&Head::unnormalized(head), connection.sni.as_deref(), method)?;
    let preflight = hit.rule.cors()?.preflight(head)?;
    observed.hit(hit);
    Some(Answer::bodiless(preflight, Reason::Preflight))
}

/// Redirects, refusals, and preflight requests of the rule.
fn answer_early<B>(
    options: &Options,
    hit: Hit<'_, Arc<B>>,
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
        Action::Redirect => Some(answer_redirect(options, hit, connection, head)),
    }
}

/// The response of a rule, edited as those of a backend are.
fn answer_given<B>(hit: Hit<'_, Arc<B>>, given: &ir::FixedResponse, head: &RequestHead) -> Answer {
    let mut answer = answer::given(given);
    mark_and_edit(hit, &mut answer.head, head);
    answer
}

/// A redirect, edited as the responses of a backend are.
fn answer_redirect<B>(
    options: &Options,
    hit: Hit<'_, Arc<B>>,
    connection: &ConnectionInfo,
    head: &RequestHead,
) -> Answer {
    let (scheme, port) = requested_origin(&head.fields, &connection.headers, &options.forwarding);
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
fn mark_and_edit<B>(hit: Hit<'_, Arc<B>>, response: &mut ResponseHead, head: &RequestHead) {
    let (filters, fields) = (hit.rule.filters(), &mut response.fields);
    if let Some(cors) = filters.cors() {
        cors.mark(fields, cors.allowed_origin(&head.fields).as_ref());
    }
    filters.edit_response(fields);
}

/// Picks a backend and edits the head for it. `spent` is the time that admission took.
pub(super) fn prepare<'t, B: Backend>(
    options: &Options,
    hit: Hit<'t, Arc<B>>,
    spent: Duration,
    connection: &ConnectionInfo,
    head: &mut RequestHead,
    observed: &mut Observed,
) -> Result<Forward<'t, B>, Box<Answer>> {
    match edit(options, hit, spent, connection, head) {
        Ok(forward) => {
            observed.prepared(forward.target.index, head);
            Ok(forward)
        }
        Err(answer) => Err(Box::new(answer.told(Language::of(head)))),
    }
}

fn edit<'t, B: Backend>(
    options: &Options,
    hit: Hit<'t, Arc<B>>,
    spent: Duration,
    connection: &ConnectionInfo,
    head: &mut RequestHead,
) -> Result<Forward<'t, B>, Box<Answer>> {
    let rule: &'t CompiledRule<Arc<B>> = hit.rule;
    let refused = |status, reason| Box::new(answer::status(status, reason));
    let (session, known) = match rule.sessions() {
        None => (None, None),
        Some(sessions) => session::find(options, sessions, hit, connection, head),
    };
    let target = known.or_else(|| rule.pick(entropy::random()));
    let target =
        target.ok_or_else(|| refused(StatusCode::INTERNAL_SERVER_ERROR, Reason::Refused))?;
    let session = session.map(|session| session.with(rule, target.index));
    let filters = rule.filters();
    let cors = filters.cors().or_else(|| target.filters.cors());
    if let Some(preflight) = cors.and_then(|cors| cors.preflight(head)) {
        return Err(Box::new(Answer::bodiless(preflight, Reason::Preflight)));
    }
    let mut forward = Forward {
        copies: Vec::new(),
        given: Vec::new(),
        spent,
        session,
        language: Language::of(head),
        origin: cors.and_then(|cors| cors.allowed_origin(&head.fields)),
        upgrade: requested_upgrade(head).is_some(),
        expects_continue: expects_continue(head),
        rule,
        filters,
        target,
        cors,
    };
    let subject = Subject {
        request: head,
        connection,
        rule: rule.ir(),
    };
    let manipulations = rule.manipulations();
    forward.given = begin_response(manipulations, subject);
    let added = request_headers(manipulations, subject);
    let new_id = || request_id(entropy::random_u128());
    prepare_request(
        head,
        &connection.headers,
        &options.forwarding,
        forward.upgrade,
        new_id,
    );
    edit_request(manipulations, &added, &mut head.fields);
    let too_long = |_| refused(StatusCode::URI_TOO_LONG, Reason::TargetTooLong);
    change_target(&rule.ir().settings, head, hit.prefix()).map_err(too_long)?;
    let copies = &mut forward.copies;
    for filters in [&forward.filters, &forward.target.filters] {
        let copy =
            |mirror: &Mirror<Arc<B>>, head: &RequestHead| copies.extend(Copy::take(mirror, head));
        filters
            .edit_request(head, hit.prefix(), copy)
            .map_err(too_long)?;
    }
    Ok(forward)
}

fn expects_continue(head: &RequestHead) -> bool {
    // There is no other expectation in canonical form.
    head.version == Version::HTTP_11 && head.fields.contains(Known::Expect)
}
