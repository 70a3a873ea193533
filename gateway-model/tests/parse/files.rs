//! Files, directories, paths that can't be read.

use std::fs;
use std::path::{Path, PathBuf};

use gateway_model::{Channel, Code, Manifests, files};

use crate::{names, namespace, problems};

/// Reads what the standard channel has.
fn load(paths: &[PathBuf]) -> Manifests {
    files::load(Channel::Standard, paths)
}

/// A directory of its own for a test, under Cargo's directory for such things.
fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("files")
        .join(name);
    if path.exists() {
        fs::remove_dir_all(&path).unwrap();
    }
    fs::create_dir_all(&path).unwrap();
    path
}

#[test]
fn directories_are_read_in_order_with_those_inside() {
    let root = directory("order");
    fs::create_dir(root.join("b")).unwrap();
    fs::create_dir(root.join(".hidden")).unwrap();
    let files = [
        ("a.yml", "one"),
        ("b/x.json", "two"),
        ("c.yaml", "three"),
        ("d.txt", "no"),
        (".e.yaml", "no"),
        (".hidden/f.yaml", "no"),
    ];
    for (file, name) in files {
        fs::write(root.join(file), namespace(name)).unwrap();
    }
    let manifests = load(std::slice::from_ref(&root));
    assert_eq!(problems(&manifests), [""; 0]);
    assert_eq!(
        names(&manifests),
        ["Namespace one", "Namespace two", "Namespace three"]
    );
    let place = &manifests.resources[1].location;
    assert_eq!(*place.file, *root.join("b/x.json").display().to_string());
}

#[test]
fn a_file_that_is_named_is_read_whatever_its_extension() {
    let root = directory("named");
    let path = root.join("manifests.txt");
    fs::write(&path, namespace("one")).unwrap();
    assert_eq!(names(&load(&[path])), ["Namespace one"]);
}

#[test]
fn paths_that_cannot_be_read_are_named_and_hide_no_other() {
    let root = directory("missing");
    let good = root.join("good.yaml");
    let missing = root.join("missing.yaml");
    fs::write(&good, namespace("one")).unwrap();
    let manifests = load(&[missing.clone(), good]);
    assert_eq!(names(&manifests), ["Namespace one"]);
    let [problem] = manifests.problems.as_slice() else {
        panic!("{:?}", problems(&manifests))
    };
    assert_eq!(problem.code, Code::Unreadable);
    let start = format!(
        "{}:1: error[Unreadable]: expected a file or directory that can be read, found: ",
        missing.display()
    );
    assert!(problem.to_string().starts_with(&start), "{problem}");
}

#[test]
fn a_directory_without_manifests_is_warned_of() {
    let root = directory("empty");
    fs::create_dir(root.join("inner")).unwrap();
    fs::write(root.join("notes.txt"), namespace("one")).unwrap();
    let manifests = load(std::slice::from_ref(&root));
    let want = format!(
        "{}:1: warning[Empty]: expected at least one file that ends in .yaml, .yml or .json, \
         found none",
        root.display()
    );
    assert_eq!(problems(&manifests), [want]);
    fs::write(root.join("inner/a.yaml"), namespace("one")).unwrap();
    assert_eq!(problems(&load(&[root])), [""; 0]);
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_and_directories_that_hold_themselves_are_reported() {
    let root = directory("links");
    std::os::unix::fs::symlink(root.join("nowhere"), root.join("broken.yaml")).unwrap();
    std::os::unix::fs::symlink(&root, root.join("loop")).unwrap();
    let manifests = load(&[root]);
    assert!(
        manifests
            .problems
            .iter()
            .all(|problem| problem.code == Code::Unreadable)
    );
    assert!(manifests.problems.len() >= 2);
}

#[cfg(unix)]
#[test]
fn files_without_an_end_or_a_writer_are_named_and_hide_no_other() {
    let root = directory("endless");
    fs::write(root.join("good.yaml"), namespace("one")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(root.join("fifo.yaml"))
        .status();
    assert!(made.unwrap().success());
    for target in ["/dev/zero", "zero.yaml"] {
        let _ = fs::remove_file(root.join("zero.yaml"));
        std::os::unix::fs::symlink(target, root.join("zero.yaml")).unwrap();
        for paths in [
            vec![root.clone()],
            ["good", "fifo", "zero"]
                .map(|name| root.join(name).with_extension("yaml"))
                .to_vec(),
        ] {
            let manifests = load(&paths);
            assert_eq!(names(&manifests), ["Namespace one"]);
            let named = problems(&manifests);
            for name in [
                "fifo.yaml:1: error[Unreadable]",
                "zero.yaml:1: error[Unreadable]",
            ] {
                assert!(named.iter().any(|line| line.contains(name)), "{named:?}");
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_back_in_many_ways_end_soon() {
    let root = directory("circles");
    fs::write(root.join("good.yaml"), namespace("one")).unwrap();
    for name in ["a", "b", "c"] {
        std::os::unix::fs::symlink(".", root.join(name)).unwrap();
    }
    let manifests = load(std::slice::from_ref(&root));
    assert_eq!(names(&manifests), ["Namespace one"]);
    let again = format!("found: {} again, by a link", root.display());
    let named = problems(&manifests);
    assert_eq!(named.len(), 3, "{named:?}");
    assert!(named[0].contains("circles/a:1: ") && named[0].ends_with("again, by a link"));
    assert!(named[0].contains(&again), "{named:?}");
}

#[test]
fn a_resource_in_two_files_is_a_duplicate() {
    let root = directory("twice");
    for file in ["a.yaml", "b.yaml"] {
        fs::write(root.join(file), namespace("one")).unwrap();
    }
    let manifests = load(std::slice::from_ref(&root));
    assert_eq!(names(&manifests), ["Namespace one"]);
    let b = root.join("b.yaml").display().to_string();
    let [problem] = manifests.problems.as_slice() else {
        panic!("not one")
    };
    assert_eq!(
        (problem.code, &*problem.location.file),
        (Code::DuplicateResource, &*b)
    );
    assert!(problem.message.contains("a.yaml:2"), "{problem}");
}
