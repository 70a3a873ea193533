//! Rules of GRPCRoutes, as HTTP/2 carries their requests: a method is a path, `/service/method`
//! (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).

use std::borrow::Cow;

use gateway_model::{
    GrpcMatch, GrpcMethod, GrpcMethodMatch, GrpcRule, HttpBackendRef, HttpFilter, HttpRule, Invalid,
};

use crate::ir::{Match, PathMatch};

use super::matches::{Read, everything, header_matches};
use super::patterns::RoutePatterns;
use super::rules::OverHttp;

impl OverHttp for GrpcRule {
    fn read(written: &GrpcMatch, patterns: &mut RoutePatterns<'_>) -> Read {
        grpc(written, patterns)
    }

    fn own_matches(&self) -> &[GrpcMatch] {
        &self.matches
    }

    fn as_http(&self) -> Cow<'_, HttpRule> {
        let Self {
            name,
            matches: _,
            filters,
            backend_refs,
            session_persistence,
        } = self;
        let read = |filters: &[_]| filters.iter().cloned().map(HttpFilter::from).collect();
        let backends = backend_refs.iter().map(|backend| HttpBackendRef {
            backend: backend.backend.clone(),
            filters: read(&backend.filters),
        });
        Cow::Owned(HttpRule {
            name: name.clone(),
            matches: Vec::new(),
            filters: read(filters),
            backend_refs: backends.collect(),
            timeouts: None,
            retry: None,
            session_persistence: session_persistence.clone(),
        })
    }
}

fn grpc(GrpcMatch { method, headers }: &GrpcMatch, patterns: &mut RoutePatterns<'_>) -> Read {
    let path = match method {
        None => Ok(PathMatch::prefix("/")),
        Some(GrpcMethodMatch::Exact(method)) => Ok(exact(method)),
        Some(GrpcMethodMatch::RegularExpression(method)) => expression(method, patterns),
        Some(other) => Err(Invalid::new(
            "a type of match that is supported",
            format!("{other:?}"),
        )),
    };
    Ok(Match {
        path: path.map_err(|error| ("method".to_owned(), error))?,
        headers: header_matches(headers, patterns)?,
        ..everything()
    })
}

fn exact(GrpcMethod { service, method }: &GrpcMethod) -> PathMatch {
    match (service, method) {
        (Some(service), Some(method)) => PathMatch::Exact(format!("/{service}/{method}").into()),
        (Some(service), None) => PathMatch::prefix(&format!("/{service}")),
        (None, Some(method)) => PathMatch::Method(method.as_str().into()),
        (None, None) => PathMatch::prefix("/"),
    }
}

/// Each part is a pattern of its own, for the whole of its segment.
fn expression(
    GrpcMethod { service, method }: &GrpcMethod,
    patterns: &mut RoutePatterns<'_>,
) -> Result<PathMatch, Invalid> {
    let mut part = |written: &Option<String>| match written {
        None => Ok("[^/]+".to_owned()),
        // Read alone, so that none reaches into the other.
        Some(written) => patterns
            .get(written)
            .map(|pattern| format!("(?:{})", pattern.as_str())),
    };
    let path = format!("/{}/{}", part(service)?, part(method)?);
    patterns.get(&path).map(PathMatch::Regex)
}
