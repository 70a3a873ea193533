//! What is wrong with the manifests, whether an API server would refuse it or it can't be honoured.

use std::fmt;

use gateway_model::{Manifests, ObjectRef, Severity};
use gateway_resolve::ir::Ir;
use gateway_resolve::{Finding, Snapshot, advise};
use serde::Serialize;

use crate::places::Places;
use crate::table::{BAD, WARNING};
use crate::{echo, orphans};

/// One problem, serialised as `gateway check -o json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    severity: Severity,
    /// A [`gateway_model::Code`], or the reason of a condition.
    code: &'static str,
    /// The file; `None` for what no file says.
    file: Option<String>,
    /// The line, from 1.
    line: Option<u32>,
    resource: Option<Named>,
    field: Option<String>,
    message: String,
}

/// A resource by kind and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Named {
    kind: String,
    namespace: String,
    name: String,
}

/// All problems, in the order of the files.
pub(crate) fn all(
    manifests: &Manifests,
    findings: impl Iterator<Item = Finding>,
    snapshot: &Snapshot,
    ir: &Ir,
    places: &Places,
) -> Vec<Problem> {
    let mut all = of_manifests(manifests);
    let of = |severity, finding: &Finding| of_finding(severity, finding, places);
    all.extend(findings.map(|finding| of(Severity::Error, &finding)));
    let advice = advise(snapshot, ir);
    let advice = advice
        .iter()
        .filter(|advice| !echo::answers(snapshot, &advice.resource));
    all.extend(advice.map(|finding| of(Severity::Warning, finding)));
    all.extend(orphans::problems(snapshot, places));
    all.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    all
}

/// What an API server would refuse, or drop.
pub(crate) fn of_manifests(manifests: &Manifests) -> Vec<Problem> {
    let problem = |problem: &gateway_model::Problem| Problem {
        severity: problem.severity,
        code: problem.code.as_str(),
        file: Some(problem.location.file.to_string()),
        line: Some(problem.location.line),
        resource: problem.resource.as_ref().map(named),
        field: problem.field.clone(),
        message: problem.message.clone(),
    };
    manifests.problems.iter().map(problem).collect()
}

fn of_finding(severity: Severity, finding: &Finding, places: &Places) -> Problem {
    let place = places.find(&finding.resource, finding.field.as_deref());
    let (file, line) = place.unzip();
    Problem {
        severity,
        code: finding.code,
        file,
        line,
        resource: Some(named(&finding.resource)),
        field: finding.field.clone(),
        message: message(finding, places),
    }
}

/// The message. A reference to what is there but was rejected says so; the statuses, which are those
/// of a cluster that never had it, say that it does not exist.
fn message(finding: &Finding, places: &Places) -> String {
    let rejected = finding
        .missing
        .as_ref()
        .and_then(|object| Some((object, places.complaint(object)?)));
    match rejected {
        Some((object, location)) => format!("{object} is given, but was rejected: see {location}"),
        None => finding.message.clone(),
    }
}

/// Logs the problems, an event each.
pub(crate) fn log(problems: &[Problem]) {
    for problem in problems {
        let Problem {
            severity,
            code,
            file,
            line,
            resource,
            field,
            message,
        } = problem;
        let resource = resource.as_ref().map(ToString::to_string);
        match severity {
            Severity::Error => {
                tracing::error!(code, file, line, resource, field, "{message}");
            }
            Severity::Warning => {
                tracing::warn!(code, file, line, resource, field, "{message}");
            }
        }
    }
}

fn named(object: &ObjectRef) -> Named {
    Named {
        kind: object.kind.to_string(),
        namespace: object.namespace.to_string(),
        name: object.name.to_string(),
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            namespace,
            name,
        } = self;
        match (namespace.as_str(), name.as_str()) {
            ("", "") => write!(f, "{kind} (no name)"),
            ("", name) => write!(f, "{kind} {name}"),
            (namespace, "") => write!(f, "{kind} {namespace}/(no name)"),
            (namespace, name) => write!(f, "{kind} {namespace}/{name}"),
        }
    }
}

impl Problem {
    /// A warning of what no file says.
    pub(crate) fn warning(code: &'static str, message: String) -> Self {
        Self {
            severity: Severity::Warning,
            code,
            file: None,
            line: None,
            resource: None,
            field: None,
            message,
        }
    }

    /// The same about a field of a resource.
    pub(crate) fn at(self, object: &ObjectRef, field: &str, places: &Places) -> Self {
        let (file, line) = places.find(object, Some(field)).unzip();
        Self {
            file,
            line,
            resource: Some(named(object)),
            field: Some(field.to_owned()),
            ..self
        }
    }

    /// One line with escape codes: `file:line: error[Code]: Kind namespace/name: field: message`.
    pub(crate) fn line(&self) -> String {
        let style = match self.severity {
            Severity::Error => BAD,
            Severity::Warning => WARNING,
        };
        let Self { severity, code, .. } = self;
        let mut line = String::new();
        if let (Some(file), Some(number)) = (&self.file, self.line) {
            line += &format!("{file}:{number}: ");
        }
        line += &format!("{style}{severity}[{code}]{style:#}: ");
        if let Some(resource) = &self.resource {
            line += &format!("{resource}: ");
        }
        if let Some(field) = &self.field {
            line += &format!("{field}: ");
        }
        line + &self.message
    }
}
