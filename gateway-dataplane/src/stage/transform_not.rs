//! Without templates, what transformations were asked for lets nothing pass.

use gateway_resolve::ir;
use http::StatusCode;

use crate::admit::{Admit, Admitted, Asking};
use crate::observe::Reason;

/// None.
pub(super) enum Transform {}

impl Transform {
    pub(super) fn new(
        spec: &ir::TransformationStage,
        _limit: usize,
    ) -> Option<Result<Self, String>> {
        let missing = || Err("this data plane has no templates".to_owned());
        (!spec.is_empty()).then(missing)
    }
}

impl Admit for Transform {
    fn admit<'a>(&'a self, _request: Asking<'a>) -> Admitted<'a> {
        match *self {}
    }
}

/// Lets nothing pass.
pub(super) struct Broken;

impl Admit for Broken {
    fn admit<'a>(&'a self, _request: Asking<'a>) -> Admitted<'a> {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        let refusal = super::answer(status, "", Reason::Transformation);
        Box::pin(std::future::ready(Err(refusal)))
    }
}
