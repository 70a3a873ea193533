//! The command line.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::controller::ControllerArguments;
use crate::traffic::TrafficArguments;

/// Serves Gateway API manifests, from files or from a Kubernetes cluster.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Open the listeners that the manifests ask for, proxy traffic, reload when files change
    #[command(after_help = RUN_HELP)]
    Run(RunArguments),
    /// Serve what a Kubernetes cluster asks for, and write statuses back
    #[command(after_help = CONTROLLER_HELP)]
    Controller(ControllerArguments),
    /// Validate and resolve the manifests without opening a socket
    #[command(after_help = CHECK_HELP)]
    Check(CheckArguments),
    /// Say which listener, host, rule and backend a request would get, and why not another
    #[command(after_help = EXPLAIN_HELP)]
    Explain(ExplainArguments),
    /// Print a completion script, for example: gateway completions bash > gateway.bash
    Completions {
        /// The shell that it is for
        shell: Shell,
    },
}

const RUN_HELP: &str = "\
Signals:
  SIGTERM, SIGINT  stop accepting and let requests finish; a second one stops at once
  SIGHUP           reload now

Reloading:
  A change is served once every file parses and every resource is valid; until then the last good
  version is served and the problems are logged. So it is when no Gateway is left. At the start
  there is no such version: what an API server would refuse is left out, and the rest is served.

Demo backends:
  A Service with the annotation \"gateway.example.dev/backend: echo\" and no EndpointSlice is
  answered by a server inside this process, which tells what it was sent.

Exit status:
  0  stopped by a signal
  1  a second signal, or the drain timeout (30 s), cut requests short; the log says how many
  2  wrong usage, or nothing can be served: a path can't be read, no valid resource

Examples:
  gateway run examples/manifests/quickstart.yaml
  gateway run --port-offset 8000 --workers 2 manifests/ secrets.yaml
  kubectl get gc,gtw,httproute,svc,endpointslice -A -o yaml | gateway run -";

const CONTROLLER_HELP: &str = "\
The cluster is the one that KUBECONFIG names, or the one that the pod runs in. Every replica serves;
the one that holds the Lease writes statuses. Nothing is served before everything was listed once.

An address that a Gateway has is given to no other. A Gateway gets at most 4 addresses and 16 ports.

Signals:
  SIGTERM, SIGINT  stop accepting and let requests finish; a second one stops at once

Exit status:
  0  stopped by a signal
  1  a second signal, or the drain timeout (30 s), cut requests short; the log says how many
  2  wrong usage, or no cluster

Examples:
  gateway controller --addresses 192.0.2.0/28
  gateway controller --shared-address lb.example.com --port-offset 8000
  gateway controller --shared-address lb.example.com --allow-hostnames 'team-a=*.a.example.com'";

const CHECK_HELP: &str = "\
Exit status:
  0  everything is valid, accepted and resolved
  1  everything is valid, but something isn't accepted or doesn't resolve, or nothing has the class
     or controller that is asked for
  2  something is invalid (an API server would refuse it) or can't be read, or wrong usage, or the
     output can't be written

Output:
  table  problems, then every resource with its conditions
  yaml   one document a resource that has a status: apiVersion, kind, metadata, status
  json   {\"problems\": [...], \"statuses\": [...]}, the statuses as in yaml
  ir     the intermediate representation that a data plane is given, in its serialised form
Problems go to standard error with yaml and ir.";

const EXPLAIN_HELP: &str = "\
Exit status:
  0  a rule takes the request: it is forwarded or redirected (a connection, a datagram: passed on)
  1  the gateway answers with an error: no listener, no host, no rule, no usable backend
  2  something is invalid or can't be read, or wrong usage

Examples:
  gateway explain manifests/ --url http://shop.example.com/cart
  gateway explain manifests/ --url https://shop.example.com/ -X POST -H 'x-canary: yes'
  gateway explain manifests/ --url http://shop.example.com/ --grpc shop.Carts/Add
  gateway explain manifests/ --tcp 443 --sni db.example.com
  gateway explain manifests/ --udp 10.0.0.1:53
  gateway explain manifests/ --service shop/carts --client web --url http://carts.shop/";

/// The manifests, and which part of them is served.
#[derive(Debug, Clone, Args)]
pub(crate) struct Selection {
    /// Files, directories (read recursively: .yaml, .yml, .json) or - for standard input
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,

    /// Channel of the Gateway API whose fields are known
    #[arg(long, value_name = "CHANNEL", default_value = "standard")]
    pub(crate) channel: Channel,

    /// Serve only Gateways whose GatewayClass has this controllerName [default: any; where no
    /// GatewayClass is given, gateway.example.dev/controller]
    #[arg(long, value_name = "NAME")]
    pub(crate) controller_name: Option<String>,

    /// Serve only Gateways of this GatewayClass [default: any]
    #[arg(long, value_name = "NAME")]
    pub(crate) class: Option<String>,
}

/// A channel of the Gateway API.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Channel {
    /// What is stable
    Standard,
    /// What may still change as well
    Experimental,
}

