//! The bundled gateway: serves, checks and explains Gateway API manifests, or serves a cluster.

mod access_log;
mod answer;
mod audit;
mod check;
mod cli;
mod conditions;
mod controller;
mod descriptors;
mod echo;
mod error;
mod explain;
mod health;
mod load;
mod logs;
mod memory;
mod metrics;
mod outcome;
mod output;
mod overview;
mod plane;
mod problems;
mod remember;
mod routes;
mod run;
mod selection;
mod serve;
mod stop;
mod table;
mod traffic;
mod watch;
mod yaml;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::cli::{Cli, Command};
use crate::error::Error;

fn main() -> ExitCode {
    let outcome = match Cli::try_parse() {
        Ok(Cli { command }) => execute(command),
        Err(answer) => tell(&answer),
    };
    outcome.unwrap_or_else(|error| {
        error.print();
        ExitCode::from(2)
    })
}

fn execute(command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Controller(arguments) => controller::controller(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Explain(arguments) => explain::explain(&arguments),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "gateway", &mut script);
            output::print(&script)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Prints help or the version, which are asked for, or what is wrong with the command line.
fn tell(answer: &clap::Error) -> Result<ExitCode, Error> {
    match answer.use_stderr() {
        true => {
            // Where standard error can't be written to, there is nobody to tell.
            let _ = answer.print();
            Ok(ExitCode::from(2))
        }
        false => {
            output::printed(answer.print())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
