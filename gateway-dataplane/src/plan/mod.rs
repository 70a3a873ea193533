//! What becomes of a request, decided from its head alone: for a proxy that has its own sockets, codecs and connections.
//!
//! Nothing here does I/O, waits, or draws a random number. From the [table](crate::table) of a socket, a head and the
//! connection a [`Planner`] makes either an [`Answer`], to be given as it is, or a [`Forward`]: where the request
//! goes, and what finishes its response. This crate's own proxy takes the same steps, in this order (before the first,
//! [`Planner::receive`] has a request pass filters that count for the choice of a rule):
//!
//! 1. [`Planner::route`]
//!    1. The head is brought into canonical form ([`normalize`](crate::head::normalize)), or refused.
//!    2. `Max-Forwards` is counted down (RFC 9110 section 7.6.2).
//!    3. A request that came this way too often is refused ([`Planner::own_hops`]).
//!    4. The [table is asked](crate::table::SocketTable::find). A preflight request that leads to no CORS by its own
//!       method and headers is answered for the request that it asks about.
//!    5. A path that has another reading is refused, if that is [wanted](Planner::ambiguous_paths).
//!    6. A preflight request of the rule is answered; a rule that refuses, responds or redirects does. The response
//!       gets the marks of CORS and the edits of the rule's filters.
//! 2. [`Planner::admit`]: the stages of the rule, [those of an embedder](crate::admit) among them. The rule is known, and
//!    the head is as the client sent it. [`Planner::admit_now`] is for those who can't wait.
//! 3. [`Planner::prepare`]
//!    1. A target is picked by weight. A preflight request that the target's own CORS is for is answered.
//!    2. The head loses what belongs to the client's connection, and gains what tells where it comes from
//!       ([`prepare_request`](crate::forward::headers::prepare_request)).
//!    3. Headers made for each request, then the changes of host and path that settings ask for, then the filters of the
//!       rule, then those of the target. A mirror among them copies the head as it is then.
//! 4. The head that is left is sent, and those of the [mirrors](Forward::mirrors).
//! 5. [`Forward::finish`], for whatever response there is, [one of the proxy's own](Forward::answer) included: it loses
//!    what belongs to the backend's connection, then comes what the steps of the request have on their other side.
//!
//! How a listener deals with its clients, as far as its settings say (the times, limits and headers of
//! [`ListenerSettings`](gateway_resolve::ir::ListenerSettings)), is a [`Forwarder`](crate::Forwarder)'s as well.
//!
//! What asks somebody or keeps state is not in it: the stages that settings of a rule ask for (authorization, rate limits
//! and others) and sessions are those of a [`Forwarder`](crate::Forwarder). A rule
//! [without the stages](CompiledRule::is_unguarded) that say who may pass lets nobody pass by [`Planner::plan`]; who takes
//! the steps apart may see to them between these. Stages of an embedder's own are given to
//! [`Table::compile_admitting`](crate::table::Table::compile_admitting).
//!
//! ```
//! use gateway_dataplane::head::RequestHead;
//! use gateway_dataplane::plan::{Plan, Planner};
//! use gateway_dataplane::table::{SocketTable, Table};
//! use gateway_dataplane::{ConnectionInfo, table::SocketKey};
//!
//! /// The callback of some proxy for the head of a request.
//! fn begin(table: &Table<u32>, connection: &ConnectionInfo, head: &mut RequestHead) -> String {
//!     let Some(table) = table.socket(&connection.socket) else {
//!         return "nobody listens".to_owned();
//!     };
//!     match Planner::default().plan(table, connection, head, || 4) {
//!         Plan::Answer { answer, .. } => answer.head.status.to_string(),
//!         Plan::Forward(forward) => format!("{:?}", forward.destination()),
//!     }
//! }
//! # let connection = ConnectionInfo::new(([192, 0, 2, 1], 1234).into(), SocketKey::tcp(None, 80));
//! # assert_eq!(begin(&Table::default(), &connection, &mut RequestHead::default()), "nobody listens");
//! ```

#[cfg(feature = "proxy")]
pub(crate) mod admit;
pub(crate) mod answer;
mod forward;
pub(crate) mod hash;
pub(crate) mod prepare;
mod route;
pub(crate) mod session;

use std::sync::Arc;
use std::time::Duration;

pub use self::answer::Answer;
use self::answer::Language;
pub(crate) use self::forward::ATTEMPT_COUNT;
pub use self::forward::Forward;
pub(crate) use self::forward::Planned;
use crate::ConnectionInfo;
use crate::Limits;
use crate::forward::headers::Forwarding;
use crate::head::{AmbiguousPaths, RequestHead};
use crate::table::{CompiledRule, Hit, SocketTable};

