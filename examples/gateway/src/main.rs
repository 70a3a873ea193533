//! The bundled gateway: serves, checks and explains Gateway API manifests.
#![allow(dead_code, reason = "the commands that use these parts come next")]

mod cli;
mod echo;
mod logs;
mod watch;
mod yaml;

use clap::Parser;

fn main() {
    cli::Cli::parse();
}
