//! A queue, and a clock that is moved by hand.

use std::time::Duration;

use gateway_model::{Gateway, Kind, ObjectRef, RouteStatus};
use gateway_resolve::Status;
use tokio::time::Instant;

use super::{Queue, TROUBLED};
use crate::controller::write::{Content, Fingerprint, Key, Part, Write};

const HALF_A_MINUTE: Duration = Duration::from_secs(30);

/// The write that the Gateway of that name needs at that version.
fn write_to(namespace: &str, name: &str, version: &str) -> Write {
    let object = ObjectRef::new(Gateway::GROUP, Gateway::KIND, namespace, name);
    Write {
        key: Key::new(object, Part::Status),
        version: Some(version.to_owned()),
        content: Content::Status(Box::new(Status::Route(RouteStatus::default()))),
        wish: Fingerprint::of(&"wanted"),
        stored: Fingerprint::of(&"stored"),
    }
}

fn write(version: &str) -> Write {
    write_to("default", "web", version)
}

/// The same write, over what is stored otherwise.
fn over(stored: &str, version: &str) -> Write {
    Write {
        stored: Fingerprint::of(&stored),
        ..write(version)
    }
}

fn plan(queue: &mut Queue, writes: Vec<Write>) {
    queue.plan(writes, |_| true);
}

fn left() -> Fingerprint {
    Fingerprint::of(&"left")
}

fn version(write: Option<Write>) -> Option<String> {
    write.and_then(|write| write.version)
}

#[test]
fn an_object_is_written_once_at_a_time() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    plan(&mut queue, vec![write("1")]);
    let first = queue.next(now).unwrap();
    plan(&mut queue, vec![write("2")]);
    assert_eq!(queue.next(now), None);
    queue.outdated(&first);
    assert_eq!(version(queue.next(now)).as_deref(), Some("2"));
}

#[test]
fn two_parts_of_an_object_are_not_written_under_one_version() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    let finalizers = Write {
        key: Key::new(write("1").key.object, Part::Finalizers),
        content: Content::Finalizers(Vec::new()),
        ..write("1")
    };
    plan(&mut queue, vec![finalizers, write("1")]);
    let first = queue.next(now).unwrap();
    assert_eq!(queue.next(now), None);
    queue.written(&first, left(), now);
    assert_eq!(queue.next(now), None);
}

#[test]
fn a_write_that_was_planned_for_the_version_before_the_last_write_is_dropped() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    plan(&mut queue, vec![write("1")]);
    let first = queue.next(now).unwrap();
    plan(&mut queue, vec![write("1")]);
    queue.written(&first, left(), now);
    assert_eq!(queue.next(now), None);
}

#[test]
fn a_write_that_was_planned_for_what_the_last_write_left_is_kept() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    plan(&mut queue, vec![write("1")]);
    let first = queue.next(now).unwrap();
    plan(&mut queue, vec![write("2")]);
    queue.written(&first, left(), now);
    assert_eq!(version(queue.next(now)).as_deref(), Some("2"));
}

#[test]
fn a_write_that_is_no_longer_needed_is_dropped_and_others_stay() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    let object = write("1").key.object;
    plan(
        &mut queue,
        vec![write("1"), write_to("default", "other", "1")],
    );
    queue.replan(&object, vec![write("2")]);
    assert_eq!(version(queue.next(now)).as_deref(), Some("2"));
    queue.replan(&object, vec![write("3")]);
    queue.replan(&object, Vec::new());
    queue.outdated(&write("2"));
    assert_eq!(&*queue.next(now).unwrap().key.object.name, "other");
    assert_eq!(queue.next(now), None);
}

#[test]
fn a_failed_write_is_tried_again_unless_there_is_a_newer_one() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    let later = now + HALF_A_MINUTE;
    plan(&mut queue, vec![write("1")]);
    let first = queue.next(now).unwrap();
    queue.failed(first, now);
    assert_eq!(queue.next(now), None, "not at once");
    assert!(queue.wake(now).unwrap() <= later);
    let first = queue.next(later).unwrap();
    plan(&mut queue, vec![write("2")]);
    queue.failed(first, later);
    let again = queue.next(later + HALF_A_MINUTE);
    assert_eq!(version(again).as_deref(), Some("2"));
}

#[test]
fn a_write_that_goes_on_failing_is_tried_ever_more_slowly() {
    let (mut queue, mut now) = (Queue::default(), Instant::now());
    plan(&mut queue, vec![write("1")]);
    let mut waits = Vec::new();
    for _ in 0..10 {
        let failing = queue.next(now).unwrap();
        queue.failed(failing, now);
        let wake = queue.wake(now).unwrap();
        waits.push(wake - now);
        now = wake;
    }
    assert!(waits.is_sorted(), "{waits:?}");
    assert_eq!(waits.first(), Some(&Duration::from_millis(200)));
    assert_eq!(waits.last(), Some(&HALF_A_MINUTE));
}

