//! What is done with the heads of requests before routes are looked at.

use gateway_model::HeaderName;
use gateway_resolve::ir::{
    HeaderManipulation, Http1, ListenerSettings, RequestHeads, Underscores, Upgrades,
};
use http::{Method, StatusCode, Version};

use super::paths;
use crate::ConnectionInfo;
use crate::filter::manipulate::{edit_request, request_headers};
use crate::format::Subject;
use crate::forward::headers::requested_upgrade;
use crate::head::{Known, RequestHead, ResponseHead};
use crate::observe::Reason;
use crate::plan::Answer;
use crate::plan::answer::status;
use crate::server::Order;

/// What is done with heads.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Heads {
    health: Option<Box<str>>,
    registered_methods: bool,
    rules: RequestHeads,
    /// What is added of `rules.changes`, and what is removed then.
    added: Vec<HeaderManipulation>,
    removed: Vec<HeaderName>,
    http1: Http1,
    upgrades: Option<Upgrades>,
    via: Option<Box<str>>,
}

impl Heads {
    pub(super) fn new(settings: &ListenerSettings) -> Self {
        let health = settings.health_answer.as_ref();
        let rules = settings.request_heads.as_ref();
        let mut rules = rules.map_or_else(RequestHeads::default, |set| set.value.clone());
        let removed = std::mem::take(&mut rules.changes.remove);
        let request = std::mem::take(&mut rules.changes);
        let added = (!request.add.is_empty()).then(|| HeaderManipulation {
            request,
            ..HeaderManipulation::default()
        });
        let protocols = settings.protocols.as_ref();
        Self {
            health: health.map(|set| set.value.target.clone()),
            registered_methods: settings.registered_methods.is_some(),
            rules,
            added: added.into_iter().collect(),
            removed,
            upgrades: protocols.and_then(|set| set.value.upgrades),
            http1: protocols.map_or_else(Http1::default, |set| set.value.http1.clone()),
            via: settings.via.as_ref().map(|set| set.value.clone()),
        }
    }

    pub(super) fn receive(
        &self,
        head: &mut RequestHead,
        connection: &ConnectionInfo,
    ) -> Option<Answer> {
        if self.registered_methods && head.version < Version::HTTP_2 && !is_registered(&head.method)
        {
            return Some(invalid());
        }
        if let Some(refused) = self.check_version(head).or_else(|| self.check_fields(head)) {
            return Some(status(refused, Reason::Invalid));
        }
        if self.refuses_upgrade(head) {
            return Some(status(StatusCode::FORBIDDEN, Reason::Denied));
        }
        let rules = &self.rules;
        if let Some(answer) = paths::settle(rules.escaped_slashes, rules.merges_slashes, head) {
            return Some(answer);
        }
        if rules.bare_hosts {
            strip_port(head);
        }
        self.change(head, connection);
        self.is_about_health(head).then(|| health(connection))
    }

    /// RFC 6455 section 4.1: the protocol is `websocket` in any case.
    fn refuses_upgrade(&self, head: &RequestHead) -> bool {
        let (Some(upgrades), Some(asked)) = (self.upgrades, requested_upgrade(head)) else {
            return false;
        };
        !(upgrades.websocket && asked.eq_ignore_ascii_case(b"websocket"))
    }

    /// HTTP/1.0 may not be spoken, or names no host.
    fn check_version(&self, head: &mut RequestHead) -> Option<StatusCode> {
        if head.version != Version::HTTP_10 {
            return None;
        }
        if self.http1.refuses_1_0 {
            return Some(StatusCode::UPGRADE_REQUIRED);
        }
        if let (Some(host), false) = (&self.http1.default_host, head.fields.contains(Known::Host)) {
            head.fields.append(Known::Host, host.as_bytes());
        }
        None
    }

    /// Those of HTTP/1 were counted when they were read.
    fn check_fields(&self, head: &mut RequestHead) -> Option<StatusCode> {
        let most = self.rules.fields.unwrap_or(u32::MAX) as usize;
        if head.version >= Version::HTTP_2 && head.fields.len() > most {
            return Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        }
        let underscores = self.rules.underscores?;
        let names = head.fields.iter().map(|(name, _)| name);
        let found: Vec<_> = names
            .filter(|name| name.contains('_'))
            .map(str::to_owned)
            .collect();
        match underscores {
            Underscores::Refused => (!found.is_empty()).then_some(StatusCode::BAD_REQUEST),
            Underscores::Removed => {
                found.iter().for_each(|name| head.fields.remove(&**name));
                None
            }
        }
    }

    /// Adds, then removes.
    fn change(&self, head: &mut RequestHead, connection: &ConnectionInfo) {
        if !self.added.is_empty() {
            let subject = Subject {
                request: head,
                connection,
                rule: None,
            };
            let values = request_headers(&self.added, subject);
            edit_request(&self.added, &values, &mut head.fields);
        }
        for name in &self.removed {
            crate::filter::manipulate::remove(name, &mut head.fields);
        }
        if let Some(via) = &self.via {
            head.fields.join(Known::Via, b", ", via.as_bytes());
        }
    }

    fn is_about_health(&self, head: &RequestHead) -> bool {
        self.health
            .as_deref()
            .is_some_and(|target| target == head.target())
    }
}

fn invalid() -> Answer {
    status(StatusCode::BAD_REQUEST, Reason::Invalid)
}

fn strip_port(head: &mut RequestHead) {
    let host = head.host().map(str::to_owned).unwrap_or_default();
    let bare = host.trim_end_matches(|last: char| last.is_ascii_digit());
    if let Some(bare) = bare.strip_suffix(':') {
        head.fields.set(Known::Host, bare.as_bytes());
    }
}

/// Is there a next request for the connection?
fn health(connection: &ConnectionInfo) -> Answer {
    let watch = connection.watch.as_deref();
    let status = match watch.is_none_or(|watch| watch.order() == Order::Serve) {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    Answer::bodiless(ResponseHead::new(status), Reason::Health)
}

/// Those that Envoy's parsers of HTTP/1 know: those of the IANA registry, and what is used beside them.
fn is_registered(method: &Method) -> bool {
    const OTHERS: [&str; 25] = [
        "ACL",
        "BIND",
        "CHECKOUT",
        "COPY",
        "LINK",
        "LOCK",
        "M-SEARCH",
        "MERGE",
        "MKACTIVITY",
        "MKCALENDAR",
        "MKCOL",
        "MOVE",
        "NOTIFY",
        "PROPFIND",
        "PROPPATCH",
        "PURGE",
        "REBIND",
        "REPORT",
        "SEARCH",
        "SOURCE",
        "SUBSCRIBE",
        "UNBIND",
        "UNLINK",
        "UNLOCK",
        "UNSUBSCRIBE",
    ];
    const USUAL: [Method; 8] = [
        Method::GET,
        Method::POST,
        Method::HEAD,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::PATCH,
        Method::TRACE,
    ];
    USUAL.contains(method) || OTHERS.contains(&method.as_str())
}
