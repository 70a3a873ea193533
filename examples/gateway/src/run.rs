//! `gateway run`: serve, reload, drain.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use gateway_model::{Code, Manifests};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::cli::RunArguments;
use crate::error::Error;
use crate::health::Ready;
use crate::load::Input;
use crate::metrics::Metrics;
use crate::output::Page;
use crate::plane::joined;
use crate::serve::{self, Server, Why};
use crate::stop::Stop;
use crate::{health, logs, memory, output, overview, problems, watch};

/// Serves until a signal ends it.
pub(crate) fn run(arguments: &RunArguments) -> Result<ExitCode, Error> {
    let _logs = logs::start(&arguments.log_level, arguments.log_format).map_err(Error::new)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::internal)?;
    let outcome = runtime.block_on(serve_until_stopped(arguments));
    // A drain that was given up is not waited for.
    runtime.shutdown_background();
    outcome
}

async fn serve_until_stopped(arguments: &RunArguments) -> Result<ExitCode, Error> {
    let mut stop = Stop::new().map_err(Error::internal)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(Error::internal)?;
    let selection = arguments.selection.clone();
    let read_input = joined(spawn_blocking(move || Arc::new(Input::new(&selection))));
    let Some(input) = unless_stopped(&mut stop, read_input).await else {
        return Ok(ExitCode::SUCCESS);
    };
    // Watched before it is read, so that no change falls in between.
    let mut changes = changes(&input);
    let Some(manifests) = unless_stopped(&mut stop, serve::load(&input)).await else {
        return Ok(ExitCode::SUCCESS);
    };
    refuse_hopeless(&manifests)?;
    let (ready, metrics) = (Ready::default(), Arc::new(Metrics::default()));
    if let Some(address) = arguments.health {
        health::start(address, &ready, &metrics).await?;
    }
    let mut server = Server::start(arguments, arguments.health.map(|_| metrics))?;
    let outcome = server.apply(manifests).await;
    print(&overview::page(&outcome, server.echoes()));
    outcome.require_socket()?;
    ready.store(true, Ordering::Relaxed);
    outcome.log("serving");
    drop(outcome);
    loop {
        memory::give_back();
        let why = tokio::select! {
            biased;
            () = stop.asked() => break,
            Some(()) = hangup.recv() => Why::Changed,
            Some(()) = changes.recv() => Why::Changed,
            () = server.retry() => Why::Retry,
        };
        // Files may hang, as those of a network that is down do.
        let reload = server.reload(&input, why);
        if unless_stopped(&mut stop, reload).await.is_none() {
            break;
        }
    }
    Ok(server.end(&mut stop).await)
}

/// What `work` comes to; nothing if the gateway is asked to stop before.
async fn unless_stopped<T>(stop: &mut Stop, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = stop.asked() => None,
        done = work => Some(done),
    }
}

/// Prints what is served. A gateway serves on when that can't be printed.
fn print(page: &Page) {
    if let Err(error) = page.print() {
        error.print();
    }
}

/// The changes of the files; none where the system has no watch to give.
fn changes(input: &Input) -> mpsc::Receiver<()> {
    let files = input.files().to_vec();
    watch::changes(files).unwrap_or_else(|error| {
        tracing::warn!(%error, "changes will not be seen: send SIGHUP to reload");
        // Never told anything: the branch that waits for it is then disabled.
        mpsc::channel(1).1
    })
}

/// Refuses to start with what is most likely a slip of the keyboard. Everything else that is wrong
/// leaves the rest to be served.
fn refuse_hopeless(manifests: &Manifests) -> Result<(), Error> {
    let unreadable = |problem: &&gateway_model::Problem| problem.code == Code::Unreadable;
    if let Some(problem) = manifests.problems.iter().find(unreadable) {
        let what = format!("{}: {}", problem.location.file, problem.message);
        return Err(Error::new(what).next("check the path and its permissions"));
    }
    if manifests.has_errors() && manifests.resources.is_empty() {
        for problem in problems::of_manifests(manifests) {
            output::complain(problems::line(&problem));
        }
        let next = "mend the files; gateway check tells the same without serving";
        return Err(Error::new("no resource is valid").next(next));
    }
    Ok(())
}
