//! Candidates for one lease, an API server in memory, and a clock that jumps.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use k8s_openapi::api::coordination::v1::Lease;
use kube::Client;
use kube::client::Body;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::{Candidate, DEADLINE, DURATION, INTERVAL};

/// An API server that has one lease.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<Option<Lease>>>);

impl Server {
    fn lease(&self) -> MutexGuard<'_, Option<Lease>> {
        self.0.lock().unwrap()
    }

    fn holder(&self) -> Option<String> {
        self.lease().clone()?.spec?.holder_identity
    }

    async fn answer(self, request: Request<Body>) -> Result<Response<Body>, Infallible> {
        let method = request.method().clone();
        let sent = request.into_body().collect().await.unwrap().to_bytes();
        let mut lease = self.lease();
        let version = |lease: &Option<Lease>| {
            let version = lease.as_ref()?.metadata.resource_version.clone()?;
            version.parse::<u64>().ok()
        };
        let before = version(&lease);
        if method != Method::GET {
            let mut new: Option<Lease> = serde_json::from_slice(&sent).unwrap();
            if version(&new) != before {
                return Ok(refusal(StatusCode::CONFLICT, "Conflict"));
            }
            let next = (before.unwrap_or(0) + 1).to_string();
            new.as_mut().unwrap().metadata.resource_version = Some(next);
            *lease = new;
        }
        let Some(lease) = &*lease else {
            return Ok(refusal(StatusCode::NOT_FOUND, "NotFound"));
        };
        Ok(Response::new(Body::from(
            serde_json::to_vec(lease).unwrap(),
        )))
    }
}

fn refusal(status: StatusCode, reason: &str) -> Response<Body> {
    let code = status.as_u16();
    let body = serde_json::json!({"kind": "Status", "status": "Failure", "code": code,
        "message": "", "reason": reason});
    let mut response = Response::new(Body::from(body.to_string().into_bytes()));
    *response.status_mut() = status;
    response
}

/// A candidate that runs, and what may keep it from the server.
struct Replica {
    cut_off: Arc<AtomicBool>,
    leads: watch::Receiver<bool>,
    stop: watch::Sender<bool>,
    run: JoinHandle<()>,
}

impl Replica {
    fn start(server: &Server) -> Self {
        let (server, cut_off) = (server.clone(), Arc::new(AtomicBool::new(false)));
        let cut = Arc::clone(&cut_off);
        let service = tower::service_fn(move |request| {
            let (server, cut) = (server.clone(), Arc::clone(&cut));
            async move {
                if cut.load(Ordering::Relaxed) {
                    std::future::pending::<()>().await;
                }
                server.answer(request).await
            }
        });
        let candidate = Candidate::new(&Client::new(service, "system"), "lease");
        let stop = watch::Sender::new(false);
        Self {
            cut_off,
            leads: candidate.leads(),
            run: tokio::spawn(candidate.run(stop.subscribe())),
            stop,
        }
    }

    /// How long it takes until the replica leads, or leads no longer.
    async fn until(&mut self, leads: bool) -> Duration {
        let start = Instant::now();
        let change = self.leads.wait_for(|now| *now == leads);
        drop(timeout(DURATION * 3, change).await.unwrap().unwrap());
        start.elapsed()
    }

    fn cut_off(&self) {
        self.cut_off.store(true, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_replicas_one_leads() {
    let server = Server::default();
    let mut first = Replica::start(&server);
    first.until(true).await;
    let second = Replica::start(&server);
    tokio::time::sleep(DURATION * 4).await;
    assert!(*first.leads.borrow());
    assert!(!*second.leads.borrow());
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_stops_lets_another_lead_at_once() {
    let server = Server::default();
    let mut first = Replica::start(&server);
    first.until(true).await;
    let mut second = Replica::start(&server);
    first.stop.send_replace(true);
    first.run.await.unwrap();
    assert_eq!(server.holder(), None);
    assert!(second.until(true).await <= INTERVAL);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_cut_off_gives_up_before_another_leads() {
    let server = Server::default();
    let mut first = Replica::start(&server);
    first.until(true).await;
    let mut second = Replica::start(&server);
    tokio::time::sleep(INTERVAL * 3).await;
    first.cut_off();
    assert!(first.until(false).await <= DEADLINE);
    assert!(!*second.leads.borrow());
    assert!(second.until(true).await <= DURATION + INTERVAL);
    assert!(!*first.leads.borrow());
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_does_not_lead_leaves_the_lease_when_it_stops() {
    let server = Server::default();
    let mut first = Replica::start(&server);
    first.until(true).await;
    let holder = server.holder();
    let second = Replica::start(&server);
    tokio::time::sleep(INTERVAL * 2).await;
    second.stop.send_replace(true);
    second.run.await.unwrap();
    assert_eq!(server.holder(), holder);
}
