//! What is wrong with the manifests, whether an API server would refuse it or it can't be honoured.

use std::fmt;

use gateway_model::{Manifests, ObjectRef, Severity};
use gateway_resolve::Finding;
use serde::Serialize;

use super::places::Places;

/// One problem, serialised as `gateway check -o json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// A [`gateway_model::Code`], or the reason of a condition.
    pub code: &'static str,
    /// The file; `None` for what no file says.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The resource.
    pub resource: Option<Named>,
    /// The field, as in `spec.rules[0].backendRefs[1]`.
    pub field: Option<String>,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// A resource by kind and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The kind.
    pub kind: String,
    /// The namespace; empty for cluster-scoped kinds.
    pub namespace: String,
    /// The name; empty when it has none.
    pub name: String,
}

/// All problems, in the order of the files: what is wrong with manifests as such, what statuses tell (`findings`), and
/// what is of no use ([`advise`](gateway_resolve::advise)).
pub fn all(
    manifests: &Manifests,
    findings: impl IntoIterator<Item = Finding>,
    advice: impl IntoIterator<Item = Finding>,
    places: &Places,
) -> Vec<Problem> {
    let mut all = of_manifests(manifests);
    let of = |severity, finding: &Finding| of_finding(severity, finding, places);
    let findings = findings.into_iter();
    all.extend(findings.map(|finding| of(Severity::Error, &finding)));
    let advice = advice.into_iter();
    all.extend(advice.map(|finding| of(Severity::Warning, &finding)));
    all.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    all
}

/// What an API server would refuse, or drop.
pub fn of_manifests(manifests: &Manifests) -> Vec<Problem> {
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
    pub fn warning(code: &'static str, message: String) -> Self {
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
}

impl fmt::Display for Problem {
    /// `file:line: error[Code]: Kind namespace/name: field: message`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            severity,
            code,
            file,
            line,
            resource,
            field,
            message,
        } = self;
        if let (Some(file), Some(line)) = (file, line) {
            write!(f, "{file}:{line}: ")?;
        }
        write!(f, "{severity}[{code}]: ")?;
        if let Some(resource) = resource {
            write!(f, "{resource}: ")?;
        }
        if let Some(field) = field {
            write!(f, "{field}: ")?;
        }
        f.write_str(message)
    }
}
