//! Loading from files, directories and standard input: the only I/O in this crate.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::{Code, Location, Manifests, Problem, Severity, parse};

/// Extensions of the files that are read in a directory.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];
/// How deep directories are followed, against loops of links.
const MAX_DEPTH: usize = 32;

/// Reads files, directories (with those inside, in order of their names) and, for `-`, standard
/// input. What can't be read is reported; a directory that holds no file to read is warned of, as
/// some may come.
///
/// In directories, files that end in `.yaml`, `.yml` or `.json` are read, and names that start with
/// a dot are skipped.
pub fn load(paths: &[PathBuf]) -> Manifests {
    let mut parts = Vec::new();
    for path in paths {
        match path.as_os_str() == "-" {
            true => parts.push(read_input()),
            false => read_named(path, &mut parts),
        }
    }
    Manifests::merge(parts)
}

fn read_named(path: &Path, parts: &mut Vec<Manifests>) {
    let before = parts.len();
    read_path(path, MAX_DEPTH, parts);
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

fn read_input() -> Manifests {
    let mut bytes = Vec::new();
    match io::stdin().lock().read_to_end(&mut bytes) {
        Ok(_) => parse("-", &bytes),
        Err(error) => unreadable(Path::new("-"), &error),
    }
}

fn read_path(path: &Path, depth: usize, parts: &mut Vec<Manifests>) {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => read_directory(path, depth, parts),
        Ok(_) => parts.push(read_file(path)),
        Err(error) => parts.push(unreadable(path, &error)),
    }
}

fn read_directory(path: &Path, depth: usize, parts: &mut Vec<Manifests>) {
    let Some(depth) = depth.checked_sub(1) else {
        let error = io::Error::other("too many directories inside each other");
        return parts.push(unreadable(path, &error));
    };
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
        read_path(&path, depth, parts);
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

fn read_file(path: &Path) -> Manifests {
    match fs::read(path) {
        Ok(bytes) => parse(&path.display().to_string(), &bytes),
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
