//! Where the output goes: a full disk is told, a reader that has seen enough is not.

use std::fs::File;
use std::process::{Output, Stdio};
use std::time::Instant;

use crate::files::{quickstart, redirecting, replace};
use crate::support::{LONG, curl, example, free_offset, gateway, text};

/// Everything that prints on standard output and ends, and its exit status when it can.
fn commands() -> Vec<(Vec<String>, i32)> {
    let path = example("quickstart.yaml").display().to_string();
    let missing = example("none.yaml").display().to_string();
    let url = "http://localhost:8080/";
    let commands: [(&[&str], i32); 10] = [
        (&["check", &path], 0),
        (&["check", &path, "-o", "yaml"], 0),
        (&["check", &path, "-o", "json"], 0),
        (&["check", &missing], 2),
        (&["explain", &path, "--url", url], 0),
        (&["completions", "bash"], 0),
        (&["completions", "zsh"], 0),
        (&["--help"], 0),
        (&["check", "--help"], 0),
        (&["--version"], 0),
    ];
    let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    commands.map(|(words, code)| (owned(words), code)).into()
}

fn run(arguments: &[String], stdout: Stdio, stderr: Stdio) -> Output {
    let mut command = gateway();
    command.args(arguments).stdout(stdout).stderr(stderr);
    command.spawn().unwrap().wait_with_output().unwrap()
}

fn full() -> Stdio {
    File::create("/dev/full").unwrap().into()
}

#[test]
fn what_cannot_be_printed_is_an_error_that_says_so() {
    for (arguments, _) in commands() {
        let output = run(&arguments, full(), Stdio::piped());
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        let expected = "error: cannot write to standard output: No space left on device";
        assert!(errors.starts_with(expected), "{arguments:?}: {errors}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    for (arguments, code) in commands() {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = run(&arguments, writer.into(), Stdio::piped());
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
    }
}

#[test]
fn errors_that_cannot_be_printed_change_no_exit_status() {
    let usage = ["check", "--nonsense"].map(ToString::to_string);
    let missing = ["run", "/nowhere.yaml"].map(ToString::to_string);
    let yaml = ["check", "/nowhere.yaml", "-o", "yaml"].map(ToString::to_string);
    for arguments in [&usage[..], &missing, &yaml] {
        let output = run(arguments, Stdio::piped(), full());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn output_that_cannot_be_printed_stops_no_service() {
    let port = 8080 + free_offset();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("web.yaml");
    std::fs::write(&file, quickstart().replace("8080", &port.to_string())).unwrap();
    let mut child = gateway()
        .args(["run", "--workers", "1", file.to_str().unwrap()])
        .stdout(full())
        .stderr(full())
        .spawn()
        .unwrap();
    let url = format!("http://localhost:{port}/");
    let answer = curl(&[
        "--retry",
        "60",
        "--retry-connrefused",
        "--retry-delay",
        "1",
        &url,
    ]);
    assert_eq!(answer.status, 200);
    // The reload logs as well.
    replace(&file, &redirecting().replace("8080", &port.to_string()));
    let deadline = Instant::now() + LONG;
    while curl(&[&url]).status != 302 {
        assert!(Instant::now() < deadline, "the edit is not served");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
