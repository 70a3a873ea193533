//! Plans, for a proxy that is not this crate's: what they say, and that they say what this crate's own proxy does.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use gateway_dataplane::admit::{self, Admit, Admitted, Asking, Edits, Entering, Stages};
use gateway_dataplane::head::{RequestHead, ResponseHead};
use gateway_dataplane::observe::Reason;
use gateway_dataplane::plan::{Forward, Plan, Planner, Routed};
use gateway_dataplane::table::{Destination, SocketKey, Table};
use gateway_dataplane::{Body, ConnectionInfo};
use gateway_model::{HeaderName, HeaderValue};
use gateway_resolve::ir::{
    Action, Cors, Extension, Filter, Fraction, HeaderEdits, Ir, LocalRateLimit, Mirror,
    OriginPattern, PathRewrite, Redirect, Refusal, RefusalReason, Rewrite, Sourced, Target,
    WeightedTarget,
};
use http::{Request, StatusCode};

use crate::support;
use crate::support::client::Raw;
use crate::support::{
    attempt_timeout, backend, filtered, ir, listener, on_port, request_timeout, rule, serve,
    source, to, to_id,
};

const PORT: u16 = 8080;

/// A table in which names stand for backends.
fn table(ir: &Ir) -> Table<String> {
    Table::compile(ir, |backend| backend.id.object.name.to_string())
}

fn head(target: &str, fields: &[(&str, &str)]) -> RequestHead {
    let request = Request::get(target).header("host", "a.example");
    let request = fields.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    RequestHead::from(&request.body(()).unwrap().into_parts().0)
}

fn connection() -> ConnectionInfo {
    let socket = SocketKey::tcp(None, PORT);
    ConnectionInfo::new("127.0.0.1:1234".parse().unwrap(), socket)
}

fn plan(ir: &Ir, head: &mut RequestHead, random: u64) -> Plan<String> {
    let (table, connection) = (table(ir), connection());
    let socket = table.socket(&connection.socket).unwrap();
    Planner::default().plan(socket, &connection, head, || random)
}

fn forward(ir: &Ir, head: &mut RequestHead, random: u64) -> Box<Forward<String>> {
    match plan(ir, head, random) {
        Plan::Forward(forward) => forward,
        Plan::Answer { answer, .. } => panic!("answered with {}", answer.head.status),
    }
}

fn set(name: &str, value: &str) -> HeaderEdits {
    let (name, value) = (HeaderName::new(name), HeaderValue::new(value));
    HeaderEdits {
        set: vec![(name.unwrap(), value.unwrap())],
        ..HeaderEdits::default()
    }
}

fn mirror(name: &str, percent: u32) -> Filter {
    Filter::Mirror(Mirror {
        target: to_id(name),
        share: Fraction {
            numerator: percent,
            denominator: NonZeroU32::new(100).unwrap(),
        },
        host_suffix: None,
    })
}

fn cors() -> Filter {
    Filter::Cors(Cors {
        allow_origins: vec![OriginPattern::Exact("https://b.example".into())],
        allow_credentials: false,
        allow_methods: vec![],
        allow_headers: vec![],
        expose_headers: vec![],
        max_age: NonZeroU32::MIN,
    })
}

fn to_path(path: PathRewrite) -> Filter {
    Filter::Rewrite(Rewrite {
        hostname: None,
        path: Some(path),
    })
}

fn on(routes: Vec<(&str, gateway_resolve::ir::Rule)>) -> Arc<Ir> {
    let listener = on_port(listener("http", routes), PORT);
    ir(
        vec![listener],
        ["a", "b"].map(|name| backend(name, &[])).into(),
    )
}

