//! Sessions: tokens by which the requests of a client find the endpoint of the first one again (GEP-1619).
//!
//! A token says when the session began, and names its endpoint by a keyed hash: nothing is kept of a session, and it
//! outlives reloads and restarts. The hash is over rule, backend and endpoint, so that no two rules share a session.

use std::hash::Hasher;
use std::net::SocketAddr;
use std::time::Duration;

use gateway_resolve::ir::{self, BackendId, SessionCarrier};
use http::HeaderValue;
use siphasher::sip::SipHasher24;

use crate::head::{Fields, Known};

/// What tokens are hashed with. Gateways that serve the same clients need the same one.
#[derive(Clone, Copy, Default)]
pub struct SessionKey([u8; 16]);

impl SessionKey {
    /// A key out of `secret`: who knows it can make tokens, and find out which endpoints there are.
    pub fn new(secret: &[u8]) -> Self {
        let half = |start: &[u8]| {
            let mut hasher = SipHasher24::new();
            hasher.write(start);
            hasher.write(secret);
            hasher.finish().to_be_bytes()
        };
        let mut key = [0; 16];
        key[..8].copy_from_slice(&half(b"sessions 1"));
        key[8..].copy_from_slice(&half(b"sessions 2"));
        Self(key)
    }

    fn hash(self, parts: &[&[u8]]) -> u64 {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        for part in parts {
            hasher.write(&(part.len() as u64).to_be_bytes());
            hasher.write(part);
        }
        hasher.finish()
    }
}

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKey")
    }
}

/// The sessions of one rule.
#[derive(Debug)]
pub(crate) struct Sessions {
    key: SessionKey,
    rule: Box<[u8]>,
    spec: ir::SessionPersistence,
}

/// A token: what a client is given, and sends with each request of its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    /// When the session began, in seconds since 1970.
    began: u64,
    /// Which endpoint it is with.
    endpoint: u64,
}

impl Sessions {
    pub(crate) fn new(key: SessionKey, rule: &ir::Rule, spec: &ir::SessionPersistence) -> Self {
        let (source, index) = (&rule.source.object, rule.index);
        Self {
            key,
            rule: format!("{source} {index}").into_bytes().into(),
            spec: spec.clone(),
        }
    }

    /// The token of a request at `now`, after 1970, if it has one that is still good.
    pub(crate) fn token(&self, fields: &Fields, now: Duration) -> Option<Token> {
        match &self.spec.carrier {
            SessionCarrier::Header(name) => self.read(fields.get(name.as_http())?, now),
            SessionCarrier::Cookie { name, .. } => fields
                .get_all(Known::Cookie)
                .flat_map(|line| line.split(|byte| *byte == b';'))
                .filter_map(|pair| pair.trim_ascii().strip_prefix(name.as_bytes()))
                .filter_map(|rest| rest.strip_prefix(b"="))
                .find_map(|value| self.read(value, now)),
        }
    }

    /// Is `token` for this endpoint?
    pub(crate) fn is_with(&self, token: Token, backend: &BackendId, endpoint: SocketAddr) -> bool {
        self.name(backend, endpoint) == token.endpoint
    }

    /// Gives the client a token for a session with `endpoint` that begins `now`. A cookie of the route's goes back to
    /// `path` only, each over TLS only if it came that way.
    pub(crate) fn start(
        &self,
        response: &mut Fields,
        (backend, endpoint): (&BackendId, SocketAddr),
        now: Duration,
        (path, secure): (&str, bool),
    ) {
        let token = Token {
            began: now.as_secs(),
            endpoint: self.name(backend, endpoint),
        };
        let token = self.write(token);
        match &self.spec.carrier {
            SessionCarrier::Header(name) => {
                response.set(name.as_http(), token.as_bytes());
            }
            SessionCarrier::Cookie {
                name,
                permanent,
                of_route,
            } => {
                let path = match of_route {
                    true => format!("; Path={path}"),
                    false => String::new(),
                };
                let lives = self.spec.absolute_timeout.filter(|_| *permanent);
                let age = lives.map_or_else(String::new, |lives| {
                    format!("; Max-Age={}", lives.as_secs().max(1))
                });
                let secure = if secure { "; Secure" } else { "" };
                let cookie =
                    format!("{name}={token}{path}{age}; HttpOnly; SameSite=Strict{secure}");
                if let Ok(cookie) = HeaderValue::try_from(cookie) {
                    response.append(Known::SetCookie, cookie.as_bytes());
                }
            }
        }
    }

    fn name(&self, backend: &BackendId, endpoint: SocketAddr) -> u64 {
        let (backend, endpoint) = (backend.to_string(), endpoint.to_string());
        let parts = [&*self.rule, backend.as_bytes(), endpoint.as_bytes()];
        self.key.hash(&parts)
    }

    fn seal(&self, token: Token) -> u64 {
        let (began, endpoint) = (token.began.to_be_bytes(), token.endpoint.to_be_bytes());
        self.key.hash(&[&began, &endpoint])
    }

    fn write(&self, token: Token) -> String {
        let Token { began, endpoint } = token;
        let seal = self.seal(token);
        format!("{began:016x}{endpoint:016x}{seal:016x}")
    }

    fn read(&self, text: &[u8], now: Duration) -> Option<Token> {
        let text = str::from_utf8(text).ok().filter(|text| text.len() == 48)?;
        let number = |at: usize| u64::from_str_radix(text.get(at..at + 16)?, 16).ok();
        let token = Token {
            began: number(0)?,
            endpoint: number(16)?,
        };
        let lives = self.spec.absolute_timeout.unwrap_or(Duration::MAX);
        let age = now.as_secs().checked_sub(token.began)?;
        let good = number(32)? == self.seal(token) && age < lives.as_secs();
        good.then_some(token)
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
