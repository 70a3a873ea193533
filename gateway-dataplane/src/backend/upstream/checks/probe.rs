//! Asking an endpoint whether it is well, on a connection for this alone.

use gateway_resolve::ir::{Probe, TcpProbe};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{grpc, http};
use crate::backend::upstream::connect::Connect;
use crate::backend::upstream::endpoint::Endpoint;
use crate::backend::upstream::settings::Settings;
use crate::backend::upstream::tls::Inside;
use crate::backend::upstream::way::Way;

/// How an endpoint is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Well,
    /// It does not answer.
    Ill(String),
    /// It answers that it is not.
    Down(String),
}

/// Asks `endpoint`.
pub(super) async fn ask<C: Connect>(
    probe: &Probe,
    way: &Way<C>,
    endpoint: &Endpoint,
    settings: &Settings,
) -> Found {
    let asked = match probe {
        Probe::Http(asked) => http::ask(asked, way, endpoint, settings).await,
        Probe::Tcp(asked) => tcp(asked, way, endpoint).await,
        Probe::Grpc(asked) => grpc::ask(asked, way, endpoint, settings).await,
    };
    asked.unwrap_or_else(Found::Ill)
}

/// Bytes in which what has to come is looked for.
const RECEIVED: usize = 64 << 10;

async fn tcp<C: Connect>(
    asked: &TcpProbe,
    way: &Way<C>,
    endpoint: &Endpoint,
) -> Result<Found, String> {
    let reached = way.reach(endpoint, Inside::Bytes, None).await;
    let mut stream = reached.map_err(|error| error.to_string())?;
    stream
        .write_all(&asked.send)
        .await
        .map_err(|error| error.to_string())?;
    let mut read = Vec::new();
    while !has_all(&read, &asked.receive) {
        let count = stream
            .read_buf(&mut read)
            .await
            .map_err(|error| error.to_string())?;
        if count == 0 || read.len() > RECEIVED {
            return Err("what has to come did not".to_owned());
        }
    }
    Ok(Found::Well)
}

/// Are all there, in this order?
fn has_all(read: &[u8], wanted: &[Vec<u8>]) -> bool {
    let mut rest = read;
    wanted.iter().all(|wanted| {
        let at = rest
            .windows(wanted.len())
            .position(|window| window == wanted);
        at.is_some_and(|at| {
            rest = &rest[at + wanted.len()..];
            true
        })
    })
}