/// Every step has its other side: what is settled when the request begins finishes the response, whatever became of the
/// table and on whichever thread.
#[test]
fn a_forward_outlives_its_table_and_finishes_the_response_on_another_thread() {
    let of_target = WeightedTarget {
        filters: vec![Filter::ResponseHeaders(set("x-by", "target")), cors()],
        ..to("a")
    };
    let plain = filtered(
        rule(vec![of_target]),
        vec![Filter::ResponseHeaders(set("x-by", "rule"))],
    );
    let limited = attempt_timeout(
        request_timeout(plain, Duration::from_secs(3)),
        Duration::from_secs(2),
    );
    let ir = on(vec![("/", limited)]);
    let mut head = head(
        "/x",
        &[
            ("origin", "https://b.example"),
            ("connection", "x-hop"),
            ("x-hop", "1"),
        ],
    );
    let forward = forward(&ir, &mut head, 0);
    assert!(!head.fields.contains("x-hop") && head.fields.contains("x-forwarded-for"));
    assert_eq!(forward.destination(), &Destination::Backend("a".to_owned()));
    assert_eq!(forward.backend().map(|id| &*id.object.name), Some("a"));
    assert_eq!(&*forward.rule().ir().source.id.route.name, "route");
    let limits = [forward.request_timeout(), forward.attempt_timeout()];
    assert_eq!(limits, [3, 2].map(|s| Some(Duration::from_secs(s))));
    let finished = std::thread::spawn(move || {
        let mut response = ResponseHead::new(StatusCode::OK);
        forward.finish(&Planner::default(), &mut response);
        response
    });
    let fields = finished.join().unwrap().fields;
    assert_eq!(
        fields.text("access-control-allow-origin"),
        Some("https://b.example")
    );
    // The rule's filters are the outer ones.
    assert_eq!(fields.text("x-by"), Some("rule"));
}

/// HTTPRoute `backendRefs.weight` and HTTPRequestMirrorFilter `percent`: by the caller's numbers, and no others.
#[test]
fn the_same_numbers_make_the_same_plan() {
    let split = rule(vec![to("a"), to("b")]);
    let ir = on(vec![("/", filtered(split, vec![mirror("b", 50)]))]);
    for (random, name, copies) in [(0, "a", 1), (u64::MAX, "b", 0)] {
        let mut sent = head("/x", &[]);
        let forward = forward(&ir, &mut sent, random);
        assert_eq!(
            forward.destination(),
            &Destination::Backend(name.to_owned())
        );
        assert_eq!(forward.mirrors().len(), copies, "{random}");
        let mut again = head("/x", &[]);
        self::forward(&ir, &mut again, random);
        assert!(sent.fields.iter().eq(again.fields.iter()), "{random}");
    }
}

/// HTTPRoute `filters`: in the order of the list, those of the rule before those of the backend; a mirror gets what its
/// predecessors left.
#[test]
fn edits_come_in_order_and_a_mirror_gets_what_is_there_by_then() {
    let edited = WeightedTarget {
        filters: vec![Filter::RequestHeaders(set("x-by", "target"))],
        ..to("a")
    };
    let filters = vec![
        Filter::RequestHeaders(set("x-by", "rule")),
        mirror("b", 100),
        to_path(PathRewrite::Prefix("/new".into())),
    ];
    let ir = on(vec![("/old", filtered(rule(vec![edited]), filters))]);
    let mut head = head("/old/./x?q", &[]);
    let forward = forward(&ir, &mut head, 7);
    assert_eq!(
        (head.target(), head.fields.text("x-by")),
        ("/new/x?q", Some("target"))
    );
    let [copy] = forward.mirrors() else {
        panic!("{:?}", forward.mirrors())
    };
    let copied = (
        &*copy.backend,
        copy.head.target(),
        copy.head.fields.text("x-by"),
    );
    assert_eq!(copied, ("b", "/old/x?q", Some("rule")));
}

/// Between the two steps the rule is known, and the head is the client's.
#[test]
fn an_embedder_decides_between_the_rule_and_its_target() {
    let ir = on(vec![(
        "/",
        request_timeout(rule(vec![to("a")]), Duration::from_secs(3)),
    )]);
    let (table, connection, planner) = (table(&ir), connection(), Planner::default());
    let socket = table.socket(&connection.socket).unwrap();
    let mut head = head("/x", &[]);
    let Routed::To(hit) = planner.route(socket, &connection, &mut head) else {
        panic!("no rule")
    };
    assert!(&*hit.rule.ir().source.id.route.name == "route" && !head.fields.contains("via"));
    let spent = Duration::from_secs(1);
    let forward = planner
        .prepare(hit, spent, &connection, &mut head, || 0)
        .unwrap();
    assert_eq!(forward.request_timeout(), Some(Duration::from_secs(2)));
}

/// A status in place of a response is told as the client reads it (gRPC over HTTP2: in the trailers), with the marks that
/// the backend's response would have.
#[test]
fn an_answer_for_a_refused_target_is_finished_and_in_the_clients_language() {
    let refused = WeightedTarget {
        target: Target::Refused(Refusal::new(RefusalReason::BackendNotFound, "gone")),
        ..to("a")
    };
    let ir = on(vec![("/", filtered(rule(vec![refused]), vec![cors()]))]);
    let asked = [
        ("origin", "https://b.example"),
        ("content-type", "application/grpc"),
    ];
    let forward = forward(&ir, &mut head("/x", &asked), 0);
    let Destination::Refused(status) = *forward.destination() else {
        panic!("{:?}", forward.destination())
    };
    let answer = forward.answer(&Planner::default(), status, Reason::Refused);
    let fields = &answer.head.fields;
    assert_eq!(
        (answer.head.status.as_u16(), fields.text("grpc-status")),
        (200, Some("14"))
    );
    assert_eq!(
        fields.text("access-control-allow-origin"),
        Some("https://b.example")
    );
}

