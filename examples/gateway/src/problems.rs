//! How problems are told.

use gateway_dataplane::check::Places;
use gateway_model::{Manifests, Severity};
use gateway_resolve::ir::Ir;
use gateway_resolve::{Finding, Snapshot, advise};

use crate::echo;
use crate::table::{BAD, WARNING};

pub(crate) use gateway_dataplane::check::{Problem, of_manifests};

/// All problems, in the order of the files; a Service that a demo backend answers for needs no endpoints.
pub(crate) fn all(
    manifests: &Manifests,
    findings: impl Iterator<Item = Finding>,
    snapshot: &Snapshot,
    ir: &Ir,
    places: &Places,
) -> Vec<Problem> {
    let advice = advise(snapshot, ir).into_iter();
    let advice = advice.filter(|advice| !echo::answers(snapshot, &advice.resource));
    gateway_dataplane::check::all(manifests, findings, advice, places)
}

/// One line with escape codes: `file:line: error[Code]: Kind namespace/name: field: message`.
pub(crate) fn line(problem: &Problem) -> String {
    let Problem { severity, code, .. } = problem;
    let style = match severity {
        Severity::Error => BAD,
        Severity::Warning => WARNING,
    };
    let plain = format!("{severity}[{code}]: ");
    let styled = format!("{style}{severity}[{code}]{style:#}: ");
    problem.to_string().replacen(&plain, &styled, 1)
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
