//! Structured logs on standard error.

use std::io::IsTerminal;
use std::thread;
use std::time::Duration;

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

use crate::cli::LogFormat;

/// Lines that wait to be written. Beyond, they are lost: nobody waits for a log.
const WAITING_LINES: usize = 8_192;
/// How often it is said that lines were lost.
const LOSSES: Duration = Duration::from_secs(5);
/// Warnings of this crate are about what clients send, which is no news to an operator and has no bound.
const QUIETED: &str = "h2=error";

/// Writes what waits when it is dropped, unless standard error takes nothing.
pub(crate) struct Logs(#[expect(dead_code, reason = "held for its end")] WorkerGuard);

/// Sends the logs of this process to standard error from now on.
///
/// # Errors
/// `filter` is not a level or a list of filters.
pub(crate) fn start(filter: &str, format: LogFormat) -> Result<Logs, String> {
    let all = [QUIETED, filter].join(",");
    let parsed = EnvFilter::builder().parse(filter).map(|_| all.parse());
    let filter: EnvFilter = parsed.and_then(|all| all).map_err(|error| {
        format!(
            "--log-level: expected error, warn, info, debug, trace or filters such as \
             gateway_dataplane=debug, found {filter:?}: {error}"
        )
    })?;
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING_LINES)
        .lossy(true)
        .thread_name("gateway-logs")
        .finish(std::io::stderr());
    let losses = writer.error_counter();
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
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
    thread::spawn(move || report(&losses));
    Ok(Logs(guard))
}

/// Says how many lines were lost, once there is room to say so.
fn report(losses: &ErrorCounter) {
    let mut known = 0;
    loop {
        thread::sleep(LOSSES);
        let lost = losses.dropped_lines();
        if lost > known {
            tracing::warn!(
                lines = lost - known,
                "logs were lost: standard error is too slow"
            );
            // The warning may be lost as well, and is then said again.
            if losses.dropped_lines() == lost {
                known = lost;
            }
        }
    }
}

/// Colours only on a terminal, and not where <https://no-color.org> says none.
fn colours() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stderr().is_terminal() && !refused
}
