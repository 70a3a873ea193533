//! What responses say of the server.

use gateway_resolve::ir::{ListenerSettings, ServerHeader};

use crate::head::{Fields, Known};

/// What responses say, whoever gives them.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Marks {
    server: Option<ServerHeader>,
    via: Option<Box<str>>,
}

impl Marks {
    pub(super) fn new(settings: &ListenerSettings) -> Self {
        Self {
            server: settings.server_header.as_ref().map(|set| set.value.clone()),
            via: settings.via.as_ref().map(|set| set.value.clone()),
        }
    }

    pub(super) fn put_on(&self, fields: &mut Fields) {
        match &self.server {
            Some(ServerHeader::Replaced(name)) => fields.set(Known::Server, name.as_bytes()),
            Some(ServerHeader::Completed(name)) if !fields.contains(Known::Server) => {
                fields.append(Known::Server, name.as_bytes());
            }
            Some(ServerHeader::Completed(_) | ServerHeader::Kept) | None => {}
        }
        if let Some(via) = &self.via {
            fields.join(Known::Via, b", ", via.as_bytes());
        }
    }
}
