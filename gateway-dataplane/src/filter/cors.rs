//! Cross-origin resource sharing (HTTPRoute `cors`, GEP-1767; the protocol is that of
//! <https://fetch.spec.whatwg.org/#http-cors-protocol>).

use std::fmt::Display;

use gateway_resolve::ir;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Response};

/// What cross-origin requests are allowed.
///
/// The origin that a request names is echoed, never answered with `*`, so that answers with and without
/// credentials are alike; `Vary: Origin` keeps caches from mixing them up.
#[derive(Debug)]
pub struct Cors {
    origins: Box<[ir::OriginPattern]>,
    credentials: bool,
    methods: Allowed,
    headers: Allowed,
    expose: Option<HeaderValue>,
    max_age: HeaderValue,
}

/// Names that may be used.
#[derive(Debug)]
enum Allowed {
    /// None beyond those that always may.
    Safelisted,
    /// These, joined with commas.
    These(HeaderValue),
    /// All: what the request asks for is echoed.
    All,
}

impl Allowed {
    fn new<T: Display>(names: &[Option<T>]) -> Self {
        let given = names.iter().map(|name| name.as_ref().map(T::to_string));
        match given.collect::<Option<Vec<_>>>() {
            None => Self::All,
            Some(names) if names.is_empty() => Self::Safelisted,
            Some(names) => {
                HeaderValue::try_from(names.join(", ")).map_or(Self::Safelisted, Self::These)
            }
        }
    }

    fn answer<'a>(&'a self, asked: &'a HeaderValue) -> Option<&'a HeaderValue> {
        match self {
            Self::Safelisted => None,
            Self::These(names) => Some(names),
            Self::All => Some(asked),
        }
    }
}

impl Cors {
    /// Prepares the headers that answers carry.
    pub(crate) fn compile(cors: &ir::Cors) -> Self {
        let ir::Cors {
            allow_origins,
            allow_credentials,
            allow_methods,
            allow_headers,
            expose_headers,
            max_age,
        } = cors;
        let expose = match Allowed::new(expose_headers) {
            Allowed::These(names) => Some(names),
            // With credentials, `*` would be taken for the name of a header.
            Allowed::All if !allow_credentials => Some(HeaderValue::from_static("*")),
            Allowed::All | Allowed::Safelisted => None,
        };
        Self {
            origins: allow_origins.as_slice().into(),
            credentials: *allow_credentials,
            methods: Allowed::new(allow_methods),
            headers: Allowed::new(allow_headers),
            expose,
            max_age: max_age.get().into(),
        }
    }

    /// The answer to a preflight request; `None` when the request is none, and goes on to a backend.
    ///
    /// It is 200 (as good as 204, and understood by more clients); an origin that is not allowed is
    /// told nothing more.
    pub fn preflight(&self, parts: &Parts) -> Option<Response<()>> {
        let asked = parts.headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
        if parts.method != Method::OPTIONS || !parts.headers.contains_key(header::ORIGIN) {
            return None;
        }
        let mut response = Response::new(());
        let answer = response.headers_mut();
        answer.insert(header::VARY, HeaderValue::from_static(PREFLIGHT_VARY));
        if let Some(origin) = self.allowed_origin(&parts.headers) {
            self.grant(answer, origin);
            let methods = self.methods.answer(asked);
            set(answer, header::ACCESS_CONTROL_ALLOW_METHODS, methods);
            let asked = parts.headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
            let headers = asked.and_then(|asked| self.headers.answer(asked));
            set(answer, header::ACCESS_CONTROL_ALLOW_HEADERS, headers);
            set(answer, header::ACCESS_CONTROL_MAX_AGE, Some(&self.max_age));
        }
        Some(response)
    }

    /// The origin of a request, when it is allowed. To be kept for [`mark`](Self::mark).
    pub fn allowed_origin(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let origin = request.get(header::ORIGIN)?;
        let text = origin.to_str().ok()?;
        let allowed = self.origins.iter().any(|pattern| pattern.matches(text));
        allowed.then(|| origin.clone())
    }

    /// Marks the response to a request from `origin`, the answer of
    /// [`allowed_origin`](Self::allowed_origin), in place of what the backend says about sharing it.
    pub fn mark(&self, response: &mut HeaderMap, origin: Option<HeaderValue>) {
        for name in [
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
        ] {
            response.remove(name);
        }
        if !varies_by_origin(response) {
            response.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(origin) = origin {
            self.grant(response, origin);
        }
    }

    fn grant(&self, answer: &mut HeaderMap, origin: HeaderValue) {
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let yes = HeaderValue::from_static("true");
        let credentials = self.credentials.then_some(&yes);
        set(
            answer,
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            credentials,
        );
        set(
            answer,
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            self.expose.as_ref(),
        );
    }
}

const PREFLIGHT_VARY: &str =
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";

fn set(headers: &mut HeaderMap, name: HeaderName, value: Option<&HeaderValue>) {
    if let Some(value) = value {
        headers.insert(name, value.clone());
    }
}

fn varies_by_origin(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::VARY).iter();
    let names = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    names
        .map(str::trim)
        .any(|name| name == "*" || name.eq_ignore_ascii_case("origin"))
}

#[cfg(test)]
#[path = "cors_tests.rs"]
mod tests;
