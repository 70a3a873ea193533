use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc;

use super::{changes, directories, fingerprint, follow};

/// Far more than a change takes to be told, so that a lost one fails the test.
const LONG: Duration = Duration::from_secs(20);

async fn told(changes: &mut mpsc::Receiver<()>) {
    let told = tokio::time::timeout(LONG, changes.recv()).await;
    told.expect("a change is told").expect("the watch goes on");
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
}

#[tokio::test]
async fn a_file_written_in_place_is_a_change() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.yaml");
    write(&file, "a");
    let mut changes = changes(vec![file.clone()]).unwrap();
    write(&file, "b");
    told(&mut changes).await;
}

#[tokio::test]
async fn a_file_replaced_by_renaming_is_a_change_each_time() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.yaml");
    write(&file, "a");
    let mut changes = changes(vec![file.clone()]).unwrap();
    for text in ["b", "c", "d"] {
        let new = dir.path().join("a.yaml.new");
        write(&new, text);
        fs::rename(&new, &file).unwrap();
        told(&mut changes).await;
    }
}

#[tokio::test]
async fn a_link_swapped_as_kubernetes_mounts_do_is_a_change_each_time() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    fs::create_dir(root.join("..1")).unwrap();
    write(&root.join("..1/a.yaml"), "a");
    symlink("..1", root.join("..data")).unwrap();
    symlink("..data/a.yaml", root.join("a.yaml")).unwrap();
    for watched in [root.join("a.yaml"), root.to_owned()] {
        let mut changes = changes(vec![watched]).unwrap();
        for version in ["..2", "..3"] {
            let _ = fs::remove_dir_all(root.join(version));
            fs::create_dir(root.join(version)).unwrap();
            write(&root.join(version).join("a.yaml"), version);
            symlink(version, root.join("..tmp")).unwrap();
            fs::rename(root.join("..tmp"), root.join("..data")).unwrap();
            told(&mut changes).await;
        }
    }
}

#[tokio::test]
async fn a_link_to_elsewhere_is_followed() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let target = there.path().join("target.yaml");
    write(&target, "a");
    symlink(&target, here.path().join("a.yaml")).unwrap();
    let mut changes = changes(vec![here.path().join("a.yaml")]).unwrap();
    write(&target, "b");
    told(&mut changes).await;
}

#[tokio::test]
async fn what_links_inside_a_directory_lead_to_is_watched() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    for name in ["enabled", "available", "other"] {
        fs::create_dir(root.join(name)).unwrap();
        write(&root.join(name).join("real.yaml"), "a");
    }
    let (link, target) = (root.join("enabled/a.yaml"), root.join("available/a.yaml"));
    write(&target, "a");
    symlink("../available/a.yaml", &link).unwrap();
    let mut changes = changes(vec![root.join("enabled")]).unwrap();
    write(&target, "edited in place");
    told(&mut changes).await;
    write(&root.join("available/new"), "replaced by renaming");
    fs::rename(root.join("available/new"), &target).unwrap();
    told(&mut changes).await;
    fs::remove_file(&link).unwrap();
    symlink("../other/real.yaml", &link).unwrap();
    told(&mut changes).await;
    write(&root.join("other/real.yaml"), "pointed elsewhere");
    told(&mut changes).await;
}

#[tokio::test]
async fn directories_that_links_inside_a_directory_lead_to_are_watched() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    for name in ["enabled", "site/deeper", "other"] {
        fs::create_dir_all(root.join(name)).unwrap();
    }
    symlink("../site", root.join("enabled/site")).unwrap();
    let mut changes = changes(vec![root.join("enabled")]).unwrap();
    write(&root.join("site/deeper/a.yaml"), "a");
    told(&mut changes).await;
    symlink("../../other", root.join("site/deeper/other")).unwrap();
    told(&mut changes).await;
    write(&root.join("other/b.yaml"), "a link in a linked directory");
    told(&mut changes).await;
}

#[tokio::test]
async fn a_directory_that_is_deleted_and_made_again_is_still_watched() {
    let dir = tempfile::tempdir().unwrap();
    let watched = dir.path().join("manifests");
    fs::create_dir(&watched).unwrap();
    let mut changes = changes(vec![watched.clone()]).unwrap();
    fs::remove_dir_all(&watched).unwrap();
    told(&mut changes).await;
    fs::create_dir_all(watched.join("deeper")).unwrap();
    told(&mut changes).await;
    write(&watched.join("deeper/a.yaml"), "a");
    told(&mut changes).await;
}

#[test]
fn only_the_named_files_count() {
    let dir = tempfile::tempdir().unwrap();
    let (file, other) = (dir.path().join("a.yaml"), dir.path().join("b.yaml"));
    write(&file, "a");
    let paths = [file.clone()];
    let before = fingerprint(&paths);
    write(&other, "b");
    assert_eq!(fingerprint(&paths), before);
    let all = [dir.path().to_owned()];
    let before_notes = fingerprint(&all);
    write(&dir.path().join("notes.txt"), "c");
    assert_eq!(fingerprint(&all), before_notes);
    write(&file, "aa");
    assert_ne!(fingerprint(&paths), before);
    fs::remove_file(&file).unwrap();
    assert!(fingerprint(&paths)[&file].is_err());
}

#[test]
fn links_that_lead_nowhere_or_in_circles_end() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    symlink("b.yaml", root.join("a.yaml")).unwrap();
    symlink("a.yaml", root.join("b.yaml")).unwrap();
    symlink(".", root.join("self")).unwrap();
    assert_eq!(follow(&root.join("a.yaml")).0.len(), super::MAX_LINKS);
    assert!(fingerprint(&[root.to_owned()]).len() >= 3);
    assert!(!directories(&[root.join("a.yaml"), root.join("none/at/all")]).is_empty());
}

#[test]
fn links_on_the_way_are_listed_outermost_first() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    fs::create_dir(root.join("v1")).unwrap();
    write(&root.join("v1/a.yaml"), "a");
    symlink("v1", root.join("data")).unwrap();
    symlink("./data/a.yaml", root.join("a.yaml")).unwrap();
    let (links, end) = follow(&root.join("a.yaml"));
    let expected: Vec<PathBuf> = ["a.yaml", "data"].iter().map(|n| root.join(n)).collect();
    assert_eq!((links, end), (expected, root.join("v1/a.yaml")));
}
