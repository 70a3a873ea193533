//! Faults, and requests from other sites.

use std::num::{NonZeroU16, NonZeroU32};
use std::time::Duration;

use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::values;

use crate::ir::{Abort, Csrf, Delay, Fault, Fraction, Pattern, TextMatch, TextMatchKind};

use super::percentage;

/// Faults that can be injected.
pub(crate) fn faults(written: &values::Faults) -> Result<Fault, FieldError> {
    let values::Faults { abort, delay } = written;
    let abort = abort.as_ref().map(|abort| {
        let status = u16::try_from(abort.http_status).ok();
        let status = status.filter(|status| (200..600).contains(status));
        let status = status.and_then(NonZeroU16::new).ok_or_else(|| {
            FieldError::new(format!(
                "invalid abort status code '{}', must be in range of [200,600)",
                abort.http_status
            ))
        })?;
        let share = percentage(abort.percentage, "abort percentage")?;
        Ok(Abort { status, share })
    });
    let delay = delay.as_ref().map(|delay| {
        let time = delay.fixed_delay.map_or(Duration::ZERO, |span| span.0);
        if time.as_secs() == 0 {
            let message = format!("invalid delay duration {time:?}, must be greater than 0");
            return Err(FieldError::new(message));
        }
        let share = percentage(delay.percentage, "delay percentage")?;
        Ok(Delay { time, share })
    });
    Ok(Fault {
        delay: delay.transpose()?,
        abort: abort.transpose()?,
    })
}

/// CSRF protection. Without a share it holds nobody to it.
pub(crate) fn csrf(written: &values::Csrf) -> Result<Csrf, FieldError> {
    let share = written
        .filter_enabled
        .as_ref()
        .map(|share| share.default_value);
    let share = share.unwrap_or_default();
    let whole = share.denominator.get();
    let additional = written.additional_origins.iter().map(text_match);
    Ok(Csrf {
        share: Fraction {
            numerator: share.numerator.min(whole),
            denominator: NonZeroU32::new(whole).unwrap_or(NonZeroU32::MIN),
        },
        additional_origins: additional.collect::<Result<_, _>>()?,
    })
}

fn text_match(written: &values::StringMatch) -> Result<TextMatch, FieldError> {
    use values::StringMatch as Written;
    let (kind, ignores_case) = match written {
        Written::Exact { text, ignore_case } => {
            (TextMatchKind::Exact(text.as_str().into()), *ignore_case)
        }
        Written::Prefix { text, ignore_case } => {
            (TextMatchKind::Prefix(text.as_str().into()), *ignore_case)
        }
        Written::Suffix { text, ignore_case } => {
            (TextMatchKind::Suffix(text.as_str().into()), *ignore_case)
        }
        Written::Regex(regex) => {
            let pattern = Pattern::new(&regex.regex);
            let pattern = pattern.map_err(|error| FieldError::new(error.to_string()))?;
            (TextMatchKind::Pattern(pattern), false)
        }
        _ => return Err(FieldError::new("the type of the match is not supported")),
    };
    Ok(TextMatch { kind, ignores_case })
}
