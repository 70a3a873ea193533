//! What is done with the heads of requests before routes are looked at.

use gateway_resolve::ir::ListenerSettings;
use http::{Method, StatusCode, Version};

use crate::ConnectionInfo;
use crate::head::{RequestHead, ResponseHead};
use crate::observe::Reason;
use crate::plan::Answer;
use crate::plan::answer::status;
use crate::server::Order;

/// What is done with heads.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Heads {
    health: Option<Box<str>>,
    registered_methods: bool,
}

impl Heads {
    pub(super) fn new(settings: &ListenerSettings) -> Self {
        let health = settings.health_answer.as_ref();
        Self {
            health: health.map(|set| set.value.target.clone()),
            registered_methods: settings.registered_methods.is_some(),
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
        self.is_about_health(head).then(|| health(connection))
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
