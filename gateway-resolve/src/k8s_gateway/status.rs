//! What is said of policies: the states of K8sGateway, and findings.

use std::collections::BTreeMap;

use gateway_model::k8s_gateway::{
    HttpListenerOption, ListenerOption, OptionState, OptionStatus, OptionStatuses, RouteOption,
    Upstream, VirtualHostOption,
};
use gateway_model::{Kind, ObjectRef};

use crate::Snapshot;
use crate::policy::Targeting;
use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::OptionReason;
use crate::status::Status;
use crate::status::report::Report;

use super::connection_options::connection_problems;
use super::http_listeners::http_problems;
use super::options::Outcome;
use super::route_options;
use super::upstream;
use super::uses::{Place, Uses, UsesOfOne};
use super::virtual_hosts::host_problems;

/// Who says it, as clients of K8sGateway know it.
const REPORTED_BY: &str = "gloo-kube-gateway";

/// Who says it of Upstreams.
const REPORTED_OF_UPSTREAMS_BY: &str = "gloo";

/// Who says it, and what is known of uses.
pub(crate) struct Said<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) uses: &'a Uses,
    pub(crate) reader: &'a Reader<'a>,
}

/// What follows from the list of the kinds of which something is said, and what that is.
macro_rules! kinds {
    ($($kind:ident by $say:expr;)*) => {
        /// The options of all kinds, and the Upstreams.
        pub(crate) fn names(snapshot: &Snapshot) -> impl Iterator<Item = ObjectRef> {
            std::iter::empty()
                $(.chain(snapshot.all::<$kind>().iter().map(|option| option.reference())))*
        }

        /// Is it a kind of option, or an Upstream?
        pub(crate) fn is_option(object: &ObjectRef) -> bool {
            false $(|| (object.group == $kind::GROUP && object.kind == $kind::KIND))*
        }

        impl Said<'_> {
            /// What is said of the option of that name; `None` when there is none.
            pub(crate) fn of(&self, object: &ObjectRef) -> Option<Report> {
                $(if object.group == $kind::GROUP && object.kind == $kind::KIND {
                    let option = self.reader.get::<$kind>(object)?;
                    let say: fn(&Self, &$kind) -> Report = $say;
                    return Some(say(self, option));
                })*
                None
            }
        }
    };
}

kinds! {
    RouteOption by |said, option| {
        said.option(option, &route_options::problems(&option.spec.options, said.reader), true)
    };
    VirtualHostOption by |said, option| {
        said.option(option, &host_problems(&option.spec.options, said.reader), true)
    };
    ListenerOption by |said, option| {
        said.option(option, &connection_problems(option, said.reader), true)
    };
    HttpListenerOption by |said, option| {
        said.option(option, &http_problems(&option.spec.options, said.reader), false)
    };
    Upstream by |said, upstream| said.upstream(upstream);
}

fn problems(found: &[Outcome]) -> Vec<Problem<OptionReason>> {
    let problem = |outcome: &Outcome| {
        let reason = match outcome.refused {
            true => OptionReason::Rejected,
            false => OptionReason::NotHonoured,
        };
        Problem::new(reason, outcome.field.as_str(), outcome.message.as_str())
    };
    found.iter().map(problem).collect()
}

impl Said<'_> {
    /// What is said of a policy, of which that is wrong.
    fn option(&self, policy: &impl Targeting, found: &[Outcome], has_status: bool) -> Report {
        let object = policy.object();
        let uses = self.uses.of(&object, self.reader);
        let mut report = Report::new(object.clone());
        report.find(&problems(found));
        let beaten = beaten(&object, &uses);
        let warnings = beaten
            .iter()
            .map(|text| Problem::new(OptionReason::Warning, "", text.as_str()));
        report.find(&warnings.collect::<Vec<_>>());
        report.find(idle(&uses).as_slice());
        if has_status && uses.is_looked_at {
            let said = state(&uses, found, &beaten);
            report.status = said.map(|(state, reason)| self.status(state, reason, REPORTED_BY));
        }
        report.finish()
    }

    /// What is said of an Upstream, whether or not something leads to it.
    fn upstream(&self, upstream: &Upstream) -> Report {
        let found = upstream::problems(upstream, self.reader);
        let mut report = Report::new(upstream.reference());
        report.find(&problems(&found));
        let (state, reason) = match rejected(&found) {
            Some(reason) => (OptionState::Rejected, reason),
            None => (OptionState::Accepted, String::new()),
        };
        report.status = Some(self.status(state, reason, REPORTED_OF_UPSTREAMS_BY));
        report.finish()
    }

    fn status(&self, state: OptionState, reason: String, by: &str) -> Status {
        let said = OptionStatus {
            state,
            reason: shortened(reason),
            reported_by: by.to_owned(),
            ..OptionStatus::default()
        };
        Status::Options(OptionStatuses {
            statuses: BTreeMap::from([(self.namespace.to_owned(), said)]),
            ..OptionStatuses::default()
        })
    }
}

/// Why something is rejected, if it is.
fn rejected(found: &[Outcome]) -> Option<String> {
    let refused = found.iter().filter(|outcome| outcome.refused);
    let all: Vec<_> = refused.map(ToString::to_string).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// The state of a policy that something looked at; `None` for one that only lost to others, of which
/// nothing is said where warnings are not.
fn state(
    uses: &UsesOfOne<'_>,
    found: &[Outcome],
    beaten: &[String],
) -> Option<(OptionState, String)> {
    Some(match (rejected(found), beaten) {
        (Some(reason), _) => (OptionState::Rejected, reason),
        (None, []) if uses.sets => (OptionState::Accepted, String::new()),
        (None, []) => return None,
        (None, beaten) => (OptionState::Warning, beaten.join("; ")),
    })
}

/// Where others leave nothing to a policy, in K8sGateway's words.
fn beaten(object: &ObjectRef, uses: &UsesOfOne<'_>) -> Vec<String> {
    let name = |object: &ObjectRef| format!("{}/{}", object.namespace, object.name);
    let text = |place: &&Place| {
        let Place {
            listener,
            gateway,
            by,
        } = place;
        let by: Vec<_> = by.iter().map(name).collect();
        let (kind, own, gateway, by) = (&object.kind, name(object), name(gateway), by.join(", "));
        match object.kind == VirtualHostOption::KIND {
            true => format!(
                "{kind} '{own}' not attached to listener '{listener}' on Gateway '{gateway}' due to \
                 conflict with more specific or older {kind}s '{by}'"
            ),
            false => format!(
                "{kind} '{own}' not attached to Gateway '{gateway}' due to higher priority {kind} '{by}'"
            ),
        }
    };
    let mut texts: Vec<_> = uses.beaten.iter().map(text).collect();
    texts.dedup();
    texts
}

/// A policy that does nothing anywhere.
fn idle(uses: &UsesOfOne<'_>) -> Option<Problem<OptionReason>> {
    if uses.sets {
        return None;
    }
    Some(match uses.is_looked_at {
        true => Problem::new(
            OptionReason::Overridden,
            "spec.options",
            "does nothing: it sets nothing that no other policy sets before it",
        ),
        false => Problem::new(
            OptionReason::NotAttached,
            "spec.targetRefs",
            "does nothing: expected something of its namespace that is served, found no such target",
        ),
    })
}

/// Reasons are of 1 KiB at most.
fn shortened(mut reason: String) -> String {
    if let Some((end, _)) = reason.char_indices().find(|(at, _)| *at > 1020) {
        reason.truncate(end);
    }
    reason
}
