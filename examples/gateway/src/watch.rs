//! Tells when the files behind some paths have changed.
//!
//! Directories are watched rather than files, so that a file that is replaced (as editors do) is
//! still seen, and so are the directories of all symbolic links on the way, so that a link that is
//! swapped (as Kubernetes does with mounted ConfigMaps) is seen as well. What woke the watch does
//! not matter: a change is one when the files' identities, sizes or times differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

/// A change is told once no event came for so long: an editor's or `cp`'s burst is one change.
const QUIET: Duration = Duration::from_millis(50);

/// A change is told after so long even when events never cease.
const LONGEST_BURST: Duration = Duration::from_secs(1);

/// As many symbolic links in one path as Linux follows.
const MAX_LINKS: usize = 40;

/// Yields once after each change of what is behind `paths`, from this call on. Several changes
/// that were not yet asked about are one.
///
/// # Errors
/// The system has no watch to give.
pub(crate) fn changes(paths: Vec<PathBuf>) -> notify::Result<mpsc::Receiver<()>> {
    let (wake, events) = mpsc::channel(1);
    let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if !matches!(
            &event,
            Ok(Event {
                kind: EventKind::Access(_),
                ..
            })
        ) {
            // A full channel has the wake-up already.
            let _ = wake.try_send(());
        }
    })?;
    let mut watch = Watch {
        paths,
        watcher,
        armed: BTreeSet::new(),
        events,
    };
    watch.arm()?;
    let before = fingerprint(&watch.paths);
    let (tell, changes) = mpsc::channel(1);
    tokio::spawn(watch.run(before, tell));
    Ok(changes)
}

struct Watch {
    paths: Vec<PathBuf>,
    watcher: RecommendedWatcher,
    armed: BTreeSet<PathBuf>,
    events: mpsc::Receiver<()>,
}

impl Watch {
    async fn run(mut self, mut before: Fingerprint, tell: mpsc::Sender<()>) {
        while self.burst().await.is_some() {
            if let Err(error) = self.arm() {
                tracing::warn!(%error, "some changes may not be seen: send SIGHUP to reload");
            }
            let now = fingerprint(&self.paths);
            if now != before {
                before = now;
                // A full channel has the change already.
                if let Err(mpsc::error::TrySendError::Closed(())) = tell.try_send(()) {
                    return;
                }
            }
        }
    }

    /// Waits for events to come, and then for them to cease.
    async fn burst(&mut self) -> Option<()> {
        self.events.recv().await?;
        let end = Instant::now() + LONGEST_BURST;
        while Instant::now() < end && timeout(QUIET, self.events.recv()).await.is_ok() {}
        Some(())
    }

    /// Watches what has to be watched now. Watches of directories that were made anew have gone
    /// with the old ones, so each is asked for again.
    fn arm(&mut self) -> notify::Result<()> {
        let wanted = directories(&self.paths);
        for gone in self.armed.iter().filter(|path| !wanted.contains_key(*path)) {
            // It may have been deleted, and its watch with it.
            let _ = self.watcher.unwatch(gone);
        }
        self.armed = wanted.keys().cloned().collect();
        wanted
            .iter()
            .try_for_each(|(path, mode)| self.watcher.watch(path, *mode))
    }
}

/// The directories to watch for `paths`, and whether with all that is below them: those of the paths,
/// of every symbolic link that is followed below them, and of what the links lead to.
fn directories(paths: &[PathBuf]) -> BTreeMap<PathBuf, RecursiveMode> {
    let mut wanted = BTreeMap::new();
    paths.iter().for_each(|path| want(path, &mut wanted));
    walk(paths, |path, _| {
        if path.is_symlink() {
            want(path, &mut wanted);
        }
    });
    wanted
}

/// Adds the directories to watch for one path.
fn want(path: &Path, wanted: &mut BTreeMap<PathBuf, RecursiveMode>) {
    let (links, end) = follow(path);
    for entry in links.iter().chain([&end]) {
        let parent = entry.ancestors().skip(1).find(|parent| parent.is_dir());
        let parent = parent.unwrap_or(Path::new("/")).to_owned();
        wanted.entry(parent).or_insert(RecursiveMode::NonRecursive);
    }
    if end.is_dir() {
        wanted.insert(end, RecursiveMode::Recursive);
    }
}

/// The symbolic links on the way to what `path` names, and what it names, which need not exist.
fn follow(path: &Path) -> (Vec<PathBuf>, PathBuf) {
    let mut links = Vec::new();
    let mut rest = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    while links.len() < MAX_LINKS {
        let Some((link, below)) = first_link(&rest) else {
            break;
        };
        let Ok(target) = std::fs::read_link(&link) else {
            break;
        };
        rest = link
            .parent()
            .unwrap_or(Path::new("/"))
            .join(target)
            .join(below);
        links.push(link);
    }
    (links, rest)
}

/// The first component of an absolute path that is a symbolic link, and what comes after it.
fn first_link(path: &Path) -> Option<(PathBuf, PathBuf)> {
    let components: Vec<_> = path.components().collect();
    (1..=components.len())
        .map(|n| {
            (
                components[..n].iter().collect::<PathBuf>(),
                &components[n..],
            )
        })
        .find(|(prefix, _)| prefix.is_symlink())
        .map(|(prefix, rest)| (prefix, rest.iter().collect()))
}

/// What tells one state of a file from another: device, inode, size, and the time of the last
/// change in seconds and nanoseconds. Of a directory only the first two, as its files count.
type Identity = (u64, u64, u64, i64, i64);

/// The files behind some paths; the kind of the error where there is none.
type Fingerprint = BTreeMap<PathBuf, Result<Identity, io::ErrorKind>>;

fn fingerprint(paths: &[PathBuf]) -> Fingerprint {
    let mut found = Fingerprint::new();
    walk(paths, |path, file| {
        let identity = file.as_ref().map(identity).map_err(io::Error::kind);
        found.insert(path.to_owned(), identity);
    });
    found
}

/// Visits what the loader reads of `paths`, links followed, the inside of each directory once.
fn walk(paths: &[PathBuf], mut visit: impl FnMut(&Path, &io::Result<Metadata>)) {
    let mut inside = BTreeSet::new();
    let mut todo = paths.to_vec();
    while let Some(path) = todo.pop() {
        let file = std::fs::metadata(&path);
        visit(&path, &file);
        let is_new = |file: &Metadata| file.is_dir() && inside.insert((file.dev(), file.ino()));
        if file.as_ref().is_ok_and(is_new) {
            let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
            let entries = entries.map(|entry| entry.path());
            todo.extend(entries.filter(|path| may_be_read(path)));
        }
    }
}

fn identity(file: &Metadata) -> Identity {
    match file.is_dir() {
        true => (file.dev(), file.ino(), 0, 0, 0),
        false => (
            file.dev(),
            file.ino(),
            file.size(),
            file.ctime(),
            file.ctime_nsec(),
        ),
    }
}

/// Is the entry of a directory read by the loader, to judge by its name?
fn may_be_read(path: &Path) -> bool {
    let name = path
        .file_name()
        .map_or(&[][..], |name| name.as_encoded_bytes());
    let extension = path.extension().and_then(|extension| extension.to_str());
    let is_manifest = matches!(extension, Some("yaml" | "yml" | "json"));
    !name.starts_with(b".") && (is_manifest || path.is_dir())
}

#[cfg(test)]
mod tests;
