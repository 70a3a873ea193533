//! Asking over HTTP: the request without its body, and 200 lets it pass.

use bytes::Bytes;
use gateway_resolve::ir::{HttpAuthorization, Named};
use http::header::{self, HeaderName};
use http::{Request, StatusCode, Version, response};
use http_body_util::{BodyExt, Limited};

use super::verdict::{Change, Changes, Manner, Verdict, refused};
use super::{Authorize, NoVerdict, Subject};
use crate::Body;
use crate::admit::Refusal;
use crate::backend::{Attempt, Backend, BoxBackend};
use crate::filter::is_editable;
use crate::head::{Fields, Known, RequestHead};

pub(super) async fn ask(
    stage: &Authorize,
    spec: &HttpAuthorization,
    server: &BoxBackend,
    subject: Subject<'_>,
    body: Bytes,
) -> Result<Verdict, NoVerdict> {
    let request = question(stage, spec, subject.head, body)?;
    let attempt = Attempt::first(subject.connection.worker);
    let (answer, body) = server.call(request, &attempt).await?.into_parts();
    if answer.status == StatusCode::OK {
        let mut request = changes(&answer, &spec.to_backend, describes_the_answer);
        request.extend(appended(&answer, &spec.appended));
        return Ok(Verdict::Passed(Changes {
            request,
            ..Changes::default()
        }));
    }
    if answer.status.is_server_error() || answer.status.is_informational() {
        let message = format!("it answers {}", answer.status);
        return Err(NoVerdict::Invalid(message));
    }
    Ok(Verdict::Refused(refusal(stage, spec, &answer, body).await?))
}

/// What the server gets of every request (HTTPAuthConfig `allowedHeaders`).
const ALWAYS_SENT: [HeaderName; 2] = [header::HOST, header::AUTHORIZATION];

fn question(
    stage: &Authorize,
    spec: &HttpAuthorization,
    head: &RequestHead,
    body: Bytes,
) -> Result<Request<Body>, NoVerdict> {
    let mut asked = RequestHead::default();
    asked.method.clone_from(&head.method);
    asked.version = Version::HTTP_11;
    asked.set_target(&[&spec.prefix, head.target()].concat());
    let named = spec.headers.iter().map(gateway_model::HeaderName::as_http);
    let named = named.filter(|name| is_editable(name) && !ALWAYS_SENT.contains(name));
    for name in ALWAYS_SENT.iter().chain(named) {
        for value in head.fields.get_all(name) {
            asked.fields.append(name, value);
        }
    }
    add_by_patterns(spec, &head.fields, &mut asked.fields);
    for (name, value) in &spec.added {
        asked.fields.insert(name.as_http(), value.as_http());
    }
    count_hop(stage, &head.fields, &mut asked.fields);
    let length = body.len().to_string();
    asked.fields.set(Known::ContentLength, length.as_bytes());
    let too_long = |_| NoVerdict::Invalid("its path would be too long".to_owned());
    let parts = asked.to_parts().map_err(too_long)?;
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// Adds the headers that patterns name and that are not there yet.
fn add_by_patterns(spec: &HttpAuthorization, from: &Fields, to: &mut Fields) {
    let names = from.iter().filter_map(|(name, _)| {
        let name = name.to_ascii_lowercase();
        let is_named = spec.header_patterns.iter().any(|one| one.is_match(&name));
        let name = HeaderName::try_from(name).ok().filter(|_| is_named)?;
        (is_editable(&name) && !to.contains(&name)).then_some(name)
    });
    let mut names: Vec<_> = names.collect();
    names.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
    names.dedup();
    for name in names {
        for value in from.get_all(&name) {
            to.append(&name, value);
        }
    }
}

/// The headers of an answer that are put beside those that are there.
fn appended(answer: &response::Parts, names: &[gateway_model::HeaderName]) -> Vec<Change> {
    let values = names.iter().flat_map(|name| {
        let values = answer.headers.get_all(name.as_http()).iter();
        values.map(|value| Change {
            name: name.as_http().clone(),
            value: value.clone(),
            manner: Manner::Append,
        })
    });
    values.collect()
}

/// A server that leads back to this gateway would be asked for ever.
fn count_hop(stage: &Authorize, from: &Fields, to: &mut Fields) {
    let Some(id) = &stage.hop_id else {
        return;
    };
    for hops in from.get_all(Known::CdnLoop) {
        to.append(Known::CdnLoop, hops);
    }
    to.join(Known::CdnLoop, b", ", id.as_str().as_bytes());
}

/// The headers of an answer that are taken over: all values of a name, in place of those that are there.
fn changes(
    answer: &response::Parts,
    taken: &Named,
    left_out: impl Fn(&HeaderName) -> bool,
) -> Vec<Change> {
    let names = answer
        .headers
        .keys()
        .filter(|name| taken.has(name.as_str()));
    let names = names.filter(|name| !left_out(name));
    let values = |name: &HeaderName| {
        let name = name.clone();
        let values = answer.headers.get_all(&name).iter().cloned();
        let manners = std::iter::once(Manner::Set).chain(std::iter::repeat(Manner::Append));
        let change = values.zip(manners).map(move |(value, manner)| Change {
            name: name.clone(),
            value,
            manner,
        });
        change.collect::<Vec<_>>()
    };
    names.flat_map(values).collect()
}

/// What says something of the answer itself is nothing to tell a backend of a request.
fn describes_the_answer(name: &HeaderName) -> bool {
    let own = [
        header::CONTENT_TYPE,
        header::CONTENT_ENCODING,
        header::DATE,
        header::SERVER,
    ];
    own.contains(name)
}

/// The answer as the client gets it.
async fn refusal(
    stage: &Authorize,
    spec: &HttpAuthorization,
    answer: &response::Parts,
    body: Body,
) -> Result<Refusal, NoVerdict> {
    let body = Limited::new(body, stage.answer_bytes).collect().await;
    let body = body.map_err(|error| NoVerdict::Invalid(error.to_string()))?;
    let changes = changes(answer, &spec.to_client, |_| false);
    Ok(refused(answer.status, changes, body.to_bytes()))
}
