//! The same bytes, read by this codec and by hyper's.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proptest::prelude::*;

use super::generate::{lengths, request, response, stream};
use super::messages::{self, End, Message, Pieces};

/// The requests that hyper finds.
async fn oracle_requests(bytes: &[u8], lengths: &[usize]) -> Vec<Message> {
    let found = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&found);
    let service = service_fn(move |request: Request<Incoming>| {
        let sink = Arc::clone(&sink);
        async move {
            let line = format!("{} {}", request.method(), request.uri());
            let body = request.into_body().collect().await;
            let body = body.ok().map(|body| body.to_bytes().to_vec());
            sink.lock().unwrap().push((line, body));
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let io = TokioIo::new(Pieces::new(bytes, lengths));
    let mut server = hyper::server::conn::http1::Builder::new();
    let server = server.half_close(true).header_read_timeout(None);
    let _ended = server.serve_connection(io, service).await;
    let mut found = found.lock().unwrap();
    std::mem::take(&mut found)
}

/// The response that hyper finds.
async fn oracle_response(method: &Method, bytes: &[u8], lengths: &[usize]) -> Option<Message> {
    let io = TokioIo::new(Pieces::new(bytes, lengths).when_asked());
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.ok()?;
    let request = Request::builder().method(method).uri("/");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let answered = async {
        let response = sender.send_request(request).await.ok()?;
        let status = response.status().as_str().to_owned();
        let body = response.into_body().collect().await;
        Some((status, body.ok().map(|body| body.to_bytes().to_vec())))
    };
    let (answered, _ended) = tokio::join!(answered, connection);
    answered
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

proptest! {
    /// What this codec takes for a request is one to hyper, with the same body; what it does not take, it
    /// says so rather than reading it in another way (RFC 9112 section 11.2).
    #[test]
    fn requests_are_read_as_hyper_reads_them(bytes in stream(request()), lengths in lengths()) {
        let (ours, end) = block_on(messages::requests(&bytes, &lengths));
        let theirs = block_on(oracle_requests(&bytes, &lengths));
        for (at, our) in ours.iter().enumerate() {
            match (theirs.get(at), &our.1) {
                (Some(their), Some(_)) => prop_assert_eq!(our.1.as_ref(), their.1.as_ref()),
                // What is broken to this codec may be whole to one that is less strict.
                (_, None) => {}
                // hyper refuses targets as well, which is somebody else's business here.
                (None, Some(_)) => return Ok(()),
            }
        }
        if ours.len() < theirs.len() {
            let broken = ours.last().is_some_and(|last| last.1.is_none());
            prop_assert!(end == End::Refused || broken, "{:?} and {:?}", ours, theirs);
        }
    }

    /// The same for responses.
    #[test]
    fn responses_are_read_as_hyper_reads_them(
        bytes in stream(response()),
        lengths in lengths(),
        head in any::<bool>(),
    ) {
        let method = if head { Method::HEAD } else { Method::GET };
        let ours = block_on(messages::response(&method, &bytes, &lengths));
        let theirs = block_on(oracle_response(&method, &bytes, &lengths));
        if let Some(((status, Some(body)), _)) = ours {
            prop_assert_eq!(Some((status, Some(body))), theirs);
        }
    }

    /// Where a message ends does not depend on how it arrives. (A head that never ends is none, whether it is
    /// found to be wrong before or not.)
    #[test]
    fn pieces_do_not_matter(bytes in stream(request()), lengths in lengths()) {
        let whole = block_on(messages::requests(&bytes, &[usize::MAX]));
        let pieces = block_on(messages::requests(&bytes, &lengths));
        prop_assert_eq!(whole.0, pieces.0);
    }
}