#[test]
fn a_new_wish_does_not_wait_for_one_that_failed() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    plan(&mut queue, vec![write("1")]);
    let first = queue.next(now).unwrap();
    queue.failed(first, now);
    let mended = Write {
        wish: Fingerprint::of(&"mended"),
        ..write("2")
    };
    plan(&mut queue, vec![mended]);
    assert_eq!(version(queue.next(now)).as_deref(), Some("2"));
}

#[test]
fn writes_that_fail_stop_no_others() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    let name = |n: usize| format!("refused-{n}");
    let refused = || (0..32).map(|n| write_to("default", &name(n), "1"));
    plan(&mut queue, refused().collect());
    while let Some(write) = queue.next(now) {
        queue.failed(write, now);
    }
    let good = write_to("default", "z", "1");
    plan(&mut queue, refused().chain([good.clone()]).collect());
    assert_eq!(queue.next(now), Some(good.clone()));
    queue.written(&good, left(), now);

    let later = now + HALF_A_MINUTE;
    let under_way = std::iter::from_fn(|| queue.next(later)).count();
    assert_eq!(under_way, TROUBLED, "the other places are for others");
    plan(&mut queue, refused().chain([over("1", "2")]).collect());
    assert_eq!(queue.next(later), Some(over("1", "2")));
}

#[test]
fn namespaces_take_turns_and_objects_keep_their_place() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    let many = || ["m3", "m1", "m2"].map(|name| write_to("many", name, "1"));
    plan(&mut queue, many().into());
    let few = ["f1", "f2"].map(|name| write_to("few", name, "1"));
    plan(&mut queue, few.into_iter().chain(many()).collect());
    let order = std::iter::from_fn(|| queue.next(now));
    let order: Vec<_> = order
        .map(|write| write.key.object.name.to_string())
        .collect();
    assert_eq!(order, ["f1", "m3", "f2", "m1", "m2"]);
}

/// A definition that is older than a field drops it: what was written is not what is stored.
#[test]
fn a_write_that_left_nothing_better_is_not_planned_again() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    plan(&mut queue, vec![write("1")]);
    let first = queue.next(now).unwrap();
    let kept = over("kept", "2");
    assert_eq!(queue.written(&first, kept.stored, now), None);
    plan(&mut queue, vec![kept.clone()]);
    assert_eq!(queue.next(now), None);
    plan(&mut queue, vec![over("kept", "3")]);
    assert_eq!(queue.next(now), None, "a label was changed");
    queue.forget();
    plan(&mut queue, vec![kept.clone()]);
    assert_eq!(queue.next(now), Some(kept), "there is a new definition");
}

#[test]
fn a_version_that_conflicted_is_not_tried_again() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    plan(&mut queue, vec![write("1")]);
    let first = queue.next(now).unwrap();
    queue.outdated(&first);
    plan(&mut queue, vec![write("1")]);
    assert_eq!(queue.next(now), None);
    plan(&mut queue, vec![write("2")]);
    assert_eq!(version(queue.next(now)).as_deref(), Some("2"));
}

#[test]
fn two_writers_that_undo_each_other_back_off_and_are_reported() {
    let (mut queue, mut now) = (Queue::default(), Instant::now());
    let mut reports = Vec::new();
    for round in 0..12 {
        plan(&mut queue, vec![over("theirs", &round.to_string())]);
        let write = queue.next(now).unwrap_or_else(|| {
            now = queue.wake(now).unwrap();
            queue.next(now).unwrap()
        });
        reports.extend(queue.written(&write, left(), now));
    }
    assert_eq!(reports.first(), Some(&3));
    plan(&mut queue, vec![over("theirs", "99")]);
    assert_eq!(queue.next(now), None);
    assert_eq!(queue.wake(now), Some(now + HALF_A_MINUTE));
}

#[test]
fn a_write_that_another_writer_undoes_once_is_repeated_at_once() {
    let (mut queue, mut now) = (Queue::default(), Instant::now());
    for round in 0..5 {
        plan(&mut queue, vec![over("theirs", &round.to_string())]);
        let write = queue.next(now).unwrap();
        assert_eq!(queue.written(&write, left(), now), None);
        now += HALF_A_MINUTE * 4;
    }
}

#[test]
fn what_is_known_of_objects_that_are_gone_is_forgotten() {
    let (mut queue, now) = (Queue::default(), Instant::now());
    plan(&mut queue, vec![write("1")]);
    let first = queue.next(now).unwrap();
    queue.outdated(&first);
    queue.plan(Vec::new(), |_| false);
    plan(&mut queue, vec![write("1")]);
    assert_eq!(version(queue.next(now)).as_deref(), Some("1"));
}
