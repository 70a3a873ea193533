//! A writer, and an API server that answers when it is let.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gateway_model::k8s_gateway::RouteOption;
use gateway_model::{Gateway, Kind, ObjectRef, RouteStatus};
use gateway_resolve::Status;
use http::{Request, Response};
use kube::Client;
use kube::client::Body;
use tokio::sync::Semaphore;

use super::{Content, PARALLEL, TIMEOUT, Writer};
use crate::controller::write::{Fingerprint, Key, Part, Write};

fn write(number: usize) -> Write {
    let object = ObjectRef::new(Gateway::GROUP, Gateway::KIND, "default", number.to_string());
    Write {
        key: Key::new(object, Part::Status),
        version: Some("1".to_owned()),
        content: Content::Status(Box::new(Status::Route(RouteStatus::default()))),
        wish: Fingerprint::of(&"wanted"),
        stored: Fingerprint::of(&"stored"),
    }
}

/// An API server that answers, what it was asked for, once it is let.
fn server(asked: &Arc<AtomicUsize>, answers: &Arc<Semaphore>) -> Client {
    let (asked, answers) = (Arc::clone(asked), Arc::clone(answers));
    let service = tower::service_fn(move |_: Request<Body>| {
        let (asked, answers) = (Arc::clone(&asked), Arc::clone(&answers));
        async move {
            asked.fetch_add(1, Ordering::Relaxed);
            answers.acquire().await.unwrap().forget();
            let object = serde_json::json!({"apiVersion": "gateway.networking.k8s.io/v1",
                "kind": "Gateway", "metadata": {"name": "any", "namespace": "default"},
                "spec": {"gatewayClassName": "any",
                    "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]}});
            Ok::<_, Infallible>(Response::new(Body::from(object.to_string().into_bytes())))
        }
    });
    Client::new(service, "default")
}

#[tokio::test(start_paused = true)]
async fn a_process_that_no_longer_leads_starts_no_write() {
    let (asked, answers) = (Arc::default(), Arc::new(Semaphore::new(0)));
    let leads = tokio::sync::watch::Sender::new(true);
    let mut writer = Writer::new(server(&asked, &answers), leads.subscribe());
    writer.plan((0..PARALLEL * 2).map(write).collect(), |_| true);
    tokio::task::yield_now().await;
    leads.send_replace(false);
    answers.add_permits(PARALLEL * 2);
    for _ in 0..PARALLEL {
        writer.written().await;
    }
    writer.finished();
    tokio::task::yield_now().await;
    assert_eq!(asked.load(Ordering::Relaxed), PARALLEL);
    leads.send_replace(true);
    writer.plan((0..PARALLEL).map(write).collect(), |_| true);
    writer.written().await;
    assert!(asked.load(Ordering::Relaxed) > PARALLEL);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_not_answered_makes_room_for_others() {
    let (asked, answers) = (Arc::default(), Arc::new(Semaphore::new(0)));
    let leads = tokio::sync::watch::Sender::new(true);
    let mut writer = Writer::new(server(&asked, &answers), leads.subscribe());
    writer.plan((0..=PARALLEL).map(write).collect(), |_| true);
    let answer = async {
        while asked.load(Ordering::Relaxed) <= PARALLEL {
            tokio::time::sleep(TIMEOUT).await;
        }
        answers.add_permits(PARALLEL);
    };
    let both = async { tokio::join!(writer.written(), answer) };
    let (written, ()) = tokio::time::timeout(TIMEOUT * 3, both).await.unwrap();
    assert_eq!(written.over.as_deref(), Some("1"));
}

/// K8sGateway: the status of an option is no subresource.
#[tokio::test]
async fn a_patch_is_of_the_object_itself() {
    let (sender, mut asked) = tokio::sync::mpsc::unbounded_channel();
    let service = tower::service_fn(move |request: Request<Body>| {
        let sender = sender.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect_bytes().await.unwrap();
            let line = format!("{} {}", head.method, head.uri.path());
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            sender.send((line, body)).unwrap();
            Ok::<_, Infallible>(Response::new(Body::empty()))
        }
    });
    let patch = serde_json::json!({"metadata": {"resourceVersion": "1"}, "status": {}});
    let mut write = write(0);
    write.key.object = ObjectRef::new(RouteOption::GROUP, RouteOption::KIND, "default", "any");
    write.content = Content::Patch(patch.clone());
    let _ = super::put(Client::new(service, "default"), &write).await;
    let path = "PATCH /apis/gateway.solo.io/v1/namespaces/default/routeoptions/any";
    assert_eq!(asked.recv().await.unwrap(), (path.to_owned(), patch));
}
