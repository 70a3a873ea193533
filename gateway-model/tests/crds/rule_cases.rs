//! A case for each validation rule: a spec that breaks it, and one that just keeps it.

mod backend_tls;
mod filters;
mod gateway;
mod matches;
mod more_routes;
mod route;
mod x_kinds;

/// A rule, and how to break it.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) message: String,
    pub(crate) kind: &'static str,
    /// Where the rule stands.
    pub(crate) field: String,
    /// An object, from `spec` on, that breaks the rule.
    pub(crate) broken: String,
    /// One that keeps it.
    pub(crate) kept: String,
}

/// All cases.
pub(crate) fn cases() -> Vec<Case> {
    [
        gateway::cases(),
        route::cases(),
        matches::cases(),
        filters::cases(),
        more_routes::cases(),
        backend_tls::cases(),
        x_kinds::cases(),
    ]
    .concat()
}