/// Whatever the gateway answers itself, the plan answers alike.
#[tokio::test]
async fn a_plan_answers_what_the_proxy_answers() {
    let mut redirect = filtered(rule(vec![to("a")]), vec![cors()]);
    redirect.action = Action::Redirect(Redirect {
        scheme: None,
        hostname: None,
        path: None,
        port: None,
        status: 302,
    });
    let of_target = WeightedTarget {
        filters: vec![cors()],
        ..to("a")
    };
    let long = to_path(PathRewrite::Prefix("/x".repeat(40_000).into()));
    let ir = on(vec![
        ("/redirect", redirect),
        ("/target", rule(vec![of_target])),
        ("/long", filtered(rule(vec![to("a")]), vec![long])),
    ]);
    let (_proxy, at) = serve(&ir);
    let origin = "origin: https://b.example\r\n";
    let asks = format!("{origin}access-control-request-method: GET\r\n");
    let rows = [
        ("GET /redirect/x", origin, 302),
        ("OPTIONS /target", &*asks, 200),
        ("GET /long/y", "", 414),
        ("TRACE /target", "max-forwards: 0\r\n", 501),
        ("GET /other", "", 404),
        ("GET /target\\", "", 400),
    ];
    for (line, fields, status) in rows {
        let text = format!("{line} HTTP/1.1\r\nhost: a.example\r\n{fields}\r\n");
        let mut client = Raw::connect(at).await;
        client.send(&text).await;
        let said = client.answer().await;
        assert_eq!(said.status, status, "{line}");
        let Plan::Answer { answer, rule } = plan(&ir, &mut parsed(&text), 0) else {
            panic!("{line} is forwarded")
        };
        let known = !matches!(status, 400 | 404 | 501);
        assert_eq!(
            (answer.head.status, rule.is_some()),
            (status_of(status), known),
            "{line}"
        );
        assert_eq!(answer.text, said.body, "{line}");
        for (name, value) in answer.head.fields.iter() {
            let said = said.header(name).unwrap_or_default().as_bytes();
            assert!(said.eq_ignore_ascii_case(value), "{line}: {name}");
        }
    }
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap()
}

/// The head of a request in the text of HTTP/1.
fn parsed(text: &str) -> RequestHead {
    let mut lines = text.lines();
    let mut line = lines.next().unwrap().split(' ');
    let request = Request::builder().method(line.next().unwrap());
    let request = request.uri(line.next().unwrap());
    let fields = lines.filter_map(|line| line.split_once(": "));
    let request = fields.fold(request, |request, (name, value)| {
        request.header(name, value)
    });
    RequestHead::from(&request.body(()).unwrap().into_parts().0)
}

/// A plan asks nobody and counts nothing: what settings let pass by such means alone does not pass without them.
#[test]
fn a_rule_that_nobody_guards_lets_nobody_pass() {
    let mut guarded = rule(vec![to("a")]);
    guarded.settings.local_rate_limit = support::set(LocalRateLimit {
        tokens: NonZeroU32::MIN,
        refill: NonZeroU32::MIN,
        interval: Duration::from_secs(1),
    });
    let ir = on(vec![("/", guarded)]);
    match plan(&ir, &mut head("/", &[]), 0) {
        Plan::Answer { answer, rule } => {
            assert_eq!(answer.head.status, StatusCode::INTERNAL_SERVER_ERROR);
            assert!(rule.unwrap().is_unguarded());
        }
        Plan::Forward(_) => panic!("it passes"),
    }
    let (table, connection) = (table(&ir), connection());
    let socket = table.socket(&connection.socket).unwrap();
    let routed = Planner::default().route(socket, &connection, &mut head("/", &[]));
    assert!(matches!(routed, Routed::To(hit) if hit.rule.is_unguarded()));
}

/// Lets those in who have a key; in one way or the other.
struct Keyed {
    now: bool,
}

