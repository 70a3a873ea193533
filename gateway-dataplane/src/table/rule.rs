//! Rules as the request path wants them.

use std::sync::Arc;
use std::time::Duration;

use gateway_resolve::ir::{self, BackendId, Sourced};
use http::StatusCode;

use super::shares::Shares;
#[cfg(feature = "proxy")]
use crate::admit::Stages;
use crate::filter::{Cors, Filters, Mirror};
use crate::head::{RequestHead, grpc_timeout};
use crate::session::Sessions;

/// A rule with its backends at hand. Shared by the routes that lead to it; independent of the table
/// that it came from, so that it can be kept for as long as a request lasts.
#[derive(Debug)]
pub struct CompiledRule<B> {
    ir: Arc<ir::Rule>,
    extras: Extras<B>,
    action: Action<B>,
    #[cfg(feature = "proxy")]
    stages: Option<Box<Stages>>,
    sessions: Option<Box<Sessions>>,
    manipulations: Box<[ir::HeaderManipulation]>,
    host_retry: Option<Box<ir::Retry>>,
    attempts: Attempts,
    times: Option<Box<ir::ConnectionTimes>>,
    is_unguarded: bool,
}

/// Who is told of attempts at a request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Attempts {
    /// Backends: which one they get.
    pub(crate) to_backends: bool,
    /// Clients: how many were made.
    pub(crate) to_clients: bool,
}

/// What a rule has beside its filters and backends.
#[derive(Debug, Default)]
pub(crate) struct Besides {
    #[cfg(feature = "proxy")]
    pub(crate) stages: Option<Stages>,
    pub(crate) sessions: Option<Sessions>,
    /// In the order in which they are done.
    pub(crate) manipulations: Vec<ir::HeaderManipulation>,
    /// When to try again, where the rule does not say.
    pub(crate) retry: Option<ir::Retry>,
    /// What other origins may do, where no filter says it.
    pub(crate) cors: Option<Cors>,
    pub(crate) attempts: Attempts,
    /// What streams may take, where the rule does not say.
    pub(crate) times: Option<ir::ConnectionTimes>,
    /// Do settings say who may pass, and how often, and does no stage see to it?
    pub(crate) is_unguarded: bool,
}

/// What a request ends in.
#[derive(Debug)]
#[non_exhaustive]
pub enum Action<B> {
    /// It goes to one of several backends.
    Forward(Split<B>),
    /// It is answered with a redirect; see [`CompiledRule::redirect`].
    Redirect,
    /// It is answered with a response of the rule's own; see [`CompiledRule::response`].
    Respond,
    /// It is answered with this status.
    Refuse(StatusCode),
}

/// Backends to choose from by weight.
#[derive(Debug)]
pub struct Split<B>(Shares<Share<B>>);

#[derive(Debug)]
struct Share<B> {
    destination: Destination<B>,
    extras: Extras<B>,
}

/// A backend, or what answers for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination<B> {
    /// A backend.
    Backend(B),
    /// None: requests are answered with this status.
    Refused(StatusCode),
}

/// The backend that was chosen for a request.
#[derive(Debug)]
pub struct Target<'r, B> {
    /// Its position in the rule's [split](ir::Split).
    pub index: usize,
    /// Where the request goes.
    pub destination: &'r Destination<B>,
    /// What is done to it and to its response, after the rule's own filters.
    pub filters: Filters<'r, B>,
}

/// What the filters of one list need beyond the IR.
#[derive(Debug)]
struct Extras<B> {
    mirrors: Box<[Mirror<B>]>,
    cors: Option<Box<Cors>>,
}

impl<B> CompiledRule<B> {
    /// Compiles `rule`; `backend` finds the backends that it names.
    pub fn compile(rule: &Arc<ir::Rule>, backend: impl Fn(&BackendId) -> Option<B>) -> Self {
        Self {
            extras: Extras::compile(&rule.filters, &backend),
            action: Action::compile(&rule.action, &backend),
            ir: Arc::clone(rule),
            #[cfg(feature = "proxy")]
            stages: None,
            sessions: None,
            manipulations: [].into(),
            host_retry: None,
            attempts: Attempts::default(),
            times: None,
            is_unguarded: false,
        }
    }

    /// The same, with what it has besides.
    pub(crate) fn with(self, besides: Besides) -> Self {
        let Besides {
            #[cfg(feature = "proxy")]
            stages,
            sessions,
            manipulations,
            retry,
            cors,
            attempts,
            times,
            is_unguarded,
        } = besides;
        let mut extras = self.extras;
        extras.cors = extras.cors.or(cors.map(Box::new));
        Self {
            extras,
            attempts,
            times: times.map(Box::new),
            is_unguarded,
            host_retry: retry.map(Box::new),
            manipulations: manipulations.into(),
            #[cfg(feature = "proxy")]
            stages: stages.map(Box::new),
            sessions: sessions.map(Box::new),
            ..self
        }
    }

