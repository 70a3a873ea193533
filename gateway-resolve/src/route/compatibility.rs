//! Filters that exclude each other (HTTPRouteRule `filters`).

use std::fmt;

use gateway_model::{HttpFilter, HttpRule};

use crate::problem::Problem;
use crate::reason::RouteAccepted;

/// Finds the filters of the rule at `rule` (as in `spec.rules[0]`) that exclude each other.
pub(crate) fn incompatible(
    written: &HttpRule,
    rule: fmt::Arguments<'_>,
) -> Vec<Problem<RouteAccepted>> {
    let field = || format!("{rule}.filters");
    let mut problems = repeated(&written.filters, format_args!("{rule}.filters"));
    for (index, backend) in written.backend_refs.iter().enumerate() {
        let field = format_args!("{rule}.backendRefs[{index}].filters");
        problems.extend(repeated(&backend.filters, field));
    }
    let has = |wanted: fn(&HttpFilter) -> bool| written.filters.iter().any(wanted);
    let redirects = has(|filter| matches!(filter, HttpFilter::RequestRedirect(_)));
    let rewrites = has(|filter| matches!(filter, HttpFilter::UrlRewrite(_)));
    if redirects && rewrites {
        let message = "expected RequestRedirect or URLRewrite, found both";
        problems.push(Problem::new(
            RouteAccepted::IncompatibleFilters,
            field(),
            message,
        ));
    }
    if redirects && !written.backend_refs.is_empty() {
        let message = "a rule with RequestRedirect has no use for backendRefs; remove either";
        problems.push(Problem::new(
            RouteAccepted::IncompatibleFilters,
            field(),
            message,
        ));
    }
    problems
}

/// Every type may be there once, save for mirrors and extensions.
fn repeated(filters: &[HttpFilter], field: fmt::Arguments<'_>) -> Vec<Problem<RouteAccepted>> {
    let mut problems = Vec::new();
    for (index, filter) in filters.iter().enumerate() {
        let kind = std::mem::discriminant(filter);
        let may_repeat = matches!(
            filter,
            HttpFilter::RequestMirror(_) | HttpFilter::ExtensionRef(_)
        );
        let before = filters[..index]
            .iter()
            .any(|f| std::mem::discriminant(f) == kind);
        if before && !may_repeat {
            let field = format!("{field}[{index}]");
            let message = "expected each type of filter once, found this one before";
            problems.push(Problem::new(
                RouteAccepted::IncompatibleFilters,
                field,
                message,
            ));
        }
    }
    problems
}
