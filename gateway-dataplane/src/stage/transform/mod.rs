//! Changes to whole messages, by templates.

mod engine;
mod envelope;
mod functions;
mod message;
mod program;
mod subject;

#[cfg(test)]
mod function_tests;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use gateway_resolve::ir::{self, FieldMatch, Match};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Limited};

use self::engine::Engine;
use self::program::{Outcome, Program};
use self::subject::{Around, Headers};
use super::peek::start_of;
use crate::Body;
use crate::admit::{Admit, Admitted, Asking, Edit, Metadata, Refusal};
use crate::head::{RequestHead, ResponseHead};
use crate::observe::Reason;
use crate::table::takes;

/// The stage of an [`ir::TransformationStage`].
pub(super) struct Transform(Arc<Inner>);

struct Inner {
    engine: Engine,
    requests: Vec<OfRequests>,
    responses: Vec<OfResponses>,
    /// Bytes of a body that is read.
    limit: usize,
}

struct OfResponses {
    headers: Vec<FieldMatch>,
    details: Option<Box<str>>,
    program: Arc<Program>,
}

struct OfRequests {
    matches: Vec<Match>,
    headers: Vec<FieldMatch>,
    reroutes: bool,
    request: Option<Program>,
    response: Option<Arc<Program>>,
}

impl Transform {
    /// `None`: there is nothing to do. The error is a message.
    pub(super) fn new(
        spec: &ir::TransformationStage,
        limit: usize,
    ) -> Option<Result<Self, String>> {
        (!spec.is_empty()).then(|| Self::compile(spec, limit))
    }

    fn compile(spec: &ir::TransformationStage, limit: usize) -> Result<Self, String> {
        let mut engine = Engine::new(limit);
        let mut program = |spec: &ir::Transformation| Program::new(spec, &mut engine);
        let mut requests = Vec::new();
        for one in &spec.requests {
            requests.push(OfRequests {
                matches: one.matches.clone(),
                headers: one.headers.clone(),
                reroutes: one.reroutes,
                request: one.request.as_ref().map(&mut program).transpose()?,
                response: one
                    .response
                    .as_ref()
                    .map(&mut program)
                    .transpose()?
                    .map(Arc::new),
            });
        }
        let mut responses = Vec::new();
        for one in &spec.responses {
            responses.push(OfResponses {
                headers: one.headers.clone(),
                details: one.details.clone(),
                program: Arc::new(program(&one.response)?),
            });
        }
        Ok(Self(Arc::new(Inner {
            engine,
            requests,
            responses,
            limit,
        })))
    }
}

impl Admit for Transform {
    fn admit<'a>(&'a self, asking: Asking<'a>) -> Admitted<'a> {
        Box::pin(async move {
            let inner = &self.0;
            let chosen = inner.requests.iter().find(|one| one.takes(asking.head));
            let metadata = asking.edits.metadata();
            if let Some(program) = chosen.and_then(|one| one.request.as_ref()) {
                let (head, body) = (&mut *asking.head, &mut *asking.body);
                inner.request(program, head, body, &metadata).await?;
            }
            if chosen.is_some_and(|one| one.reroutes) {
                asking.edits.reroute();
            }
            let paired = chosen.and_then(|one| one.response.clone());
            if paired.is_none() && inner.responses.is_empty() {
                return Ok(());
            }
            let request = Arc::new(message::of_request(asking.head));
            let inner = Arc::clone(inner);
            let edit = Edit::new(move |response| {
                Box::pin(inner.response(paired, request, metadata, response))
            });
            asking.edits.push(edit);
            Ok(())
        })
    }

    fn takes_exchange(&self) -> bool {
        true
    }
}

impl OfRequests {
    fn takes(&self, head: &RequestHead) -> bool {
        let has = |wanted: &FieldMatch| wanted.matches(head.fields.text(&*wanted.name));
        let is_matched = self.matches.is_empty() || self.matches.iter().any(|one| takes(one, head));
        is_matched && self.headers.iter().all(has)
    }
}

