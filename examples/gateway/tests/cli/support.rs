//! The gateway as a process, and curl.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// Far more than anything takes that is waited for.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// `examples/manifests/NAME`.
pub(crate) fn example(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../manifests")).join(name)
}

/// The program, without colours.
pub(crate) fn gateway() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    command.env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// What the program prints, and how it ends.
pub(crate) fn output(arguments: &[&str]) -> Output {
    gateway()
        .args(arguments)
        .output()
        .expect("the gateway runs")
}

/// Text that was printed.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

/// A running gateway, killed when dropped.
pub(crate) struct Gateway {
    child: Child,
    lines: Receiver<String>,
    /// Of the lines of its logs, until those are read.
    sender: Option<Sender<String>>,
    seen: String,
    offset: u16,
}

impl Gateway {
    /// Runs it and waits until it serves.
    pub(crate) fn serving(arguments: &[&str]) -> Self {
        let mut gateway = Self::start(arguments);
        gateway.wait_for("serving");
        gateway
    }

    /// Runs it with the ports 8080 and 8443 moved to free ones.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(Stdio::null(), arguments)
    }

    /// Runs it so, with a standard input.
    pub(crate) fn start_with(stdin: Stdio, arguments: &[&str]) -> Self {
        let mut gateway = Self::spawn(gateway().stdin(stdin), arguments);
        gateway.read_logs();
        gateway
    }

    /// Runs it so, after a command of the shell.
    pub(crate) fn start_under(command: &str, arguments: &[&str]) -> Self {
        let script = format!("{command} && exec \"$@\"");
        let mut shell = Command::new("sh");
        shell.env("NO_COLOR", "1").stdin(Stdio::null());
        shell.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_gateway")]);
        let mut gateway = Self::spawn(&mut shell, arguments);
        gateway.read_logs();
        gateway
    }

    /// Runs it so, and nobody reads its standard error.
    pub(crate) fn start_unread(arguments: &[&str]) -> Self {
        Self::spawn(&mut gateway(), arguments)
    }

    fn spawn(command: &mut Command, arguments: &[&str]) -> Self {
        let offset = free_offset();
        let mut child = command
            .args([
                "run",
                "--workers",
                "1",
                "--port-offset",
                &offset.to_string(),
            ])
            .args(arguments)
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the gateway runs");
        let (sender, lines) = channel();
        let table = child.stdout.take().expect("stdout is piped");
        forward(table, sender.clone());
        Self {
            child,
            lines,
            sender: Some(sender),
            seen: String::new(),
            offset,
        }
    }

    fn read_logs(&mut self) {
        let logs = self.child.stderr.take().expect("stderr is piped");
        forward(logs, self.sender.take().expect("read once"));
    }

    /// Bytes of memory that it has.
    pub(crate) fn resident_memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("the gateway runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next());
        kib.and_then(|kib| kib.parse::<usize>().ok())
            .expect("a number of KiB")
            << 10
    }

    /// The soft and the hard limit of its descriptors.
    pub(crate) fn descriptors(&self) -> (u32, u32) {
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", self.child.id()));
        let limits = limits.expect("the gateway runs");
        let line = limits.lines().find(|line| line.starts_with("Max open"));
        let words = line.expect("a limit of files").split_whitespace();
        let mut numbers = words.filter_map(|word| word.parse().ok());
        let mut next = || numbers.next().expect("a limit of files");
        (next(), next())
    }

    /// The output that was waited for.
    pub(crate) fn seen(&self) -> &str {
        &self.seen
    }

    /// Waits for a line of output that has `text` in it, and returns that line.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let deadline = Instant::now() + LONG;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no line with {text:?} in:\n{}", self.seen);
            };
            self.seen.push_str(&line);
            self.seen.push('\n');
            if line.contains(text) {
                return line;
            }
        }
    }

    /// A line of output, past or to come, that has `text` in it.
    pub(crate) fn line(&mut self, text: &str) -> String {
        match self.seen.lines().find(|line| line.contains(text)) {
            Some(line) => line.to_owned(),
            None => self.wait_for(text),
        }
    }

    /// The port that stands in for `port`.
    pub(crate) fn port(&self, port: u16) -> u16 {
        port + self.offset
    }

    /// `http://localhost:8080/PATH`, on the port that stands in for 8080.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port(8080))
    }

    /// How many files and sockets it has open.
    pub(crate) fn open_files(&self) -> usize {
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.child.id()));
        open.expect("the gateway runs").count()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(status.success());
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> ExitStatus {
        // The output ends with the process.
        loop {
            match self.lines.recv_timeout(LONG) {
                Ok(line) => self.seen = format!("{}{line}\n", self.seen),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("no end after:\n{}", self.seen),
            }
        }
        self.child.wait().expect("the gateway ends")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn forward(stream: impl std::io::Read + Send + 'static, to: Sender<String>) {
    std::thread::spawn(move || {
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        lines
            .take_while(|line| to.send(line.clone()).is_ok())
            .for_each(drop);
    });
}

/// A distance at which the ports 8080 and 8443 are both free: below the ports that connections get
/// by themselves, and another one each time, so far away that a gateway with some ports in a row meets no other.
pub(crate) fn free_offset() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let start = std::process::id() % 10_000;
    let is_free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
    loop {
        let next = TAKEN.fetch_add(1, Ordering::Relaxed);
        let moved = (start + 16 * u32::from(next)) % 20_000;
        let offset = 4_000 + u16::try_from(moved).unwrap_or_default();
        if is_free(8080 + offset) && is_free(8443 + offset) {
            return offset;
        }
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Status code.
    pub(crate) status: u16,
    /// Header lines and body.
    pub(crate) text: String,
}

/// Asks with curl; redirects are not followed, certificates not verified.
pub(crate) fn curl(arguments: &[&str]) -> Answer {
    let output = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--include",
            "--insecure",
            "--max-time",
            "30",
        ])
        .args(["--noproxy", "*"])
        .args(arguments)
        .output()
        .expect("curl runs");
    let text = text(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let status = text.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.unwrap_or_else(|| panic!("curl {arguments:?}: {errors}{text}"));
    Answer { status, text }
}
