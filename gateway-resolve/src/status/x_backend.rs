//! The status of XBackends: one entry for each Gateway whose routes lead to them.

use std::collections::BTreeSet;

use gateway_model::{Condition, Kind, RouteParentStatus, RouteStatus, XBackend};

use crate::policy::users::Users;
use crate::problem::{Verdict, texts};
use crate::reader::Reader;
use crate::reason::PolicyAccepted;
use crate::x_backend::{Judged, judge};

use super::Status;
use super::conditions::Conditions;
use super::policy::reference_to;
use super::report::Report;

/// How many entries the API server takes in an XBackend's `status.parents`.
const MAX_PARENTS: usize = 32;

/// What is said of an XBackend.
pub(super) fn report(backend: &XBackend, users: &Users, reader: &Reader<'_>) -> Report {
    let mut report = Report::new(backend.reference());
    let Judged {
        refused, without, ..
    } = judge(backend, reader);
    report.find(&refused);
    report.find(&without);
    let accepted = match (refused.is_empty(), without.is_empty()) {
        (true, false) => Verdict::new(
            PolicyAccepted::Accepted,
            format!("accepted, apart from: {}", texts(&without)),
        ),
        _ => Verdict::of(&refused, PolicyAccepted::Accepted, "accepted"),
    };
    let object = backend.reference();
    let parents: BTreeSet<_> = users.of(&object, reader).map(|(_, one)| one).collect();
    let entries = parents.into_iter().take(MAX_PARENTS);
    let entries = entries.map(|(gateway, controller)| {
        let parent_ref = reference_to(gateway);
        let mut stored = backend.status.parents.iter();
        let stored = stored
            .find(|entry| entry.controller_name == **controller && entry.parent_ref == parent_ref);
        let stored: &[Condition] = stored.map_or(&[], |entry| &entry.conditions);
        RouteParentStatus {
            conditions: Conditions::new(stored, backend.metadata.generation, reader)
                .add(accepted.clone())
                .build(),
            parent_ref,
            controller_name: controller.to_string(),
        }
    });
    let parents: Vec<_> = entries.collect();
    if !parents.is_empty() {
        report.status = Some(Status::Route(RouteStatus { parents }));
    }
    report.finish()
}