impl Inner {
    async fn request(
        &self,
        program: &Program,
        head: &mut RequestHead,
        body: &mut Body,
        metadata: &Metadata,
    ) -> Result<(), Refusal> {
        let read = match program.reads_body() {
            false => Bytes::new(),
            true => {
                let start = start_of(body, self.limit).await;
                let start = start.map_err(|_broke_off| {
                    super::answer(StatusCode::BAD_REQUEST, "", Reason::Invalid)
                })?;
                if !start.whole {
                    let status = StatusCode::PAYLOAD_TOO_LARGE;
                    return Err(super::answer(status, "payload too large", Reason::TooLarge));
                }
                start.bytes
            }
        };
        let headers = message::of_request(head);
        let around = Around {
            request: Arc::new(Headers::new()),
            metadata: metadata.clone(),
        };
        match program.run(&self.engine, headers, around, read) {
            Ok(outcome) => message::change_request(outcome, head, body),
            Err(message) => Err(bad_request(&message)),
        }
    }

    async fn response(
        self: Arc<Self>,
        paired: Option<Arc<Program>>,
        request: Arc<Headers>,
        metadata: Metadata,
        response: Response<Body>,
    ) -> Response<Body> {
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return response;
        }
        let (mut parts, body) = response.into_parts();
        let mut head = ResponseHead::from(&parts);
        let headers = message::of_response(&head);
        let details = details(parts.extensions.get());
        let chosen = paired.or_else(|| self.of_response(&headers, details));
        let Some(program) = chosen else {
            return Response::from_parts(parts, body);
        };
        let (body, read) = match program.reads_body() {
            false => (body, Bytes::new()),
            true => match Limited::new(body, self.limit).collect().await {
                Ok(read) => {
                    let read = read.to_bytes();
                    (Body::from(read.clone()), read)
                }
                Err(_) => {
                    let status = StatusCode::PAYLOAD_TOO_LARGE;
                    return failed(parts, status, "payload too large".to_owned());
                }
            },
        };
        let around = Around { request, metadata };
        let outcome = match program.run(&self.engine, headers, around, read) {
            Ok(outcome) => outcome,
            Err(message) => {
                let text = format!("bad request: {message}");
                return failed(parts, StatusCode::BAD_REQUEST, text);
            }
        };
        let body = message::change_response(outcome, &mut head, body);
        parts.status = head.status;
        parts.headers = (&head.fields).into();
        Response::from_parts(parts, body)
    }

    fn of_response(&self, headers: &Headers, details: &str) -> Option<Arc<Program>> {
        let meets = |wanted: &FieldMatch| {
            let found = headers.get(&*wanted.name);
            wanted.matches(found.map(String::as_str))
        };
        let mut responses = self.responses.iter();
        let found = responses.find(|one| {
            let is_wanted = one
                .details
                .as_deref()
                .is_none_or(|wanted| wanted == details);
            is_wanted && one.headers.iter().all(meets)
        });
        found.map(|one| Arc::clone(&one.program))
    }
}

/// Why there is a response, in Envoy's words: for the reason that the gateway has for it, if it is not a backend's.
fn details(reason: Option<&Reason>) -> &'static str {
    reason.map_or("via_upstream", |reason| reason.details())
}

fn bad_request(message: &str) -> Refusal {
    let mut refusal = super::answer(StatusCode::BAD_REQUEST, "", Reason::Transformation);
    let plain = http::HeaderValue::from_static("text/plain");
    let headers = refusal.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, plain);
    *refusal.body_mut() = format!("bad request: {message}").into();
    refusal
}

/// A response that could not be changed has another status and body, and its headers else.
fn failed(mut parts: http::response::Parts, status: StatusCode, text: String) -> Response<Body> {
    parts.status = status;
    for name in [
        http::header::CONTENT_TYPE,
        http::header::CONTENT_LENGTH,
        http::header::CONTENT_ENCODING,
    ] {
        parts.headers.remove(name);
    }
    Response::from_parts(parts, Body::from(text))
}

/// Lets nothing pass: what was to be done with it cannot be.
pub(super) struct Broken;

impl Admit for Broken {
    fn admit<'a>(&'a self, _request: Asking<'a>) -> Admitted<'a> {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        let refusal = super::answer(status, "", Reason::Transformation);
        Box::pin(std::future::ready(Err(refusal)))
    }
}
