//! How a listener deals with its clients is up to who has them.

use std::sync::Arc;

use gateway_resolve::ir::{ListenerSettings, ProxyProtocol};

use crate::ConnectionInfo;
use crate::head::RequestHead;
use crate::plan::Answer;

pub(crate) mod certificate;
pub(crate) mod client;

/// There is none.
#[derive(Debug)]
pub(crate) enum Conduct {}

impl Conduct {
    pub(crate) fn of(_settings: &ListenerSettings, _before: Option<&Self>) -> Option<Arc<Self>> {
        None
    }

    pub(crate) fn receive(
        &self,
        _head: &mut RequestHead,
        _connection: &ConnectionInfo,
    ) -> Option<Answer> {
        match *self {}
    }

    pub(crate) fn proxy_protocol(&self) -> Option<&ProxyProtocol> {
        match *self {}
    }
}