    /// Changes to headers whose values are made for each request, in order.
    pub(crate) fn manipulations(&self) -> &[ir::HeaderManipulation] {
        &self.manipulations
    }

    /// Who is told of attempts.
    pub(crate) fn attempts(&self) -> Attempts {
        self.attempts
    }

    /// How its clients' sessions are kept.
    pub(crate) fn sessions(&self) -> Option<&Sessions> {
        self.sessions.as_deref()
    }

    /// What requests pass before a backend is picked.
    #[cfg(feature = "proxy")]
    pub fn stages(&self) -> Option<&Stages> {
        self.stages.as_deref()
    }

    /// Do settings say who may pass and how often (authorization, rate limits, CSRF), and did the rule get no
    /// [stages](crate::admit) that see to it? Rules of [`Table::compile`](super::Table::compile) get none.
    pub fn is_unguarded(&self) -> bool {
        self.is_unguarded
    }

    /// The rule as the IR has it.
    pub fn ir(&self) -> &Arc<ir::Rule> {
        &self.ir
    }

    /// What is done to requests and responses, whatever their backend.
    pub fn filters(&self) -> Filters<'_, B> {
        self.extras.filters(&self.ir.filters)
    }

    /// Does it, or one of its backends, say which cross-origin requests are allowed?
    pub fn has_cors(&self) -> bool {
        self.cors().is_some()
    }

    /// The CORS of the rule, or else of the first of its backends that has any.
    pub(crate) fn cors(&self) -> Option<&Cors> {
        let split = match &self.action {
            Action::Forward(Split(shares)) => Some(shares),
            Action::Redirect | Action::Respond | Action::Refuse(_) => None,
        };
        let shares = split.into_iter().flat_map(Shares::iter);
        let of_shares = shares.map(|(_, share)| &share.extras);
        let mut extras = std::iter::once(&self.extras).chain(of_shares);
        extras.find_map(|extras| extras.cors.as_deref())
    }

    /// What requests end in.
    pub fn action(&self) -> &Action<B> {
        &self.action
    }

    /// The redirect that requests are answered with, if they are.
    pub fn redirect(&self) -> Option<&ir::Redirect> {
        match &self.ir.action {
            ir::Action::Redirect(redirect) => Some(redirect),
            ir::Action::Forward(_) | ir::Action::Respond(_) | ir::Action::Fail(_) => None,
        }
    }

    /// The response that requests are answered with, if it is the rule's own.
    pub fn response(&self) -> Option<&ir::FixedResponse> {
        match &self.ir.action {
            ir::Action::Respond(response) => Some(response),
            ir::Action::Forward(_) | ir::Action::Redirect(_) | ir::Action::Fail(_) => None,
        }
    }

    /// Chooses a backend by weight. `random` is uniform over all of `u64`. `None` unless the action is
    /// to forward.
    pub fn pick(&self, random: u64) -> Option<Target<'_, B>> {
        let (Action::Forward(split), ir::Action::Forward(ir)) = (&self.action, &self.ir.action)
        else {
            return None;
        };
        let (index, share) = split.0.pick(random);
        Some(share.target(index, ir))
    }

    /// The target at this position of the [split](ir::Split).
    pub fn target(&self, index: usize) -> Option<Target<'_, B>> {
        let (Action::Forward(split), ir::Action::Forward(ir)) = (&self.action, &self.ir.action)
        else {
            return None;
        };
        let (_, share) = split.0.iter().nth(index)?;
        Some(share.target(index, ir))
    }

    /// The first backend for which `found` has something, whatever its weight.
    pub(crate) fn find<T>(
        &self,
        mut found: impl FnMut(&BackendId, &B) -> Option<T>,
    ) -> Option<(Target<'_, B>, T)> {
        let (Action::Forward(split), ir::Action::Forward(ir)) = (&self.action, &self.ir.action)
        else {
            return None;
        };
        let mut shares = split.0.iter().enumerate();
        shares.find_map(|(index, (_, share))| {
            let id = ir.targets()[index].target.backend()?;
            let Destination::Backend(backend) = &share.destination else {
                return None;
            };
            let found = found(id, backend)?;
            Some((share.target(index, ir), found))
        })
    }

    /// The limit from the end of the request's head to the end of the response; zero: no limit.
    pub fn request_timeout(&self) -> Option<Duration> {
        value(self.ir.settings.request_timeout.as_deref()).copied()
    }

    /// The limit for the exchange of a request with this head; `None`: there is none.
    pub(crate) fn time_for(&self, head: &RequestHead) -> Option<Duration> {
        let of_request = self.request_timeout().filter(|limit| !limit.is_zero());
        let of_stream = value(self.ir.settings.stream_duration.as_deref());
        let of_stream = match of_stream {
            Some(limit) => limit.of(grpc_timeout(head)),
            None => self.times.as_ref().and_then(|times| times.exchange),
        };
        of_request.into_iter().chain(of_stream).min()
    }

    /// The time in which something has to move.
    pub fn idle_timeout(&self) -> Option<Duration> {
        let limit = value(self.ir.settings.idle_timeout.as_deref()).copied();
        let of_listener = || self.times.as_ref().and_then(|times| times.stalled);
        limit.or_else(of_listener).filter(|limit| !limit.is_zero())
    }

    /// The time in which a request has to be there as a whole.
    pub fn reading_timeout(&self) -> Option<Duration> {
        self.times.as_ref().and_then(|times| times.request)
    }

    /// The limit for one attempt at a backend; zero: no limit.
    pub fn backend_request_timeout(&self) -> Option<Duration> {
        let of_retries = self.retry().and_then(|retry| retry.attempt_timeout);
        of_retries.or_else(|| value(self.ir.settings.backend_request_timeout.as_deref()).copied())
    }

    /// When and how often a request is tried again.
    pub fn retry(&self) -> Option<&ir::Retry> {
        value(self.ir.settings.retry.as_deref()).or(self.host_retry.as_deref())
    }
}

