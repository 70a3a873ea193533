//! Faults: some requests wait, some are answered.

use std::time::Duration;

use gateway_resolve::ir::{self, Fraction};
use http::StatusCode;
use tokio::time::sleep;

use crate::admit::{Admit, Admitted, Asking, Refusal};
use crate::forward::entropy;
use crate::observe::Reason;

/// The stage of an [`ir::Fault`].
pub(super) struct Fault(pub(super) ir::Fault);

impl Admit for Fault {
    fn admit<'a>(&'a self, _request: Asking<'a>) -> Admitted<'a> {
        Box::pin(async move {
            if let Some(time) = self.delay() {
                sleep(time).await;
            }
            match self.abort() {
                Some(status) => Err(super::answer(status, "fault filter abort", Reason::Fault)),
                None => Ok(()),
            }
        })
    }

    fn admit_now(&self, _request: &mut Asking<'_>) -> Option<Result<(), Refusal>> {
        // The others wait for nothing.
        self.0.delay.is_none().then(|| match self.abort() {
            Some(status) => Err(super::answer(status, "fault filter abort", Reason::Fault)),
            None => Ok(()),
        })
    }
}

impl Fault {
    fn delay(&self) -> Option<Duration> {
        let delay = self.0.delay.as_ref()?;
        falls_into(delay.share).then_some(delay.time)
    }

    fn abort(&self) -> Option<StatusCode> {
        let abort = self.0.abort.as_ref()?;
        let status = StatusCode::from_u16(abort.status.get()).ok()?;
        falls_into(abort.share).then_some(status)
    }
}

/// Is a request one of this share?
pub(super) fn falls_into(share: Fraction) -> bool {
    let denominator = u128::from(share.denominator.get());
    let scaled = (u128::from(entropy::random()) * denominator) >> 64;
    scaled < u128::from(share.numerator)
}
