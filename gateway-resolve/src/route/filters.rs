//! Filters of rules and of backends.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU32;

use gateway_model::{
    ExternalAuth, HeaderModifier, HeaderName, HeaderValue, Hostname, HttpFilter, HttpHeader,
    LocalObjectReference, MirrorFraction, MirrorShare, PathModifier, RequestMirror,
    RequestRedirect, UrlRewrite,
};

use crate::ir::{
    Authorization, Filter, Fraction, HeaderEdits, Mirror, PathRewrite, Redirect, Refusal,
    RefusalReason, Rewrite, Target,
};
use crate::problem::Problem;
use crate::reason::{RouteAccepted, RouteResolvedRefs};

use super::cors::cors;
use super::external_auth::authorization;
use super::outcome::RuleProblems;
use super::references::References;

/// Where a list of filters stands.
pub(crate) struct Place<'a> {
    /// Its field, as in `spec.rules[0].filters`.
    pub(crate) field: fmt::Arguments<'a>,
    /// Is it a backend's list, rather than its rule's?
    pub(crate) of_backend: bool,
    /// Are all matches of the rule prefixes, so that a prefix can be replaced?
    pub(crate) prefixes: bool,
}

/// What a list of filters comes to.
#[derive(Debug, Default)]
pub(crate) struct Filters {
    /// The filters, in order.
    pub(crate) filters: Vec<Filter>,
    /// The redirect that answers in the place of a backend.
    pub(crate) redirect: Option<Redirect>,
    /// Who is asked whether a request may pass, and the position of the filter that says so.
    pub(crate) authorization: Option<(usize, Authorization)>,
    /// Why the list fails closed: a filter of it cannot be honoured, and none is ever skipped.
    pub(crate) refusal: Option<Refusal>,
}

enum Outcome {
    Filter(Filter),
    Redirect(Redirect),
    Authorization(Authorization),
    /// The filter refers to a backend that there is not; the reference's problem is noted.
    Refused(Refusal),
    /// It is read where the rule as a whole is.
    #[cfg(feature = "k8s-gateway")]
    Elsewhere,
    /// The filter asks for what is not supported.
    Invalid(RouteAccepted, String),
    /// The filter refers to what does not exist.
    Unresolved(RouteResolvedRefs, String),
}

/// Reads the filters at `place`.
pub(crate) fn filters(
    written: &[HttpFilter],
    place: &Place<'_>,
    references: &References<'_>,
    problems: &mut RuleProblems,
) -> Filters {
    let mut filters = Filters::default();
    for (index, filter) in written.iter().enumerate() {
        let field = || format!("{}[{index}]", place.field);
        match one(filter, place, index, references, problems) {
            Outcome::Filter(filter) => filters.filters.push(filter),
            #[cfg(feature = "k8s-gateway")]
            Outcome::Elsewhere => {}
            Outcome::Redirect(redirect) => filters.redirect = Some(redirect),
            Outcome::Authorization(asked) => filters.authorization = Some((index, asked)),
            Outcome::Refused(refusal) => {
                filters.refusal.get_or_insert(refusal);
            }
            Outcome::Invalid(reason, message) => {
                filters.refusal.get_or_insert_with(|| refusal(&message));
                problems
                    .invalid
                    .push(Problem::new(reason, field(), message));
            }
            Outcome::Unresolved(reason, message) => {
                filters.refusal.get_or_insert_with(|| refusal(&message));
                problems
                    .unresolved
                    .push(Problem::new(reason, field(), message));
            }
        }
    }
    filters
}

fn refusal(message: &str) -> Refusal {
    Refusal::new(RefusalReason::InvalidFilter, message)
}

fn one(
    filter: &HttpFilter,
    place: &Place<'_>,
    index: usize,
    references: &References<'_>,
    problems: &mut RuleProblems,
) -> Outcome {
    let unsupported =
        |message: &str| Outcome::Invalid(RouteAccepted::UnsupportedValue, message.to_owned());
    match filter {
        HttpFilter::RequestHeaderModifier(edits) => {
            Outcome::Filter(Filter::RequestHeaders(header_edits(edits)))
        }
        HttpFilter::ResponseHeaderModifier(edits) => {
            Outcome::Filter(Filter::ResponseHeaders(header_edits(edits)))
        }
        HttpFilter::RequestMirror(written) => {
            let field = format_args!("{}[{index}].requestMirror.backendRef", place.field);
            mirror(written, field, references, problems)
        }
        HttpFilter::RequestRedirect(_) if place.of_backend => {
            unsupported("filter RequestRedirect is not supported on a backend; put it on the rule")
        }
        HttpFilter::RequestRedirect(written) => redirect(written, place),
        HttpFilter::UrlRewrite(written) => rewrite(written, place),
        HttpFilter::Cors(_) if place.of_backend => {
            unsupported("filter CORS is not supported on a backend; put it on the rule")
        }
        HttpFilter::Cors(written) => match cors(written) {
            Ok(cors) => Outcome::Filter(Filter::Cors(cors)),
            Err(message) => unsupported(&message),
        },
        HttpFilter::ExternalAuth(_) if place.of_backend => {
            unsupported("filter ExternalAuth is not supported on a backend; put it on the rule")
        }
        HttpFilter::ExternalAuth(written) => {
            let field = format_args!("{}[{index}].externalAuth.backendRef", place.field);
            external_auth(written, field, references, problems)
        }
        #[cfg(feature = "k8s-gateway")]
        HttpFilter::ExtensionRef(reference) if crate::k8s_gateway::is_own(reference) => {
            Outcome::Elsewhere
        }
        HttpFilter::ExtensionRef(reference) => extension(reference),
        _ => unsupported("the type of the filter is not supported"),
    }
}

