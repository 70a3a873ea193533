//! What an authorization server says of a request.

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{Response, StatusCode};

use crate::admit::{Asking, Edit, Refusal};
use crate::filter::is_editable;
use crate::head::Fields;

/// What becomes of the request.
pub(super) enum Verdict {
    /// It passes, with these changes to it and to its response.
    Passed(Changes),
    /// It is answered with this.
    Refused(Refusal),
}

impl Default for Verdict {
    fn default() -> Self {
        Self::Passed(Changes::default())
    }
}

/// Changes to a request that passes, and to its response.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) removed: Vec<HeaderName>,
    pub(super) request: Vec<Change>,
    pub(super) response: Vec<Change>,
}

/// A change to one header.
pub(super) struct Change {
    pub(super) name: HeaderName,
    pub(super) value: HeaderValue,
    pub(super) manner: Manner,
}

/// What is done where the header is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "grpc"),
    expect(dead_code, reason = "servers that are asked over gRPC say all four")
)]
pub(super) enum Manner {
    /// The value is put in place of those that are there.
    Set,
    /// The value is put behind those that are there.
    Append,
    /// The header stays as it is.
    AddIfAbsent,
    /// The value is put in place of those that are there, if there are any.
    Replace,
}

impl Change {
    /// Applies it, unless the header is the gateway's own.
    pub(super) fn apply(&self, fields: &mut Fields) {
        let Self {
            name,
            value,
            manner,
        } = self;
        if !is_editable(name) || *name == header::HOST {
            return;
        }
        match manner {
            Manner::Set => fields.insert(name, value),
            Manner::Append => fields.append(name, value.as_bytes()),
            Manner::AddIfAbsent if !fields.contains(name) => fields.insert(name, value),
            Manner::Replace if fields.contains(name) => fields.insert(name, value),
            Manner::AddIfAbsent | Manner::Replace => {}
        }
    }
}

impl Verdict {
    /// Changes the request, or answers it.
    pub(super) fn carry_out(self, asking: &mut Asking<'_>) -> Result<(), Refusal> {
        let Changes {
            removed,
            request,
            response,
        } = match self {
            Self::Refused(response) => return Err(response),
            Self::Passed(changes) => changes,
        };
        let fields = &mut asking.head.fields;
        let removable = |name: &&HeaderName| is_editable(name) && **name != header::HOST;
        removed
            .iter()
            .filter(removable)
            .for_each(|name| fields.remove(name));
        request.iter().for_each(|change| change.apply(fields));
        if !response.is_empty() {
            asking.edits.push(Edit::head(move |head| {
                let fields = &mut head.fields;
                response.iter().for_each(|change| change.apply(fields));
            }));
        }
        Ok(())
    }
}

/// A refusal without what is the gateway's own to say.
pub(super) fn refused(
    status: StatusCode,
    changes: impl IntoIterator<Item = Change>,
    body: Bytes,
) -> Refusal {
    let mut fields = Fields::new();
    changes
        .into_iter()
        .for_each(|change| change.apply(&mut fields));
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = (&fields).into();
    Box::new(response)
}
