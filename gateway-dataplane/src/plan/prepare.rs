//! From a rule to a target of it, and to the head that it is sent.

use std::time::Duration;

use gateway_resolve::ir::RuleSettings;
use http::StatusCode;

use super::answer::{self, Answer, Language};
use super::forward::{Planned, Settled};
use super::hash::hashed;
use super::session::Session;
use super::{ATTEMPT_COUNT, Copied, Planner};
use crate::ConnectionInfo;
use crate::filter::manipulate::{begin_response, edit_request, request_headers};
use crate::filter::{Cors, InvalidTarget, Mirror, change_target};
use crate::format::Subject;
use crate::forward::headers::{prepare_request, request_id, requested_upgrade};
use crate::head::{Known, RequestHead};
use crate::observe::Reason;
use crate::table::{CompiledRule, Hit, Target};

/// The session that a request belongs to, or starts, and the target that it is with.
pub(crate) type WithSession<'t, B> = (Option<Session<'t>>, Option<Target<'t, B>>);

/// Picks a target and edits the head for it. `spent` is what is over of the request's time; `random` is uniform over all
/// of `u64`.
pub(crate) fn prepare<'t, B: Clone>(
    planner: &Planner,
    hit: Hit<'t, B>,
    spent: Duration,
    connection: &ConnectionInfo,
    head: &mut RequestHead,
    (session, known): WithSession<'t, B>,
    random: &mut impl FnMut() -> u64,
) -> Result<Planned<'t, B>, Box<Answer>> {
    let language = Language::of(head);
    let answer = |answer: Answer| Box::new(answer.told(language));
    let refused = |status, reason| answer(answer::status(status, reason));
    let rule: &'t CompiledRule<B> = hit.rule;
    let target = known.or_else(|| rule.pick(random()));
    let target =
        target.ok_or_else(|| refused(StatusCode::INTERNAL_SERVER_ERROR, Reason::Refused))?;
    let cors = rule.filters().cors().or(target.filters.cors());
    if let Some(preflight) = cors.and_then(|cors| cors.preflight(head)) {
        return Err(answer(Answer::bodiless(preflight, Reason::Preflight)));
    }
    let mut planned = Planned {
        rule: hit.rule,
        session: session.map(|session| session.with(rule, target.index)),
        target,
        settled: Settled::new(rule, head, language, spent),
    };
    let settings = &rule.ir().settings;
    if planned.settled.upgrade && is_refused(settings, head) {
        return Err(refused(StatusCode::FORBIDDEN, Reason::Denied));
    }
    if let Some(policies) = &settings.hash_policies {
        let policies = &policies.value.0;
        planned.settled.hashed = Some(Box::new(hashed(policies, head, connection, random)));
    }
    planned.settled.origin = cors.and_then(|cors: &Cors| cors.allowed_origin(&head.fields));
    match edit(
        planner,
        &mut planned,
        hit.prefix(),
        connection,
        head,
        random,
    ) {
        Ok(()) => Ok(planned),
        Err(InvalidTarget) => Err(refused(StatusCode::URI_TOO_LONG, Reason::TargetTooLong)),
    }
}

/// Edits the head for the next hop: what belongs to this hop first, then what each level of the rule asks for. Mirrors
/// get it as it is when their turn comes.
fn edit<B: Clone>(
    planner: &Planner,
    planned: &mut Planned<'_, B>,
    prefix: Option<&str>,
    connection: &ConnectionInfo,
    head: &mut RequestHead,
    random: &mut impl FnMut() -> u64,
) -> Result<(), InvalidTarget> {
    let (rule, settled) = (planned.rule, &mut planned.settled);
    let subject = Subject {
        request: head,
        connection,
        rule: Some(rule.ir()),
    };
    let manipulations = rule.manipulations();
    settled.given = begin_response(manipulations, subject);
    let added = request_headers(manipulations, subject);
    let new_id = || request_id(u128::from(random()) << 64 | u128::from(random()));
    let headers = &connection.headers;
    prepare_request(head, headers, &planner.forwarding, settled.upgrade, new_id);
    edit_request(manipulations, &added, &mut head.fields);
    let asked = tells_host(rule).then(|| head.host().map(str::to_owned));
    change_target(&rule.ir().settings, head, prefix)?;
    for filters in [&rule.filters(), &planned.target.filters] {
        let copy = |mirror: &Mirror<B>, head: &RequestHead| {
            if mirror.takes(random()) {
                let backend = mirror.backend.clone();
                let head = mirror.copy(head);
                settled.copies.push(Copied { backend, head });
            }
        };
        filters.edit_request(head, prefix, copy)?;
    }
    if let Some(Some(asked)) = asked {
        tell_host(head, &asked);
    }
    if rule.attempts().to_backends {
        head.fields.set(ATTEMPT_COUNT, b"1");
    }
    Ok(())
}

/// May a request not change to the protocol that it asks for?
fn is_refused(settings: &RuleSettings, head: &RequestHead) -> bool {
    let Some(upgrades) = &settings.upgrades else {
        return false;
    };
    let asked = requested_upgrade(head).unwrap_or_default();
    !upgrades.value.websocket && asked.eq_ignore_ascii_case(b"websocket")
}

fn tells_host<B>(rule: &CompiledRule<B>) -> bool {
    let set = rule.ir().settings.tells_host.as_ref();
    set.is_some_and(|set| set.value)
}

/// Appends the host that was asked for, unless it was not rewritten or is named last already.
fn tell_host(head: &mut RequestHead, asked: &str) {
    let told = head.fields.text(Known::XForwardedHost).unwrap_or_default();
    let is_told = told
        .rsplit(',')
        .next()
        .is_some_and(|last| last.trim() == asked);
    if head.host() != Some(asked) && !is_told {
        let fields = &mut head.fields;
        fields.join(Known::XForwardedHost, b",", asked.as_bytes());
    }
}