/// What plans are made by, the same for all requests.
#[derive(Debug, Clone)]
pub struct Planner {
    pub(crate) forwarding: Forwarding,
    pub(crate) ambiguous_paths: AmbiguousPaths,
    own_hops: usize,
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Plan<B> {
    /// It is answered at once.
    Answer {
        /// The answer, finished.
        answer: Box<Answer>,
        /// The rule that gives it, if it is one's.
        rule: Option<Arc<CompiledRule<B>>>,
    },
    /// It is forwarded, with the head as the plan left it.
    Forward(Box<Forward<B>>),
}

/// Which rule takes a request.
#[derive(Debug)]
pub enum Routed<'t, B> {
    /// It is answered at once.
    Answer {
        /// The answer, finished.
        answer: Answer,
        /// Whose rule gives it, if it is one's.
        hit: Option<Hit<'t, B>>,
    },
    /// This one, which forwards it.
    To(Hit<'t, B>),
}

/// A copy of a request: the head as it was when a mirror among the filters was come to.
#[derive(Debug)]
pub struct Copied<B> {
    /// Where it goes.
    pub backend: B,
    /// What is sent.
    pub head: RequestHead,
}

impl Default for Planner {
    fn default() -> Self {
        Self::new(Forwarding::default())
    }
}

impl Planner {
    /// A planner that has backends sent these headers.
    pub fn new(forwarding: Forwarding) -> Self {
        Self {
            forwarding,
            ambiguous_paths: AmbiguousPaths::default(),
            own_hops: Limits::default().own_hops,
        }
    }

    /// What is done with requests whose path can be read in more than one way.
    #[must_use]
    pub fn ambiguous_paths(self, ambiguous_paths: AmbiguousPaths) -> Self {
        Self {
            ambiguous_paths,
            ..self
        }
    }

    /// How often a request may have come this way, where [`Forwarding`] names this hop.
    #[must_use]
    pub fn own_hops(self, own_hops: usize) -> Self {
        Self { own_hops, ..self }
    }

    /// What becomes of the request with this head: [`route`](Self::route), [`admit_now`](Self::admit_now), then
    /// [`prepare`](Self::prepare). The head is left as the backend is to be sent it. `random` gives numbers that are
    /// uniform over all of `u64`.
    pub fn plan<B: Clone>(
        &self,
        table: &SocketTable<B>,
        connection: &ConnectionInfo,
        head: &mut RequestHead,
        random: impl FnMut() -> u64,
    ) -> Plan<B> {
        let (answer, hit) = match self.route(table, connection, head) {
            Routed::Answer { answer, hit } => (Box::new(answer), hit),
            Routed::To(hit) => match self.go_on(hit, connection, head, random) {
                Ok(forward) => return Plan::Forward(forward),
                Err(answer) => (answer, Some(hit)),
            },
        };
        let rule = hit.map(|hit| Arc::clone(hit.rule));
        Plan::Answer { answer, rule }
    }

    fn go_on<B: Clone>(
        &self,
        hit: Hit<'_, B>,
        connection: &ConnectionInfo,
        head: &mut RequestHead,
        random: impl FnMut() -> u64,
    ) -> Result<Box<Forward<B>>, Box<Answer>> {
        #[cfg(feature = "proxy")]
        self.admit_now(hit.rule, connection, head)?;
        #[cfg(not(feature = "proxy"))]
        answer::unless_guarded(hit.rule, head)?;
        self.prepare(hit, Duration::ZERO, connection, head, random)
    }

    /// Finds the rule for the request with this head, which it brings into canonical form.
    pub fn route<'t, B>(
        &self,
        table: &'t SocketTable<B>,
        connection: &ConnectionInfo,
        head: &mut RequestHead,
    ) -> Routed<'t, B> {
        match route::route(self, table, connection, head) {
            Routed::Answer { answer, hit } => {
                let answer = answer.told(Language::of(head));
                Routed::Answer { answer, hit }
            }
            to => to,
        }
    }

    /// Picks a target for a request that was [routed](Self::route), and edits the head for it. `spent` is what is over of
    /// the request's time; `random` gives numbers that are uniform over all of `u64`.
    ///
    /// # Errors
    /// It is answered at once.
    pub fn prepare<B: Clone>(
        &self,
        hit: Hit<'_, B>,
        spent: Duration,
        connection: &ConnectionInfo,
        head: &mut RequestHead,
        mut random: impl FnMut() -> u64,
    ) -> Result<Box<Forward<B>>, Box<Answer>> {
        let session = (None, None);
        let planned = prepare::prepare(self, hit, spent, connection, head, session, &mut random)?;
        Ok(Box::new(planned.into_owned()))
    }
}
