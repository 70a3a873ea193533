//! Sessions: tokens by which the requests of a client find the endpoint of the first one again (GEP-1619).
//!
//! A token says when the session began, and names its endpoint by a keyed hash: nothing is kept of a session, and it
//! outlives reloads and restarts. The hash is over rule, backend and endpoint, so that no two rules share a session.
//!
//! Rules may have one name for their sessions, where a policy for their backends gives it or they say so themselves. Then
//! a client has one cookie for all of them: its value has a token for each rule, of which there are so many.

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
    /// By which its tokens are known.
    tag: u32,
    spec: ir::SessionPersistence,
}

/// A token: what a client is given, and sends with each request of its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    /// Of which rule it is.
    tag: u32,
    /// When the session began, in seconds since 1970.
    began: u64,
    /// Which endpoint it is with.
    endpoint: u64,
}

/// The tokens of a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// That of the rule, if it is still good.
    pub(crate) own: Option<Token>,
    /// Those of other rules, the newest first.
    others: Vec<Token>,
}

/// The tokens of one value. Beyond, the oldest ones are left out.
const TOKENS: usize = 8;
/// The digits of one of them.
const DIGITS: usize = 56;

impl Sessions {
    pub(crate) fn new(key: SessionKey, rule: &ir::Rule, spec: &ir::SessionPersistence) -> Self {
        let ir::RuleId { route, index } = &rule.source.id;
        let rule = format!("{route} {index}").into_bytes();
        Self {
            key,
            tag: (key.hash(&[&rule]) >> 32) as u32,
            rule: rule.into(),
            spec: spec.clone(),
        }
    }

    /// The tokens of a request at `now`, after 1970.
    pub(crate) fn tokens(&self, fields: &Fields, now: Duration) -> Tokens {
        let mut tokens = Tokens::default();
        match &self.spec.carrier {
            SessionCarrier::Header(name) => {
                let values = fields.get(name.as_http()).into_iter();
                values.for_each(|value| self.read_all(value, now, &mut tokens));
            }
            SessionCarrier::Cookie { name, .. } => fields
                .get_all(Known::Cookie)
                .flat_map(|line| line.split(|byte| *byte == b';'))
                .filter_map(|pair| pair.trim_ascii().strip_prefix(name.as_bytes()))
                .filter_map(|rest| rest.strip_prefix(b"="))
                .for_each(|value| self.read_all(value, now, &mut tokens)),
        }
        tokens
    }

    fn read_all(&self, value: &[u8], now: Duration, tokens: &mut Tokens) {
        let texts = value.split(|byte| *byte == b'.').take(TOKENS);
        for token in texts.filter_map(|text| self.read(text)) {
            match token.tag == self.tag {
                true if self.is_good(token, now) => _ = tokens.own.get_or_insert(token),
                true => {}
                false if tokens.others.len() < TOKENS - 1 => tokens.others.push(token),
                false => {}
            }
        }
    }

    /// Is `token` for this endpoint?
    pub(crate) fn is_with(&self, token: Token, backend: &BackendId, endpoint: SocketAddr) -> bool {
        self.name(backend, endpoint) == token.endpoint
    }

    /// Gives the client a token for a session with `endpoint` that begins `now`, beside those that it has of others. A
    /// cookie of the route's goes back to `path` only, each over TLS only if it came that way.
    pub(crate) fn start(
        &self,
        response: &mut Fields,
        (backend, endpoint): (&BackendId, SocketAddr),
        (tokens, now): (&Tokens, Duration),
        (path, secure): (&str, bool),
    ) {
        let token = Token {
            tag: self.tag,
            began: now.as_secs(),
            endpoint: self.name(backend, endpoint),
        };
        let mut value = self.write(token);
        for other in &tokens.others {
            value.push('.');
            value.push_str(&self.write(*other));
        }
        match &self.spec.carrier {
            SessionCarrier::Header(name) => {
                response.set(name.as_http(), value.as_bytes());
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
                    format!("{name}={value}{path}{age}; HttpOnly; SameSite=Strict{secure}");
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
        let Token {
            tag,
            began,
            endpoint,
        } = token;
        let (tag, began) = (tag.to_be_bytes(), began.to_be_bytes());
        self.key.hash(&[&tag, &began, &endpoint.to_be_bytes()])
    }

    fn write(&self, token: Token) -> String {
        let Token {
            tag,
            began,
            endpoint,
        } = token;
        let seal = self.seal(token);
        format!("{tag:08x}{began:016x}{endpoint:016x}{seal:016x}")
    }

    /// A token that was given by a gateway with this key.
    fn read(&self, text: &[u8]) -> Option<Token> {
        let text = str::from_utf8(text)
            .ok()
            .filter(|text| text.len() == DIGITS)?;
        let number = |at: usize| u64::from_str_radix(text.get(at..at + 16)?, 16).ok();
        let token = Token {
            tag: u32::from_str_radix(text.get(..8)?, 16).ok()?,
            began: number(8)?,
            endpoint: number(24)?,
        };
        (number(40)? == self.seal(token)).then_some(token)
    }

    fn is_good(&self, token: Token, now: Duration) -> bool {
        let lives = self.spec.absolute_timeout.unwrap_or(Duration::MAX);
        let age = now.as_secs().checked_sub(token.began);
        age.is_some_and(|age| age < lives.as_secs())
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