fn header_edits(written: &HeaderModifier) -> HeaderEdits {
    let HeaderModifier { set, add, remove } = written;
    HeaderEdits {
        set: first_of_each(set),
        add: first_of_each(add),
        // What is no header name names no header.
        remove: remove
            .iter()
            .filter_map(|name| HeaderName::new(name).ok())
            .collect(),
    }
}

/// Of repeated names, which differ in case only, the first counts (HTTPHeader `name`).
fn first_of_each(headers: &[HttpHeader]) -> Vec<(HeaderName, HeaderValue)> {
    let mut seen = BTreeSet::new();
    headers
        .iter()
        .filter(|header| seen.insert(header.name.as_http().as_str()))
        .map(|header| (header.name.clone(), header.value.clone()))
        .collect()
}

/// A mirror whose backend does not resolve copies to nowhere, and leaves the request alone.
fn mirror(
    written: &RequestMirror,
    field: fmt::Arguments<'_>,
    references: &References<'_>,
    problems: &mut RuleProblems,
) -> Outcome {
    let RequestMirror { backend_ref, share } = written;
    match fraction(*share) {
        Some(share) => Outcome::Filter(Filter::Mirror(Mirror {
            target: references.target(backend_ref, field, &mut problems.unresolved),
            share,
            host_suffix: None,
        })),
        None => {
            let message = "expected a fraction of at most one, with a denominator above zero";
            Outcome::Invalid(RouteAccepted::UnsupportedValue, message.to_owned())
        }
    }
}

/// A filter whose server does not resolve lets nothing pass.
fn external_auth(
    written: &ExternalAuth,
    field: fmt::Arguments<'_>,
    references: &References<'_>,
    problems: &mut RuleProblems,
) -> Outcome {
    let target = references.target(&written.backend_ref, field, &mut problems.unresolved);
    match target {
        Target::Refused(refusal) => Outcome::Refused(refusal),
        Target::Backend(server) => match authorization(written, server) {
            Ok(asked) => Outcome::Authorization(asked),
            Err(message) => Outcome::Invalid(RouteAccepted::UnsupportedValue, message),
        },
    }
}

fn fraction(share: MirrorShare) -> Option<Fraction> {
    let (numerator, denominator) = match share {
        MirrorShare::All => (1, 1),
        MirrorShare::Percent(percent) => (u32::from(percent), 100),
        MirrorShare::Fraction(MirrorFraction {
            numerator,
            denominator,
        }) => (numerator, denominator),
    };
    let denominator = NonZeroU32::new(denominator)?;
    (numerator <= denominator.get()).then_some(Fraction {
        numerator,
        denominator,
    })
}

fn redirect(written: &RequestRedirect, place: &Place<'_>) -> Outcome {
    let RequestRedirect {
        scheme,
        hostname,
        path,
        port,
        status_code,
    } = written;
    if !matches!(status_code, 301 | 302 | 303 | 307 | 308) {
        let message = format!("expected statusCode 301, 302, 303, 307 or 308, found {status_code}");
        return Outcome::Invalid(RouteAccepted::UnsupportedValue, message);
    }
    match (host(hostname.as_ref()), path_rewrite(path.as_ref(), place)) {
        (Ok(hostname), Ok(path)) => Outcome::Redirect(Redirect {
            scheme: scheme.map(|scheme| scheme.as_str().into()),
            hostname,
            path,
            port: *port,
            status: *status_code,
        }),
        (Err(message), _) | (_, Err(message)) => {
            Outcome::Invalid(RouteAccepted::UnsupportedValue, message)
        }
    }
}

fn rewrite(written: &UrlRewrite, place: &Place<'_>) -> Outcome {
    let UrlRewrite { hostname, path } = written;
    match (host(hostname.as_ref()), path_rewrite(path.as_ref(), place)) {
        (Ok(hostname), Ok(path)) => Outcome::Filter(Filter::Rewrite(Rewrite { hostname, path })),
        (Err(message), _) | (_, Err(message)) => {
            Outcome::Invalid(RouteAccepted::UnsupportedValue, message)
        }
    }
}

fn host(hostname: Option<&Hostname>) -> Result<Option<HeaderValue>, String> {
    match hostname {
        Some(name) if name.is_wildcard() => Err(format!(
            "expected a hostname without a wildcard, found {name:?}"
        )),
        Some(name) => HeaderValue::new(name.as_str())
            .map(Some)
            .map_err(|e| e.to_string()),
        None => Ok(None),
    }
}

fn path_rewrite(
    path: Option<&PathModifier>,
    place: &Place<'_>,
) -> Result<Option<PathRewrite>, String> {
    match path {
        None => Ok(None),
        Some(PathModifier::ReplaceFullPath(path)) => {
            Ok(Some(PathRewrite::Full(path.as_str().into())))
        }
        Some(PathModifier::ReplacePrefixMatch(prefix)) if place.prefixes => {
            Ok(Some(PathRewrite::Prefix(prefix.as_str().into())))
        }
        Some(PathModifier::ReplacePrefixMatch(_)) => Err(
            "ReplacePrefixMatch needs a rule whose matches are all of type PathPrefix".to_owned(),
        ),
        Some(_) => Err("the type of the path modifier is not supported".to_owned()),
    }
}

fn extension(reference: &LocalObjectReference) -> Outcome {
    let LocalObjectReference { group, kind, name } = reference;
    let message = format!(
        "no kind of extension is supported, found {kind} {name} of group {group}; \
         its requests are answered with 500"
    );
    Outcome::Unresolved(RouteResolvedRefs::InvalidKind, message)
}
