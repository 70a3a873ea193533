//! Functions of AWS Lambda behind the program, from its manifests to an emulator.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::files::Files;
use crate::support::{Gateway, curl, example, output, text};

/// An emulator: `orders` answers what it was told, and `events` nothing.
fn emulator() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let streams = listener.incoming().map_while(Result::ok);
        streams.for_each(|stream| answer(&stream));
    });
    port
}

fn answer(mut stream: &TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let lines = reader.by_ref().lines().map_while(Result::ok);
    let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    let length = head
        .iter()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let is_signed =
        |line: &String| line.starts_with("authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/");
    let asked = match head.iter().any(is_signed) {
        true => head[0].as_str(),
        false => "unsigned",
    };
    let (status, text) = match asked {
        "POST /2015-03-31/functions/orders/invocations?Qualifier=live HTTP/1.1" => {
            let told: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let said = serde_json::json!({
                "statusCode": 201, "headers": {"x-order": "7"},
                "body": format!("{} {}", told["httpMethod"], told["path"]),
            });
            (200, said.to_string())
        }
        "POST /2015-03-31/functions/events/invocations HTTP/1.1" => {
            let waits = head.contains(&"x-amz-invocation-type: RequestResponse".to_owned());
            (
                if waits || body != b"seen" { 500 } else { 202 },
                String::new(),
            )
        }
        _ => (404, String::new()),
    };
    let length = text.len();
    let head =
        format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let _gone = stream.write_all([head, text].concat().as_bytes());
}

#[test]
fn explain_names_the_function() {
    let manifest = example("k8sgateway/lambda.yaml");
    let url = "http://localhost:8080/orders/7";
    let arguments = ["explain", manifest.to_str().unwrap(), "--url", url];
    let said = text(&output(&arguments).stdout);
    let answer = "Upstream shop/answering:9000 function orders at 127.0.0.1:9000";
    assert!(said.contains(answer), "{said}");
    let json = output(&[&arguments[..], &["-o", "json"]].concat());
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["targets"][0]["backend"]["function"], "orders");
}

#[test]
fn lambda_answers_orders_and_takes_events() {
    let manifest = std::fs::read_to_string(example("k8sgateway/lambda.yaml")).unwrap();
    let here = format!("127.0.0.1:{}", emulator());
    let manifest = manifest.replace("127.0.0.1:9000", &here);
    let files = Files::new(&[("a.yaml", &manifest)]);
    let gateway = Gateway::serving(&[files.path("a.yaml").to_str().unwrap()]);
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        let order = curl(&[&gateway.url("/orders/7"), version]);
        assert_eq!(order.status, 201, "{order:?}");
        assert!(order.text.contains("x-order: 7\r\n"), "{order:?}");
        assert!(order.text.ends_with(r#""GET" "/orders/7""#), "{order:?}");
        let event = curl(&[&gateway.url("/events"), version, "-d", "seen"]);
        assert_eq!(event.status, 202, "{event:?}");
    }
    drop(gateway);
    let elsewhere = manifest.replace("name: orders\n", "name: nobody\n");
    let files = Files::new(&[("a.yaml", &elsewhere)]);
    let gateway = Gateway::serving(&[files.path("a.yaml").to_str().unwrap()]);
    assert_eq!(curl(&[&gateway.url("/orders/7")]).status, 500);
}
