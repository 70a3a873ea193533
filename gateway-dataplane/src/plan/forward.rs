//! A request that is forwarded: what is settled of it, until its response is finished.

use std::sync::Arc;
use std::time::Duration;

use gateway_resolve::ir::{self, BackendId};
use http::{HeaderValue, StatusCode, Version};

use super::answer::{self, Answer, Language};
use super::hash::Hashed;
use super::session::Session;
use super::{Copied, Planner};
use crate::filter::Filters;
use crate::filter::manipulate::{Given, edit_response};
use crate::forward::headers::{prepare_response, requested_upgrade};
use crate::head::{Known, RequestHead, ResponseHead};
use crate::observe::Reason;
use crate::table::{CompiledRule, Destination, Target};

/// A request that is forwarded. It holds on to its rule, and to nothing else of the table: it is kept for as long as the
/// request lasts, and sent wherever its response is.
#[derive(Debug)]
pub struct Forward<B> {
    rule: Arc<CompiledRule<B>>,
    index: usize,
    destination: Destination<B>,
    settled: Settled<B>,
}

impl<B> Forward<B> {
    /// The rule that takes it.
    pub fn rule(&self) -> &Arc<CompiledRule<B>> {
        &self.rule
    }

    /// The position of its target in the rule's [split](ir::Split).
    pub fn target(&self) -> usize {
        self.index
    }

    /// Where it goes. One that is refused still has [mirrors](Self::mirrors); its client gets
    /// [`answer`](Self::answer).
    pub fn destination(&self) -> &Destination<B> {
        &self.destination
    }

    /// The backend that it goes to.
    pub fn backend(&self) -> Option<&BackendId> {
        match &self.rule.ir().action {
            ir::Action::Forward(split) => split.targets().get(self.index)?.target.backend(),
            ir::Action::Redirect(_) | ir::Action::Respond(_) | ir::Action::Fail(_) => None,
        }
    }

    /// Who gets a copy, whose answer is ignored, each with the head to send.
    pub fn mirrors(&self) -> &[Copied<B>] {
        &self.settled.copies
    }

    /// The limit for all attempts together, as far as it was left when the request was prepared.
    pub fn request_timeout(&self) -> Option<Duration> {
        self.settled.request_timeout()
    }

    /// The limit for one attempt.
    pub fn attempt_timeout(&self) -> Option<Duration> {
        attempt_timeout(&self.rule)
    }

    /// The time in which something of the request or its response has to move.
    pub fn idle_timeout(&self) -> Option<Duration> {
        self.rule.idle_timeout()
    }

    /// When to try again.
    pub fn retry(&self) -> Option<&ir::Retry> {
        self.rule.retry()
    }

    /// Does the client ask for another protocol? The head has kept `Connection` and `Upgrade` then.
    pub fn is_upgrade(&self) -> bool {
        self.settled.upgrade
    }

    /// Does the client wait to be asked for the body? The head has lost its `Expect`.
    pub fn expects_continue(&self) -> bool {
        self.settled.expects_continue
    }

    /// What requests that belong together have in common, for a backend that balances by a hash.
    pub fn hash(&self) -> Option<u64> {
        self.settled.hash()
    }

    /// So many attempts were made, which the response may have to say.
    pub fn attempted(&mut self, attempts: u32) {
        self.settled.attempts = attempts;
    }

    /// Edits the head of the response on its way to the client. Its version is the one that the backend spoke.
    pub fn finish(&self, planner: &Planner, head: &mut ResponseHead) {
        let target = self.rule.target(self.index);
        let target = target.as_ref().map(|target| &target.filters);
        self.settled.finish(planner, &self.rule, target, None, head);
    }

    /// The answer with this status in place of a response, finished, in the client's language (HTTP or gRPC).
    pub fn answer(&self, planner: &Planner, status: StatusCode, reason: Reason) -> Answer {
        let mut answer = answer::status(status, reason).told(self.settled.language);
        self.finish(planner, &mut answer.head);
        answer
    }
}

/// The same while the table is at hand.
pub(crate) struct Planned<'t, B> {
    pub(crate) rule: &'t Arc<CompiledRule<B>>,
    /// The backend, and its own filters.
    pub(crate) target: Target<'t, B>,
    /// The session that the request belongs to, or starts.
    pub(crate) session: Option<Session<'t>>,
    pub(crate) settled: Settled<B>,
}

impl<'t, B> Planned<'t, B> {
    /// Without the table. Sessions are for those who know endpoints.
    pub(super) fn into_owned(self) -> Forward<B>
    where
        B: Clone,
    {
        Forward {
            rule: Arc::clone(self.rule),
            index: self.target.index,
            destination: self.target.destination.clone(),
            settled: self.settled,
        }
    }

