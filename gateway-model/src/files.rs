//! Loading from files, directories and standard input: the only I/O in this crate.

use std::collections::HashMap;
use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::{Channel, Code, Location, Manifests, Problem, Severity, parse_in};

/// Extensions of the files that are read in a directory.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];
/// How deep directories are followed.
const MAX_DEPTH: usize = 32;
/// Most bytes of a file.
const MAX_BYTES: u64 = 256 << 20;

/// Reads files, directories (with those inside, in order of their names) and, for `-`, standard
/// input. What can't be read is reported; a directory that holds no file to read is warned of, as
/// some may come.
///
/// Only regular files are read, and pipes that are open already (`/dev/fd/3`, as a shell passes
/// `<(...)`): others may have no end, or nobody who writes. Below a path, a directory is read once: links
/// that lead to it again are reported.
///
/// Objects are held against the CRDs of `channel`.
///
/// In directories, files that end in `.yaml`, `.yml` or `.json` are read, and names that start with
/// a dot are skipped.
pub fn load(channel: Channel, paths: &[PathBuf]) -> Manifests {
    let mut parts = Vec::new();
    for path in paths {
        match path.as_os_str() == "-" {
            true => parts.push(read_input(channel)),
            false => read_named(channel, path, &mut parts),
        }
    }
    Manifests::merge(parts)
}

fn read_named(channel: Channel, path: &Path, parts: &mut Vec<Manifests>) {
    let mut walk = Walk {
        channel,
        seen: HashMap::new(),
    };
    let before = parts.len();
    read_path(path, MAX_DEPTH, &mut walk, parts);
    if parts.len() == before {
        let message = "expected at least one file that ends in .yaml, .yml or .json, found none";
        parts.push(problem(
            path,
            Severity::Warning,
            Code::Empty,
            message.to_owned(),
        ));
    }
}

fn read_input(channel: Channel) -> Manifests {
    match read_all(io::stdin().lock()) {
        Ok(bytes) => parse_in(channel, "-", &bytes),
        Err(error) => unreadable(Path::new("-"), &error),
    }
}

/// What there is to read, within bounds.
fn read_all(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = source.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    match u64::try_from(read).is_ok_and(|read| read <= MAX_BYTES) {
        true => Ok(bytes),
        false => Err(io::Error::other(format!("more than {MAX_BYTES} bytes"))),
    }
}

/// How files below a path are read, and what was read of it.
struct Walk {
    channel: Channel,
    /// The directories that were read, by their one path without links, and the paths that led there.
    seen: HashMap<PathBuf, PathBuf>,
}

fn read_path(path: &Path, depth: usize, walk: &mut Walk, parts: &mut Vec<Manifests>) {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => read_directory(path, depth, walk, parts),
        Ok(metadata) => parts.push(match may_not_end(path, metadata.file_type()) {
            Some(what) => unreadable(path, &io::Error::other(what)),
            None => read_file(walk.channel, path),
        }),
        Err(error) => parts.push(unreadable(path, &error)),
    }
}

/// Why a file is not read that may have no end, or nobody who writes to it.
fn may_not_end(path: &Path, kind: FileType) -> Option<&'static str> {
    let opened = ["/dev/fd", "/dev/stdin", "/proc/self/fd"];
    let is_open = opened.iter().any(|start| path.starts_with(start));
    match kind.is_file() || (is_open && !is_device(kind)) {
        true => None,
        false if is_device(kind) => Some("a device"),
        false => Some("a pipe or socket"),
    }
}

#[cfg(unix)]
fn is_device(kind: FileType) -> bool {
    use std::os::unix::fs::FileTypeExt;
    kind.is_char_device() || kind.is_block_device()
}

#[cfg(not(unix))]
fn is_device(_: FileType) -> bool {
    false
}

fn read_directory(path: &Path, depth: usize, walk: &mut Walk, parts: &mut Vec<Manifests>) {
    let Some(depth) = depth.checked_sub(1) else {
        let error = io::Error::other("too many directories inside each other");
        return parts.push(unreadable(path, &error));
    };
    if let Err(error) = enter(path, walk) {
        return parts.push(unreadable(path, &error));
    }
    let entries = fs::read_dir(path).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    let mut inside: Vec<_> = match entries {
        Ok(entries) => entries
            .into_iter()
            .map(|entry| entry.path())
            .filter(|p| is_wanted(p))
            .collect(),
        Err(error) => return parts.push(unreadable(path, &error)),
    };
    inside.sort();
    for path in inside {
        read_path(&path, depth, walk, parts);
    }
}

/// Notes that a directory is read; an error if it was already, or is being read.
fn enter(path: &Path, walk: &mut Walk) -> io::Result<()> {
    match walk.seen.insert(fs::canonicalize(path)?, path.to_owned()) {
        None => Ok(()),
        Some(first) => {
            let first = first.display();
            Err(io::Error::other(format!("{first} again, by a link")))
        }
    }
}

/// Is this a directory, or a file that is meant to be read?
fn is_wanted(path: &Path) -> bool {
    let hidden = path
        .file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    !hidden && (path.is_dir() || EXTENSIONS.contains(&extension))
}

fn read_file(channel: Channel, path: &Path) -> Manifests {
    match File::open(path).and_then(read_all) {
        Ok(bytes) => parse_in(channel, &path.display().to_string(), &bytes),
        Err(error) => unreadable(path, &error),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Manifests {
    let message = format!("expected a file or directory that can be read, found: {error}");
    problem(path, Severity::Error, Code::Unreadable, message)
}

fn problem(path: &Path, severity: Severity, code: Code, message: String) -> Manifests {
    let file = path.display().to_string().into();
    Manifests {
        problems: vec![Problem {
            severity,
            code,
            location: Location {
                file,
                line: 1,
                document: 0,
            },
            resource: None,
            field: None,
            message,
        }],
        ..Manifests::default()
    }
}