fn value<T>(sourced: Option<&Sourced<T>>) -> Option<&T> {
    sourced.map(|sourced| &sourced.value)
}

impl<B> Action<B> {
    fn compile(action: &ir::Action, backend: &impl Fn(&BackendId) -> Option<B>) -> Self {
        match action {
            ir::Action::Forward(split) => match Split::compile(split, backend) {
                Some(split) => Self::Forward(split),
                None => Self::Refuse(StatusCode::INTERNAL_SERVER_ERROR),
            },
            ir::Action::Redirect(_) => Self::Redirect,
            ir::Action::Respond(_) => Self::Respond,
            ir::Action::Fail(refusal) => Self::Refuse(status(refusal)),
        }
    }
}

impl<B> Share<B> {
    fn target<'r>(&'r self, index: usize, ir: &'r ir::Split) -> Target<'r, B> {
        Target {
            index,
            destination: &self.destination,
            filters: self.extras.filters(&ir.targets()[index].filters),
        }
    }
}

impl<B> Split<B> {
    fn compile(split: &ir::Split, backend: &impl Fn(&BackendId) -> Option<B>) -> Option<Self> {
        let share = |target: &ir::WeightedTarget| Share {
            destination: Destination::compile(&target.target, backend),
            extras: Extras::compile(&target.filters, backend),
        };
        Shares::new(split.targets(), share).map(Self)
    }

    /// The destinations with their weights, in the order of the IR.
    pub fn destinations(&self) -> impl Iterator<Item = (u64, &Destination<B>)> {
        let shares = self.0.iter();
        shares.map(|(weight, share)| (weight, &share.destination))
    }
}

impl<B> Destination<B> {
    /// A backend that is not there is refused with 500.
    pub(crate) fn compile(target: &ir::Target, backend: &impl Fn(&BackendId) -> Option<B>) -> Self {
        match target {
            ir::Target::Backend(id) => match backend(id) {
                Some(backend) => Self::Backend(backend),
                None => Self::Refused(StatusCode::INTERNAL_SERVER_ERROR),
            },
            ir::Target::Refused(refusal) => Self::Refused(status(refusal)),
        }
    }
}

fn status(refusal: &ir::Refusal) -> StatusCode {
    StatusCode::from_u16(refusal.status.get()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

impl<B> Extras<B> {
    fn compile(filters: &[ir::Filter], backend: &impl Fn(&BackendId) -> Option<B>) -> Self {
        let mirrors = filters
            .iter()
            .enumerate()
            .filter_map(|(at, filter)| Mirror::compile(filter.mirror()?, at, backend));
        let cors = filters.iter().find_map(ir::Filter::cors);
        let cors = cors.map(|cors| Box::new(Cors::compile(cors)));
        Self {
            mirrors: mirrors.collect(),
            cors,
        }
    }

    fn filters<'r>(&'r self, list: &'r [ir::Filter]) -> Filters<'r, B> {
        Filters::new(list, &self.mirrors, self.cors.as_deref())
    }
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
