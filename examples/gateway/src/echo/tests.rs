use std::net::SocketAddr;

use gateway_model::{Resource, parse};
use gateway_resolve::Snapshot;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Echoes;

const SERVICES: &str = "
apiVersion: v1
kind: Service
metadata: {name: wanted, annotations: {gateway.example.dev/backend: echo}}
spec:
  ports:
  - {name: a, port: 80}
  - {name: b, port: 81, appProtocol: kubernetes.io/h2c}
---
apiVersion: v1
kind: Service
metadata: {name: silent}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: served, annotations: {gateway.example.dev/backend: echo}}
spec: {ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: served-1, labels: {kubernetes.io/service-name: served}}
addressType: IPv4
endpoints: []
";

fn resources(text: &str) -> Vec<Resource> {
    let manifests = parse("test.yaml", text.as_bytes());
    assert!(manifests.problems.is_empty(), "{:?}", manifests.problems);
    manifests
        .resources
        .into_iter()
        .map(|loaded| loaded.resource)
        .collect()
}

fn attached(echoes: &mut Echoes, text: &str) -> Snapshot {
    let mut resources = resources(text);
    echoes.attach(&mut resources);
    let snapshot = Snapshot::from_resources(resources);
    echoes.retain(&snapshot);
    snapshot
}

fn running(echoes: &Echoes) -> Vec<(String, SocketAddr)> {
    echoes
        .iter()
        .map(|(service, address)| (service.name.to_string(), address))
        .collect()
}

#[tokio::test]
async fn only_services_that_ask_and_have_no_slice_get_a_server() {
    let mut echoes = Echoes::default();
    let snapshot = attached(&mut echoes, SERVICES);
    let [(name, address)] = &running(&echoes)[..] else {
        panic!("one server: {echoes:?}");
    };
    assert_eq!(name, "wanted");
    assert!(address.ip().is_loopback());
    let slice = snapshot
        .endpoint_slices()
        .get("default", "wanted-embedded-echo")
        .unwrap();
    assert_eq!(slice.service(), Some("wanted"));
    assert_eq!(slice.endpoints[0].ips().next(), Some(address.ip()));
    let ports: Vec<_> = slice
        .ports
        .iter()
        .map(|p| (p.name.clone(), p.port.map(|p| p.get())))
        .collect();
    let port = Some(address.port());
    assert_eq!(
        ports,
        [(Some("a".to_owned()), port), (Some("b".to_owned()), port)]
    );
    assert_eq!(
        slice.ports[1].app_protocol.as_deref(),
        Some("kubernetes.io/h2c")
    );
}

#[tokio::test]
async fn servers_stay_for_as_long_as_they_are_wanted() {
    let mut echoes = Echoes::default();
    attached(&mut echoes, SERVICES);
    let before = running(&echoes);
    attached(&mut echoes, SERVICES);
    assert_eq!(running(&echoes), before);
    attached(
        &mut echoes,
        &SERVICES.replace("backend: echo", "backend: none"),
    );
    assert_eq!(running(&echoes), []);
}

/// The answer to a request over HTTP/1.1 that asks to close.
async fn asked(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn an_answer_tells_method_target_headers_and_length() {
    let mut echoes = Echoes::default();
    attached(&mut echoes, SERVICES);
    let address = running(&echoes)[0].1;
    let head = "POST /a%20b?c=d HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 3\r\n";
    let plain = asked(address, &format!("{head}a: 1\r\na: 2\r\n\r\nabc")).await;
    assert!(plain.starts_with("HTTP/1.1 200 OK\r\n"), "{plain}");
    assert!(plain.contains("Service default/wanted"), "{plain}");
    assert!(plain.contains("POST /a%20b?c=d HTTP/1.1\n"), "{plain}");
    assert!(plain.contains("a: 1\na: 2\n"), "{plain}");
    assert!(plain.contains("3 bytes of body"), "{plain}");

    let json = asked(
        address,
        &format!("{head}accept: application/json\r\na: 1\r\na: 2\r\n\r\nabc"),
    )
    .await;
    let (_, body) = json.split_once("\r\n\r\n").unwrap();
    let value: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        value["service"],
        serde_json::json!({"namespace": "default", "name": "wanted"})
    );
    assert_eq!(
        (&value["method"], &value["target"]),
        (&"POST".into(), &"/a%20b?c=d".into())
    );
    assert_eq!(value["headers"]["a"], serde_json::json!(["1", "2"]));
    assert_eq!(value["bodyBytes"], 3);
}