impl Keyed {
    fn look(request: &Asking<'_>) -> Result<(), admit::Refusal> {
        match request.head.fields.contains("x-key") {
            true => Ok(()),
            false => Err(Box::new(support::refusal(StatusCode::UNAUTHORIZED))),
        }
    }
}

impl Admit for Keyed {
    fn admit<'a>(&'a self, request: Asking<'a>) -> Admitted<'a> {
        Box::pin(async move { Self::look(&request) })
    }

    fn admit_now(&self, request: &mut Asking<'_>) -> Option<Result<(), admit::Refusal>> {
        self.now.then(|| Self::look(request))
    }
}

/// What the status is with a stage of the rule, and with one before routing: 200 for a forward.
async fn with_stages(now: bool, key: &[(&str, &str)]) -> [u16; 4] {
    let ir = on(vec![("/", rule(vec![to("a")]))]);
    let stages =
        move |_: &Arc<gateway_resolve::ir::Rule>| vec![Box::new(Keyed { now }) as Box<dyn Admit>];
    let guarded = Table::compile_admitting(&ir, |_| (), stages);
    let (planner, connection) = (Planner::default(), connection());
    let socket = guarded.socket(&connection.socket).unwrap();
    let status = |answered: Result<(), gateway_dataplane::plan::Answer>| {
        answered.map_or_else(|answer| answer.head.status.as_u16(), |()| 200)
    };
    let planned = match planner.plan(socket, &connection, &mut head("/", key), || 0) {
        Plan::Answer { answer, .. } => answer.head.status.as_u16(),
        Plan::Forward(_) => 200,
    };
    let mut asking = head("/", key);
    let Routed::To(hit) = planner.route(socket, &connection, &mut asking) else {
        panic!("it is answered early")
    };
    let (mut body, mut edits) = (Body::empty(), Edits::default());
    let entering = Entering {
        head: &mut asking,
        body: &mut body,
        edits: &mut edits,
    };
    let admitted = status(planner.admit(hit.rule, &connection, entering).await);
    let before = Stages::new(vec![Box::new(Keyed { now })]).unwrap();
    let at_once = planner.receive_now(&before, &connection, &mut head("/", key));
    let mut asking = head("/", key);
    let entering = Entering {
        head: &mut asking,
        body: &mut body,
        edits: &mut edits,
    };
    let received = planner.receive(&before, &connection, entering).await;
    [planned, admitted, status(at_once), status(received)]
}

/// A stage that has to wait lets nothing pass where nobody waits.
#[tokio::test]
async fn own_stages_are_passed_by_plans_too() {
    assert_eq!(with_stages(true, &[]).await, [401; 4]);
    assert_eq!(with_stages(true, &[("x-key", "k")]).await, [200; 4]);
    assert_eq!(with_stages(false, &[]).await, [500, 401, 500, 401]);
    assert_eq!(
        with_stages(false, &[("x-key", "k")]).await,
        [500, 200, 500, 200]
    );
}

/// A stage of an embedder's own is no substitute for those that settings ask for.
#[test]
fn a_rule_with_own_stages_alone_is_unguarded_all_the_same() {
    let mut guarded = rule(vec![to("a")]);
    guarded.settings.local_rate_limit = support::set(LocalRateLimit {
        tokens: NonZeroU32::MIN,
        refill: NonZeroU32::MIN,
        interval: Duration::from_secs(1),
    });
    let ir = on(vec![("/", guarded)]);
    let table = Table::compile_admitting(&ir, |_| (), |_| vec![Box::new(Keyed { now: true })]);
    let connection = connection();
    let socket = table.socket(&connection.socket).unwrap();
    let mut asking = head("/", &[("x-key", "k")]);
    match Planner::default().plan(socket, &connection, &mut asking, || 0) {
        Plan::Answer { answer, .. } => assert_eq!(answer.head.status, 500),
        Plan::Forward(_) => panic!("it passes"),
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Tier(u8);

/// What a policy of an embedder's own kind says is at hand wherever the rule is.
#[test]
fn settings_of_own_kinds_come_back_in_the_plan() {
    let mut urgent = rule(vec![to("a")]);
    let source = source("Tier", "urgent");
    let set = Sourced::new(Extension::new(Tier(2)), "spec", source.clone());
    urgent.settings.extensions.push(set);
    let forward = forward(&on(vec![("/", urgent)]), &mut head("/", &[]), 0);
    let set = forward.rule().ir().settings.extension::<Tier>().unwrap();
    assert_eq!(
        (set.value, &set.origin.sources[..]),
        (&Tier(2), &[source][..])
    );
}
