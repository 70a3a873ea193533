//! What rules refer to by ExtensionRef filters.

use std::fmt;
use std::sync::Arc;

use gateway_model::k8s_gateway::{DirectResponse, RouteOption, Upstream};
use gateway_model::{HttpFilter, Kind, LocalObjectReference};

use crate::ir::{Action, FixedResponse, Refusal, RefusalReason};
use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::{RouteAccepted, RouteResolvedRefs};
use crate::route::outcome::RuleProblems;

use super::attach::route_option;
use super::direct_response::direct_response;

/// What a rule refers to by its filters.
#[derive(Debug, Default)]
pub(crate) struct OwnFilters<'a> {
    /// RouteOptions in the order of the filters; `None` when one of them is missing, which leaves the rule
    /// without any option.
    pub(super) options: Option<Vec<&'a Arc<RouteOption>>>,
    /// What the rule answers itself.
    pub(crate) answer: Option<Answer>,
}

/// What a rule answers itself.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// This response.
    Response(FixedResponse),
    /// An error: the response is not there, or stands beside what excludes it.
    Refusal(Refusal),
}

impl Answer {
    /// As the end of a rule.
    pub(crate) fn into_action(self) -> Action {
        match self {
            Self::Response(response) => Action::Respond(response),
            Self::Refusal(refusal) => Action::Fail(refusal),
        }
    }
}

/// Is it a kind that filters may refer to?
pub(crate) fn is_own(reference: &LocalObjectReference) -> bool {
    let LocalObjectReference { group, kind, .. } = reference;
    let is = |own: (&str, &str)| (group.as_str(), kind.as_str()) == own;
    is((RouteOption::GROUP, RouteOption::KIND))
        || is((DirectResponse::GROUP, DirectResponse::KIND))
        || is(PARAMETER)
}

/// What names a function of an Upstream, and is no object.
const PARAMETER: (&str, &str) = (Upstream::GROUP, "Parameter");

/// The function of an Upstream that filters ask for.
pub(crate) fn parameter(filters: &[HttpFilter]) -> Option<&str> {
    filters.iter().find_map(|filter| match filter {
        HttpFilter::ExtensionRef(reference) => {
            let LocalObjectReference { group, kind, name } = reference;
            ((group.as_str(), kind.as_str()) == PARAMETER).then_some(name.as_str())
        }
        _ => None,
    })
}

/// Reads the filters at `field` of a rule in `namespace`; `ends` says whether the rule answers by something else.
pub(crate) fn own_filters<'a>(
    filters: &[HttpFilter],
    field: fmt::Arguments<'_>,
    namespace: &str,
    ends: bool,
    reader: &Reader<'a>,
    problems: &mut RuleProblems,
) -> OwnFilters<'a> {
    let references = filters
        .iter()
        .enumerate()
        .filter_map(|(index, filter)| match filter {
            HttpFilter::ExtensionRef(reference) => Some((index, reference)),
            _ => None,
        });
    let mut own = OwnFilters {
        options: Some(Vec::new()),
        answer: None,
    };
    let mut responses = Vec::new();
    for (index, reference) in references {
        let LocalObjectReference { group, kind, name } = reference;
        let mut missing = |message: String| {
            let reason = RouteResolvedRefs::BackendNotFound;
            let at = format!("{field}[{index}].extensionRef");
            problems.unresolved.push(Problem::new(reason, at, message));
        };
        if group == RouteOption::GROUP && kind == RouteOption::KIND {
            match route_option(namespace, name, reader) {
                Some(option) => own.options.iter_mut().for_each(|all| all.push(option)),
                None => {
                    missing(format!(
                        "extensionRef '{group}' of type {kind}.{name} in namespace '{namespace}' not found"
                    ));
                    own.options = None;
                }
            }
        } else if group == DirectResponse::GROUP && kind == DirectResponse::KIND {
            let found = direct_response(namespace, name, reader);
            if found.is_none() {
                missing(format!("{kind} {namespace}/{name} does not exist"));
            }
            responses.push(found);
        }
    }
    own.answer = answer(&responses, ends, field, problems);
    own
}

fn answer(
    responses: &[Option<FixedResponse>],
    ends: bool,
    field: fmt::Arguments<'_>,
    problems: &mut RuleProblems,
) -> Option<Answer> {
    let refusal = |message: &str| {
        Some(Answer::Refusal(Refusal::new(
            RefusalReason::InvalidFilter,
            message,
        )))
    };
    let mut incompatible = |message: String| {
        let reason = RouteAccepted::IncompatibleFilters;
        problems
            .invalid
            .push(Problem::new(reason, field.to_string(), message.as_str()));
        refusal(&message)
    };
    match responses {
        [] => None,
        [_] if ends => incompatible(
            "a DirectResponse answers itself: expected no backendRefs and no redirect beside it"
                .to_owned(),
        ),
        [Some(response)] => Some(Answer::Response(response.clone())),
        [None] => refusal("the DirectResponse does not exist"),
        several => incompatible(format!(
            "multiple DirectResponse extension refs found. expected 1, found {}",
            several.len()
        )),
    }
}
