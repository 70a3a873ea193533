//! Cross-origin resource sharing (HTTPRoute `cors`, GEP-1767; the protocol is that of
//! <https://fetch.spec.whatwg.org/#http-cors-protocol>).

use std::fmt::Display;

use gateway_resolve::ir;
use http::{HeaderValue, Method, StatusCode};

use crate::head::{Fields, Known, RequestHead, ResponseHead};

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
    max_age: Option<HeaderValue>,
    /// Does nobody else say with whom something is shared? If not, backends answer to other origins.
    is_sole: bool,
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

    fn answer<'a>(&'a self, asked: &'a [u8]) -> Option<&'a [u8]> {
        match self {
            Self::Safelisted => None,
            Self::These(names) => Some(names.as_bytes()),
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
        Self {
            origins: allow_origins.as_slice().into(),
            credentials: *allow_credentials,
            methods: Allowed::new(allow_methods),
            headers: Allowed::new(allow_headers),
            expose: exposed(expose_headers, *allow_credentials),
            max_age: Some(max_age.get().into()),
            is_sole: true,
        }
    }

    /// The same of what levels say together: as Envoy does it, backends answer to origins that are not allowed.
    pub(crate) fn of_rules(rules: &ir::CorsRules) -> Self {
        let ir::CorsRules {
            allow_origins,
            allow_credentials,
            allow_methods,
            allow_headers,
            expose_headers,
            max_age,
        } = rules;
        Self {
            origins: allow_origins.as_slice().into(),
            credentials: *allow_credentials,
            methods: Allowed::new(allow_methods),
            headers: Allowed::new(allow_headers),
            expose: exposed(expose_headers, *allow_credentials),
            max_age: max_age.map(Into::into),
            is_sole: false,
        }
    }

    /// The method that a preflight request asks about; `None` when the request is none.
    pub fn asks_about(head: &RequestHead) -> Option<&str> {
        if head.method != Method::OPTIONS || !head.fields.contains(Known::Origin) {
            return None;
        }
        head.fields.text(Known::AccessControlRequestMethod)
    }

    /// The answer to a preflight request; `None` when the request is none, or one that a backend may answer as well,
    /// and goes on to it.
    ///
    /// It is 200 (as good as 204, and understood by more clients); an origin that is not allowed is
    /// told nothing more.
    pub fn preflight(&self, head: &RequestHead) -> Option<ResponseHead> {
        let request = &head.fields;
        let asked = Self::asks_about(head)?.as_bytes();
        let mut response = ResponseHead::new(StatusCode::OK);
        let answer = &mut response.fields;
        answer.set(Known::Vary, PREFLIGHT_VARY.as_bytes());
        let origin = self.allowed_origin(request);
        if origin.is_none() && !self.is_sole {
            return None;
        }
        if let Some(origin) = origin {
            self.grant(answer, &origin);
            let methods = self.methods.answer(asked);
            set(answer, Known::AccessControlAllowMethods, methods);
            let asked = request.get(Known::AccessControlRequestHeaders);
            let headers = self.headers.answer(asked.unwrap_or_default());
            let headers = headers.filter(|names| !names.is_empty());
            set(answer, Known::AccessControlAllowHeaders, headers);
            let max_age = self.max_age.as_ref().map(HeaderValue::as_bytes);
            set(answer, Known::AccessControlMaxAge, max_age);
        }
        Some(response)
    }

    /// The origin of a request, when it is allowed. To be kept for [`mark`](Self::mark).
    pub fn allowed_origin(&self, request: &Fields) -> Option<HeaderValue> {
        let origin = request.text(Known::Origin)?;
        let allowed = self.origins.iter().any(|pattern| pattern.matches(origin));
        HeaderValue::from_str(origin).ok().filter(|_| allowed)
    }

    /// Marks the response to a request from `origin`, the answer of
    /// [`allowed_origin`](Self::allowed_origin), in place of what the backend says about sharing it.
    pub fn mark(&self, response: &mut Fields, origin: Option<&HeaderValue>) {
        if origin.is_some() || self.is_sole {
            for name in [
                Known::AccessControlAllowOrigin,
                Known::AccessControlAllowCredentials,
                Known::AccessControlExposeHeaders,
            ] {
                response.remove(name);
            }
        }
        if !varies_by_origin(response) {
            response.append(Known::Vary, b"Origin");
        }
        if let Some(origin) = origin {
            self.grant(response, origin);
        }
    }

    fn grant(&self, answer: &mut Fields, origin: &HeaderValue) {
        answer.set(Known::AccessControlAllowOrigin, origin.as_bytes());
        let credentials = self.credentials.then_some(&b"true"[..]);
        set(answer, Known::AccessControlAllowCredentials, credentials);
        let expose = self.expose.as_ref().map(HeaderValue::as_bytes);
        set(answer, Known::AccessControlExposeHeaders, expose);
    }
}

fn exposed<T: Display>(names: &[Option<T>], credentials: bool) -> Option<HeaderValue> {
    match Allowed::new(names) {
        Allowed::These(names) => Some(names),
        // With credentials, `*` would be taken for the name of a header.
        Allowed::All if !credentials => Some(HeaderValue::from_static("*")),
        Allowed::All | Allowed::Safelisted => None,
    }
}

const PREFLIGHT_VARY: &str =
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";

fn set(fields: &mut Fields, name: Known, value: Option<&[u8]>) {
    if let Some(value) = value {
        fields.set(name, value);
    }
}

fn varies_by_origin(fields: &Fields) -> bool {
    let lines = fields.get_all(Known::Vary);
    let mut names = lines.flat_map(|line| line.split(|byte| *byte == b','));
    names.any(|name| {
        let name = name.trim_ascii();
        name == b"*" || name.eq_ignore_ascii_case(b"origin")
    })
}

#[cfg(test)]
#[path = "cors_tests.rs"]
mod tests;