impl From<Channel> for gateway_model::Channel {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Standard => Self::Standard,
            Channel::Experimental => Self::Experimental,
        }
    }
}

/// Arguments of `gateway run`.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// What to serve.
    #[command(flatten)]
    pub(crate) selection: Selection,

    /// Where /healthz, /readyz and /metrics are answered [default: nowhere]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) health: Option<SocketAddr>,

    /// How traffic is served.
    #[command(flatten)]
    pub(crate) traffic: TrafficArguments,

    /// What to log: error, warn, info, debug, trace, or filters such as gateway=debug
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) log_level: String,

    /// How to log
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
}

/// How to log.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// Arguments of `gateway check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// What to check.
    #[command(flatten)]
    pub(crate) selection: Selection,

    /// Routes may have Services as parents, in the mesh of this controller
    #[arg(long, value_name = "CONTROLLER")]
    pub(crate) mesh: Option<String>,

    /// Format of the output
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub(crate) output: Output,
}

/// Format of the output of `gateway check`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    Table,
    /// Statuses as a stream of documents
    Yaml,
    /// Problems and statuses as one object
    Json,
    /// The intermediate representation, as JSON
    Ir,
}

/// Arguments of `gateway explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// What is served.
    #[command(flatten)]
    pub(crate) selection: Selection,

    /// The request's URL; the host selects the listener and virtual host, not a DNS name to look up
    #[arg(long, value_name = "URL", required_unless_present_any = ["tcp", "udp"])]
    pub(crate) url: Option<http::Uri>,

    /// A connection to this address, in place of a request; by TLS with --sni
    #[arg(long, value_name = "[ADDRESS:]PORT", conflicts_with_all = ["url", "udp", "grpc", "headers"])]
    pub(crate) tcp: Option<Place>,

    /// A datagram to this address, in place of a request
    #[arg(long, value_name = "[ADDRESS:]PORT", conflicts_with_all = ["url", "grpc", "headers", "sni"])]
    pub(crate) udp: Option<Place>,

    /// The request's method
    #[arg(short = 'X', long, value_name = "METHOD", default_value = "GET")]
    pub(crate) method: http::Method,

    /// The gRPC method that is called, in place of the URL's path
    #[arg(long, value_name = "SERVICE/METHOD", conflicts_with = "method")]
    pub(crate) grpc: Option<String>,

    /// The server name of the TLS connection [default: the URL's host]
    #[arg(long, value_name = "NAME")]
    pub(crate) sni: Option<String>,

    /// A header of the request; repeat for several
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub(crate) headers: Vec<(http::HeaderName, http::HeaderValue)>,

    /// What clients in a mesh get of this Service, in place of what Gateways serve; the URL's port is its port
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = service)]
    pub(crate) service: Option<(String, String)>,

    /// The namespace that the client is in [default: the Service's]
    #[arg(long, value_name = "NAMESPACE", requires = "service")]
    pub(crate) client: Option<String>,

    /// Format of the output
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: ExplainOutput,
}

fn service(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('/');
    let parts = parts.filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty());
    let (namespace, name) = parts.ok_or("expected NAMESPACE/NAME")?;
    Ok((namespace.to_owned(), name.to_owned()))
}

/// An address and port that clients connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Any when `None`.
    pub(crate) address: Option<IpAddr>,
    pub(crate) port: u16,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = |_| format!("expected a port, or an IP address and port, found {text:?}");
        let any = text.trim_start_matches('*').trim_start_matches(':');
        if let Ok(port) = any.parse() {
            let address = None;
            return Ok(Self { address, port });
        }
        let bound: SocketAddr = text.parse().map_err(expected)?;
        Ok(Self {
            address: Some(bound.ip()),
            port: bound.port(),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address) => SocketAddr::new(address, self.port).fmt(f),
            None => write!(f, "*:{}", self.port),
        }
    }
}

/// Format of the output of `gateway explain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExplainOutput {
    /// For people
    Text,
    /// One object, whose fields keep their names
    Json,
}

/// A header as curl takes it: `name: value`.
fn header(text: &str) -> Result<(http::HeaderName, http::HeaderValue), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or("expected 'name: value', found no colon")?;
    let name = name.trim().parse().map_err(|_| {
        let name = name.trim();
        format!("expected a header name before the colon, found {name:?}")
    })?;
    let value = value.trim();
    let value = value
        .parse()
        .map_err(|_| format!("expected a header value after the colon, found {value:?}"))?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::{Cli, header};

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn headers_are_written_as_curl_takes_them() {
        let (name, value) = header("X-Canary:  yes: really ").unwrap();
        assert_eq!(
            (name.as_str(), value.as_bytes()),
            ("x-canary", &b"yes: really"[..])
        );
        assert_eq!(header("x-empty:").unwrap().1, "");
        for bad in ["x-canary", ": yes", "x canary: yes", "x: a\u{7f}b"] {
            assert!(header(bad).is_err(), "{bad:?}");
        }
    }
}
