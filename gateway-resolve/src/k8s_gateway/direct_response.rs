//! DirectResponses, as rules refer to them.

use gateway_model::k8s_gateway::DirectResponse;
use gateway_model::{Kind, ObjectRef};

use crate::ir::FixedResponse;
use crate::reader::{Read, Reader};

/// What a DirectResponse answers; `None` when there is none of that name.
pub(super) fn direct_response(
    namespace: &str,
    name: &str,
    reader: &Reader<'_>,
) -> Option<FixedResponse> {
    let object = ObjectRef::new(DirectResponse::GROUP, DirectResponse::KIND, namespace, name);
    reader.record(|| Read::Object(object));
    let found = reader.snapshot().direct_responses().get(namespace, name)?;
    Some(FixedResponse {
        status: found.spec.status,
        body: found.spec.body.as_deref().unwrap_or_default().into(),
    })
}
