//! How traffic is served: what `run` and `controller` have in common.

use std::net::IpAddr;

use clap::{Args, ValueEnum};
use gateway_dataplane::Limits;
use gateway_dataplane::forward::headers::HopId;
use gateway_dataplane::head::AmbiguousPaths;
use gateway_dataplane::observe::LineSink;
use ipnet::IpNet;

use crate::cli::LogFormat;

/// How traffic is served, by whatever tells what is served.
#[derive(Debug, Args)]
pub(crate) struct TrafficArguments {
    /// Worker threads, each with its own accept queue and connections [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) workers: Option<u16>,

    /// Address to listen on for Gateways without one of their own; repeat for several
    #[arg(long, value_name = "ADDR", default_value = "0.0.0.0")]
    pub(crate) bind: Vec<IpAddr>,

    /// Listen on the listener's port plus N, so that port 80 needs no privilege
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) port_offset: u16,

    /// Proxies before this one, whose X-Forwarded-*, Forwarded and X-Real-IP are believed and extended;
    /// anybody else's are replaced
    #[arg(long, value_name = "CIDR|IP,...", value_delimiter = ',', value_parser = network)]
    pub(crate) trusted_proxies: Vec<IpNet>,

    /// Name under which this gateway counts how often a request has come through it (CDN-Loop), the same
    /// for all its replicas and another for each gateway [default: derived from what is served]
    #[arg(long, value_name = "TOKEN", value_parser = hop_id)]
    pub(crate) hop_id: Option<HopId>,

    /// What becomes of a request whose path backends may take for one of another rule, by reading %2F
    /// as a slash, // as one slash, or a segment without what follows a semicolon
    #[arg(long, value_name = "ACTION", default_value = "refuse")]
    pub(crate) ambiguous_paths: Ambiguous,

    /// Bytes of a request's body that a mirror may lag behind; beyond, it does not get the rest, which
    /// is counted and logged
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().mirror_lag)]
    pub(crate) mirror_lag: usize,

    /// Write a line for each request and connection to standard output, standard error or a file, which
    /// is made anew when it was renamed [default: none]
    #[arg(long, value_name = "stdout|stderr|PATH")]
    pub(crate) access_log: Option<LineSink>,

    /// How these lines are written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) access_log_format: LogFormat,
}

/// What becomes of a request whose path can be read in more than one way.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Ambiguous {
    /// The answer is 400
    Refuse,
    /// It is forwarded by its path as it is written
    Pass,
}

impl From<Ambiguous> for AmbiguousPaths {
    fn from(ambiguous: Ambiguous) -> Self {
        match ambiguous {
            Ambiguous::Refuse => Self::Refuse,
            Ambiguous::Pass => Self::Pass,
        }
    }
}

fn hop_id(text: &str) -> Result<HopId, String> {
    HopId::new(text).ok_or_else(|| {
        format!("expected letters, digits and other characters of a token, found {text:?}")
    })
}

/// A network, or an address alone.
fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    let network = text.parse().or_else(|_| address());
    network
        .map_err(|_| format!("expected a network such as 10.0.0.0/8 or an address, found {text:?}"))
}
