//! The servers that a listener has for the rules behind it.

use std::num::NonZeroU16;

use gateway_model::k8s_gateway::values::ResourceRef;
use gateway_model::k8s_gateway::{FieldError, HttpListenerOptions};

use crate::ir::{
    Authorization, AuthorizationProtocol, GrpcAuthorization, ListenerSettings, Refusal,
    RefusalReason, Sourced, Target, Unanswered,
};
use crate::reader::Reader;

use super::globals::of_all;
use super::merge::Merged;
use super::options::{self, Outcome, check};
use super::upstream;

/// Sets who is asked about the requests of a listener: whom its option names, or else whom the Settings do.
pub(super) fn set_servers(
    to: &mut ListenerSettings,
    merged: &Merged<HttpListenerOptions>,
    reader: &Reader<'_>,
) {
    let find = |server: &ResourceRef| upstream::target(&server.namespace, &server.name, reader);
    let written = &merged.options;
    let own = written.extauth.as_ref();
    let own = own.map(|field| (field.read.clone(), merged.origin(field)));
    if let Some((read, origin)) = own.or_else(|| of_all("extauth", reader)) {
        let asked = read.and_then(|server| options::authorizer(&server, find));
        let value = asked.unwrap_or_else(|error| nobody(&error));
        to.authorizer = Some(Box::new(Sourced { value, origin }));
    }
    let own = written.ratelimit_server.as_ref();
    let own = own.map(|field| (field.read.clone(), merged.origin(field)));
    if let Some((read, origin)) = own.or_else(|| of_all("ratelimitServer", reader))
        && let Ok(value) = read.and_then(|server| options::rate_limit_server(&server, find))
    {
        to.rate_limit_server = Some(Box::new(Sourced { value, origin }));
    }
}

/// A server that cannot be asked: who has to be asked about does not pass.
fn nobody(why: &FieldError) -> Authorization {
    Authorization {
        server: Target::Refused(Refusal::new(
            RefusalReason::UnsupportedValue,
            why.to_string(),
        )),
        protocol: AuthorizationProtocol::Grpc(GrpcAuthorization::default()),
        body: None,
        timeout: None,
        unanswered: Unanswered::Refuse(FORBIDDEN),
        reserved: Vec::new(),
        reroutes: false,
    }
}

const FORBIDDEN: NonZeroU16 = NonZeroU16::new(403).expect("403 is not zero");

/// What is wrong with what an HttpListenerOption says of them, whoever they are.
pub(super) fn server_problems(written: &HttpListenerOptions) -> Vec<Outcome> {
    let nobody = |_: &ResourceRef| {
        Target::Refused(Refusal::new(
            RefusalReason::BackendNotFound,
            "is not looked up",
        ))
    };
    let asked = check(&written.extauth, |server| {
        options::authorizer(server, nobody)
    });
    let counts = check(&written.ratelimit_server, |server| {
        options::rate_limit_server(server, nobody)
    });
    asked.into_iter().chain(counts).collect()
}
