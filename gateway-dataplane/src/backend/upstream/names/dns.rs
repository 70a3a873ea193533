//! Looking names up in the DNS.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use tokio::sync::OnceCell;

use super::{Answer, LookingUp, Lookup};

/// Asks the DNS, over UDP and, where that fails, TCP. Of a name that has both, the addresses of IPv4 are taken.
#[derive(Default)]
pub struct Dns {
    /// Who is asked in place of the servers of the system.
    servers: Vec<SocketAddr>,
    /// Made within the runtime that asks.
    resolver: OnceCell<TokioResolver>,
}

impl Dns {
    /// As the system does: with the servers and search list of `/etc/resolv.conf`, after `/etc/hosts`.
    pub fn system() -> Self {
        Self::default()
    }

    /// Asks these servers alone. Without any, it is as the [`system`](Self::system) does.
    pub fn asking(servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self {
            servers: servers.into_iter().collect(),
            ..Self::default()
        }
    }

    fn resolver(&self) -> io::Result<TokioResolver> {
        let (own, runtime) = (!self.servers.is_empty(), TokioRuntimeProvider::default());
        let mut builder = match own {
            true => {
                let servers = self.servers.iter().map(server).collect();
                let config = ResolverConfig::from_parts(None, Vec::new(), servers);
                TokioResolver::builder_with_config(config, runtime)
            }
            false => TokioResolver::builder_tokio().map_err(io::Error::other)?,
        };
        let options = builder.options_mut();
        options.ip_strategy = LookupIpStrategy::Ipv4thenIpv6;
        options.cache_size = CACHED;
        options.negative_max_ttl = Some(GONE_FOR);
        if own {
            options.use_hosts_file = ResolveHosts::Never;
        }
        builder.build().map_err(io::Error::other)
    }

    async fn ask(&self, name: &str) -> io::Result<Answer> {
        let make = async || self.resolver();
        let resolver = self.resolver.get_or_try_init(make).await?;
        match resolver.lookup_ip(name).await {
            Ok(found) => Ok(Answer {
                addresses: found.iter().collect::<Vec<IpAddr>>(),
                valid_for: found
                    .valid_until()
                    .saturating_duration_since(Instant::now()),
            }),
            Err(error) if error.is_no_records_found() => Ok(Answer {
                addresses: Vec::new(),
                valid_for: GONE_FOR,
            }),
            Err(error) => Err(io::Error::other(error)),
        }
    }
}

/// Answers that are kept for the next who asks.
const CACHED: u64 = 1_024;

/// The time that a name which is not there is left alone at most.
const GONE_FOR: Duration = Duration::from_secs(5);

fn server(address: &SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
    let at_port = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    NameServerConfig::new(address.ip(), true, connections.map(at_port).to_vec())
}

impl Lookup for Dns {
    fn lookup<'a>(&'a self, name: &'a str) -> LookingUp<'a> {
        Box::pin(self.ask(name))
    }
}

impl std::fmt::Debug for Dns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dns")
            .field("servers", &self.servers)
            .finish_non_exhaustive()
    }
}
