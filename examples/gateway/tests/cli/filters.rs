//! What options of routes do to traffic, and that they leave that of others alone: over both versions of HTTP, with bodies
//! of nothing, some, too many and streamed bytes.

use crate::options::{each_version, has, lacks, tuned};

/// A body of so many bytes, whose length is not said where the version of HTTP allows that.
fn streamed(length: usize) -> Vec<String> {
    let body = "x".repeat(length);
    ["-H", "transfer-encoding: chunked", "-d", &body]
        .map(str::to_owned)
        .to_vec()
}

/// Checks an option of `/tuned` by the statuses of requests with these arguments.
fn answers(options: &str, rows: &[(&str, &[&str], u16)]) {
    let (_files, gateway) = tuned(options);
    for (path, arguments, status) in rows {
        each_version(&gateway, path, arguments, |answer| {
            assert_eq!(answer.status, *status, "{options} {path} {arguments:?}");
        });
    }
}

#[test]
fn a_fault_answers_the_requests_of_its_route() {
    answers(
        "{faults: {abort: {httpStatus: 418, percentage: 100}}}",
        &[
            ("/tuned", &[], 418),
            ("/tuned", &["-d", "hi"], 418),
            ("/", &[], 200),
        ],
    );
    // Without a percentage there are none.
    answers(
        "{faults: {abort: {httpStatus: 418}}}",
        &[("/tuned", &[], 200)],
    );
}

#[test]
fn requests_that_change_something_have_to_come_from_the_host_itself() {
    let on = "{csrf: {filterEnabled: {defaultValue: {numerator: 100}}, additionalOrigins: [{suffix: .b.example}]}}";
    let from = |origin: &'static str| ["-d", "hi", "-H", origin];
    let (other, additional) = (
        from("origin: https://a.example"),
        from("origin: https://x.b.example"),
    );
    answers(
        on,
        &[
            ("/tuned", &other, 403),
            ("/tuned", &additional, 200),
            ("/tuned", &["-d", "hi"], 403),
            ("/tuned", &["-H", "origin: https://a.example"], 200),
            ("/", &other, 200),
        ],
    );
    answers("{csrf: {}}", &[("/tuned", &other, 200)]);
}

#[test]
fn bodies_are_read_up_to_a_limit() {
    let (fits, over) = (streamed(10), streamed(11));
    let [fits, over] =
        [&fits, &over].map(|body| body.iter().map(String::as_str).collect::<Vec<_>>());
    answers(
        "{bufferPerRoute: {buffer: {maxRequestBytes: 10}}}",
        &[
            ("/tuned", &[], 200),
            ("/tuned", &["-d", "0123456789"], 200),
            ("/tuned", &["-d", "0123456789a"], 413),
            ("/tuned", &fits, 200),
            ("/tuned", &over, 413),
            ("/", &over, 200),
        ],
    );
}

#[test]
fn a_bucket_lets_through_what_it_has_tokens_for() {
    let options = "{ratelimit: {localRatelimit: {maxTokens: 3, fillInterval: 3600s}}}";
    answers(
        options,
        &[("/tuned", &[], 200), ("/", &[], 200), ("/", &[], 200)],
    );
    // The third token goes to the first of both versions.
    let (_files, gateway) = tuned(options);
    for status in [200, 200, 200, 429, 429] {
        assert_eq!(
            crate::support::curl(&[&gateway.url("/tuned")]).status,
            status
        );
    }
}

#[test]
fn headers_are_changed_whatever_the_body() {
    let (_files, gateway) = tuned(
        "{headerManipulation: {requestHeadersToAdd: [{header: {key: x-in, value: '%REQ(:method)%'}}], \
         requestHeadersToRemove: [x-gone], responseHeadersToAdd: [{header: {key: x-out, value: '%RESPONSE_CODE%'}}]}}",
    );
    let long = streamed(70_000);
    let long: Vec<_> = long.iter().map(String::as_str).collect();
    for body in [&[][..], &["-d", "hi"], &long] {
        let arguments = [&["-H", "x-gone: 1"][..], body].concat();
        let method = if body.is_empty() { "GET" } else { "POST" };
        each_version(&gateway, "/tuned", &arguments, |answer| {
            assert_eq!(answer.status, 200);
            has(answer, &format!("x-in: {method}"));
            has(answer, "x-out: 200");
            lacks(answer, "x-gone");
        });
        each_version(&gateway, "/", &arguments, |answer| {
            lacks(answer, "x-in");
            lacks(answer, "x-out");
            has(answer, "x-gone: 1");
        });
    }
}

#[test]
fn a_template_reads_bodies_up_to_a_limit() {
    let (_files, gateway) = tuned(
        "{transformations: {requestTransformation: {transformationTemplate: {parseBodyBehavior: DontParse, \
         headers: {x-body: {text: '{{ length(body()) }}'}}}}}}",
    );
    let (short, long) = (streamed(100), streamed(100_000));
    for (body, length) in [(&[][..], 0), (&short[..], 100), (&long[..], 100_000)] {
        let body: Vec<_> = body.iter().map(String::as_str).collect();
        each_version(&gateway, "/tuned", &body, |answer| {
            assert_eq!(answer.status, 200);
            has(answer, &format!("x-body: {length}"));
        });
    }
    // More than a command line holds comes out of a file.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), vec![b'x'; (1 << 20) + 1]).unwrap();
    let over = format!("@{}", file.path().display());
    each_version(
        &gateway,
        "/tuned",
        &["-H", "expect:", "--data-binary", &over],
        |answer| {
            assert_eq!(answer.status, 413);
            has(answer, "payload too large");
        },
    );
}
