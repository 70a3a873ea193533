//! Structured logs on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::cli::LogFormat;

/// Sends the logs of this process to standard error from now on.
///
/// # Errors
/// `filter` is not a level or a list of filters.
pub(crate) fn start(filter: &str, format: LogFormat) -> Result<(), String> {
    let filter = EnvFilter::builder().parse(filter).map_err(|error| {
        format!(
            "--log-level: expected error, warn, info, debug, trace or filters such as \
             gateway_dataplane=debug, found {filter:?}: {error}"
        )
    })?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Its complaint would go to standard error as well, and panic there.
        .log_internal_errors(false);
    match format {
        LogFormat::Text => logs.with_ansi(colours()).with_target(false).init(),
        LogFormat::Json => logs
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .init(),
    }
    Ok(())
}

/// Colours only on a terminal, and not where <https://no-color.org> says none.
fn colours() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stderr().is_terminal() && !refused
}