    /// Does it need one attempt at one backend, and nothing beside it?
    pub(crate) fn is_plain(&self) -> bool {
        self.settled.copies.is_empty()
            && !self.settled.upgrade
            && self.rule.retry().is_none()
            && self.session.is_none()
            && !self.rule.attempts().to_clients
            && self.idle_timeout().is_none()
            && self.rule.reading_timeout().is_none()
            && self.settled.hashed.is_none()
            && self.settled.language == Language::Http
    }

    /// The time that is left for all attempts; it runs from the end of the request's head.
    pub(crate) fn request_timeout(&self) -> Option<Duration> {
        self.settled.request_timeout()
    }

    /// The time for one attempt.
    pub(crate) fn attempt_timeout(&self) -> Option<Duration> {
        attempt_timeout(self.rule)
    }

    /// The time in which something has to move.
    pub(crate) fn idle_timeout(&self) -> Option<Duration> {
        self.rule.idle_timeout()
    }

    /// When to try again.
    pub(crate) fn retry(&self) -> Option<&'t ir::Retry> {
        self.rule.retry()
    }

    /// Edits the head of a response on its way to the client.
    pub(crate) fn finish(&self, planner: &Planner, head: &mut ResponseHead) {
        let (filters, session) = (Some(&self.target.filters), self.session.as_ref());
        self.settled
            .finish(planner, self.rule, filters, session, head);
    }
}

/// What is settled of a request beside its rule and its target.
#[derive(Debug)]
pub(crate) struct Settled<B> {
    /// What is over of the request's time.
    spent: Duration,
    /// All that it has.
    limit: Option<Duration>,
    /// What the client understands.
    pub(crate) language: Language,
    /// What mirrors get.
    pub(crate) copies: Vec<Copied<B>>,
    /// The origin of the request, when it is allowed.
    pub(super) origin: Option<HeaderValue>,
    /// What it is known by to backends that balance by a hash.
    pub(crate) hashed: Option<Box<Hashed>>,
    /// How many attempts were made.
    pub(crate) attempts: u32,
    /// Headers that the response gets.
    pub(super) given: Vec<Given>,
    /// Does it ask for another protocol?
    pub(crate) upgrade: bool,
    /// Does the client wait to be asked for the body?
    pub(crate) expects_continue: bool,
}

impl<B> Settled<B> {
    /// What the head says of itself, before it is edited.
    pub(super) fn new(
        rule: &CompiledRule<B>,
        head: &RequestHead,
        language: Language,
        spent: Duration,
    ) -> Self {
        Self {
            spent,
            limit: rule.time_for(head),
            language,
            copies: Vec::new(),
            origin: None,
            hashed: None,
            attempts: 0,
            given: Vec::new(),
            upgrade: requested_upgrade(head).is_some(),
            // There is no other expectation in canonical form.
            expects_continue: head.version == Version::HTTP_11
                && head.fields.contains(Known::Expect),
        }
    }

    /// What requests that belong together have in common.
    pub(crate) fn hash(&self) -> Option<u64> {
        self.hashed.as_ref()?.hash
    }

    fn request_timeout(&self) -> Option<Duration> {
        Some(self.limit?.saturating_sub(self.spent))
    }

    fn finish(
        &self,
        planner: &Planner,
        rule: &CompiledRule<B>,
        target: Option<&Filters<'_, B>>,
        session: Option<&Session<'_>>,
        head: &mut ResponseHead,
    ) {
        let upgrade = self.upgrade && head.status == StatusCode::SWITCHING_PROTOCOLS;
        let (version, fields) = (head.version, &mut head.fields);
        prepare_response(fields, version, &planner.forwarding, upgrade);
        let filters = rule.filters();
        let cors = filters.cors().or_else(|| target?.cors());
        if let Some(cors) = cors {
            cors.mark(fields, self.origin.as_ref());
        }
        if let Some(session) = session {
            session.mark(fields);
        }
        for cookie in self.hashed.iter().flat_map(|hashed| &hashed.cookies) {
            fields.append(Known::SetCookie, cookie.as_bytes());
        }
        if rule.attempts().to_clients && self.attempts > 0 {
            fields.set(ATTEMPT_COUNT, self.attempts.to_string().as_bytes());
        }
        if let Some(target) = target {
            target.edit_response(fields);
        }
        filters.edit_response(fields);
        if !rule.manipulations().is_empty() {
            edit_response(rule.manipulations(), &self.given, head);
        }
    }
}

/// Says which attempt a request is, or how many were made.
pub(crate) const ATTEMPT_COUNT: &str = "x-envoy-attempt-count";

fn attempt_timeout<B>(rule: &CompiledRule<B>) -> Option<Duration> {
    let limit = rule.backend_request_timeout();
    limit.filter(|limit| !limit.is_zero())
}
