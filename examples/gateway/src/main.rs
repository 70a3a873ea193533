//! The bundled gateway: serves, checks and explains Gateway API manifests, or serves a cluster.

mod answer;
mod check;
mod cli;
mod conditions;
mod controller;
mod echo;
mod error;
mod explain;
mod load;
mod logs;
mod memory;
mod outcome;
mod overview;
mod plane;
mod problems;
mod remember;
mod run;
mod serve;
mod stop;
mod table;
mod watch;
mod yaml;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Controller(arguments) => controller::controller(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Explain(arguments) => explain::explain(&arguments),
        Command::Completions { shell } => {
            let mut command = Cli::command();
            clap_complete::generate(shell, &mut command, "gateway", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    };
    outcome.unwrap_or_else(|error| {
        error.print();
        ExitCode::from(2)
    })
}
