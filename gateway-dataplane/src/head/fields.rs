//! Header fields in order, as slices of one text.

use std::cell::RefCell;
use std::fmt;

use http::{HeaderName, HeaderValue};

use super::name::{Known, Name};
use crate::limits::fixed as limits;

/// The fields of a head, in the order and spelling in which they came.
///
/// All names and values lie in one text: what was read first, what edits put in its place behind. So a
/// field is two pairs of numbers, nothing is counted or freed by field, and the memory of a head is used again
/// for the next.
#[derive(Clone, Default)]
pub struct Fields {
    pub(super) text: Vec<u8>,
    pub(super) list: Vec<Field>,
    /// The known names that are there.
    present: u64,
}

/// The memory of heads that are gone, for those that come.
type Memory = (Vec<u8>, Vec<Field>);

thread_local! {
    static POOL: RefCell<Vec<Memory>> = const { RefCell::new(Vec::new()) };
}

impl Drop for Fields {
    fn drop(&mut self) {
        if !(1..=limits::HEAD_TEXT_KEPT).contains(&self.text.capacity()) {
            return;
        }
        self.clear();
        let memory = (
            std::mem::take(&mut self.text),
            std::mem::take(&mut self.list),
        );
        let _thread_ends = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            if pool.len() < limits::HEADS_KEPT {
                pool.push(memory);
            }
        });
    }
}

/// A part of the text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    pub(super) fn of(self, text: &[u8]) -> &[u8] {
        &text[self.start as usize..self.end as usize]
    }

    pub(super) fn new(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) known: Option<Known>,
    pub(super) name: Span,
    pub(super) value: Span,
    /// Its line lies in the text as it is to be sent.
    pub(super) whole: bool,
}

impl Fields {
    /// Makes room, out of what heads that are gone have left.
    #[inline]
    pub(super) fn ready(&mut self) {
        if self.text.capacity() == 0 {
            self.borrow_memory();
        }
    }

    #[inline(never)]
    fn borrow_memory(&mut self) {
        let (text, list) = POOL.with_borrow_mut(Vec::pop).unwrap_or_default();
        (self.text, self.list) = (text, list);
    }

    /// Takes over the text of a head that was parsed; fields are [added](Self::add_spans) then.
    pub(super) fn take_text(&mut self, text: &[u8]) {
        self.ready();
        self.text.extend_from_slice(text);
    }

    /// No fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.list.iter().map(|field| {
            let name = str::from_utf8(field.name.of(&self.text)).unwrap_or_default();
            (name, field.value.of(&self.text))
        })
    }

    /// The first value of `name`.
    pub fn get<'n>(&self, name: impl Into<Name<'n>>) -> Option<&[u8]> {
        self.get_all(name).next()
    }

    /// The first value of `name`, when it is text.
    pub fn text<'n>(&self, name: impl Into<Name<'n>>) -> Option<&str> {
        str::from_utf8(self.get(name)?).ok()
    }

    /// All values of `name`, in order.
    pub fn get_all<'n>(&self, name: impl Into<Name<'n>>) -> impl DoubleEndedIterator<Item = &[u8]> {
        let name = name.into();
        let list: &[Field] = match self.may_have(name) {
            true => &self.list,
            false => &[],
        };
        let found = list.iter().filter(move |field| self.is(field, name));
        found.map(|field| field.value.of(&self.text))
    }

    /// Is there a field of this name?
    pub fn contains<'n>(&self, name: impl Into<Name<'n>>) -> bool {
        match name.into() {
            Name::Known(known) => self.present & known.bit() != 0,
            name @ Name::Other(_) => self.list.iter().any(|field| self.is(field, name)),
        }
    }

    /// Is any of these there? Asked once for many.
    pub(crate) fn contains_any(&self, names: &[Known]) -> bool {
        self.present & names.iter().fold(0, |bits, known| bits | known.bit()) != 0
    }

    /// Puts one value in place of all that `name` has, where the first of them was, or at the end.
    pub fn insert(&mut self, name: &HeaderName, value: &HeaderValue) {
        self.set(name, value.as_bytes());
    }

    /// The same; `value` holds nothing that a value may not.
    pub(crate) fn set<'n>(&mut self, name: impl Into<Name<'n>>, value: &[u8]) {
        let name = name.into();
        match self.contains(name) {
            true => {
                let value = self.keep(value);
                self.put(name, value);
            }
            false => self.append(name, value),
        }
    }

    /// Gives `name` the first value of `from`; without one, `name` goes.
    pub(crate) fn copy(&mut self, from: Known, name: Known) {
        let from = self.list.iter().find(|field| field.known == Some(from));
        match from.map(|field| field.value) {
            Some(value) if self.contains(name) => self.put(name.into(), value),
            Some(Span { start, end }) => {
                let range = start as usize..end as usize;
                self.append_line(name.into(), |text| text.extend_from_within(range));
            }
            None => self.remove(name),
        }
    }

    pub(super) fn put(&mut self, name: Name<'_>, value: Span) {
        let first = match self.may_have(name) {
            true => self.list.iter().position(|field| self.is(field, name)),
            false => None,
        };
        let Some(first) = first else {
            let spelled = self.keep(name.as_str().as_bytes());
            self.add(name, spelled, value, false);
            return;
        };
        let field = &mut self.list[first];
        (field.value, field.whole) = (value, false);
        let mut at = first + 1;
        while at < self.list.len() {
            match self.is(&self.list[at], name) {
                true => drop(self.list.remove(at)),
                false => at += 1,
            }
        }
    }

    /// Adds a field behind all others.
    pub(crate) fn append<'n>(&mut self, name: impl Into<Name<'n>>, value: &[u8]) {
        self.append_line(name.into(), |text| text.extend_from_slice(value));
    }

    /// The same, with the value that `put` adds to the text. It is there as it will be sent, next to others that
    /// were added.
    fn append_line(&mut self, name: Name<'_>, put: impl FnOnce(&mut Vec<u8>)) {
        let spelled = self.keep(name.as_str().as_bytes());
        self.text.extend_from_slice(b": ");
        let start = self.text.len();
        put(&mut self.text);
        let value = Span::new(start, self.text.len());
        self.text.extend_from_slice(b"\r\n");
        self.add(name, spelled, value, true);
    }

    /// Joins the values of `name` and `value` into one line, where the first of them was.
    pub(crate) fn join<'n>(&mut self, name: impl Into<Name<'n>>, separator: &[u8], value: &[u8]) {
        let name = name.into();
        if !self.contains(name) {
            return self.append(name, value);
        }
        let start = self.text.len();
        for at in 0..self.list.len() {
            if self.is(&self.list[at], name) {
                let Span { start, end } = self.list[at].value;
                self.text.extend_from_within(start as usize..end as usize);
                self.text.extend_from_slice(separator);
            }
        }
        self.text.extend_from_slice(value);
        let joined = Span::new(start, self.text.len());
        self.put(name, joined);
    }

    /// Removes every field of this name.
    pub fn remove<'n>(&mut self, name: impl Into<Name<'n>>) {
        let name = name.into();
        if !self.may_have(name) {
            return;
        }
        let text = &self.text;
        self.list.retain(|field| !is(text, field, name));
        if let Name::Known(known) = name {
            self.present &= !known.bit();
        }
    }

    /// Removes the fields without a known name whose names start with `prefix`, in any case.
    pub(crate) fn remove_others_that_start_with(&mut self, prefix: &str) {
        let text = &self.text;
        self.list.retain(|field| {
            let starts = || {
                let start = field.name.of(text).get(..prefix.len());
                start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
            };
            field.known.is_some() || !starts()
        });
    }

    /// Writes the first letter of each word of each name in upper case.
    pub(crate) fn capitalise(&mut self) {
        for field in &self.list {
            let (start, end) = (field.name.start as usize, field.name.end as usize);
            let mut begins = true;
            for byte in &mut self.text[start..end] {
                if begins {
                    byte.make_ascii_uppercase();
                }
                begins = *byte == b'-';
            }
        }
    }

    /// Forgets all, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.list.clear();
        self.present = 0;
    }

    /// Hands the lines of all fields, each with its end, to `put`, piece by piece. Neighbours that lie in the
    /// text as they are to be sent are one piece.
    pub(crate) fn write(&self, mut put: impl FnMut(&[u8])) {
        let mut run = 0..0;
        for field in &self.list {
            if !field.whole {
                put(&self.text[std::mem::take(&mut run)]);
                put(field.name.of(&self.text));
                put(b": ");
                put(field.value.of(&self.text));
                put(b"\r\n");
                continue;
            }
            let start = field.name.start as usize;
            if start != run.end {
                put(&self.text[run]);
                run = start..start;
            }
            run.end = field.value.end as usize + 2;
        }
        put(&self.text[run]);
    }

    /// Does a line lie in the text as it is to be sent?
    fn is_whole(&self, name: Span, value: Span) -> bool {
        let gap = self.text.get(name.end as usize..value.start as usize);
        let end = value.end as usize;
        gap == Some(b": ") && self.text.get(end..end + 2) == Some(b"\r\n")
    }

    /// About how many bytes [`write`](Self::write) appends, never less.
    pub(crate) fn written_len(&self) -> usize {
        let line = |field: &Field| {
            (field.name.end - field.name.start + field.value.end - field.value.start + 4) as usize
        };
        self.list.iter().map(line).sum()
    }

    pub(super) fn keep(&mut self, bytes: &[u8]) -> Span {
        self.ready();
        let start = self.text.len();
        self.text.extend_from_slice(bytes);
        Span::new(start, self.text.len())
    }

    /// Adds a field whose name and value are in the text.
    pub(super) fn add_spans(&mut self, name: Span, value: Span) {
        let (known, whole) = (Known::of(name.of(&self.text)), self.is_whole(name, value));
        self.add_field(Field {
            known,
            name,
            value,
            whole,
        });
    }

    fn add(&mut self, name: Name<'_>, spelled: Span, value: Span, whole: bool) {
        let known = match name {
            Name::Known(known) => Some(known),
            Name::Other(_) => None,
        };
        let name = spelled;
        self.add_field(Field {
            known,
            name,
            value,
            whole,
        });
    }

    /// Adds a field whose name and value are, or will be, in the text.
    #[inline]
    pub(super) fn add_field(&mut self, field: Field) {
        self.present |= field.known.map_or(0, Known::bit);
        self.list.push(field);
    }

    fn may_have(&self, name: Name<'_>) -> bool {
        match name {
            Name::Known(known) => self.present & known.bit() != 0,
            Name::Other(_) => true,
        }
    }

    fn is(&self, field: &Field, name: Name<'_>) -> bool {
        is(&self.text, field, name)
    }
}

fn is(text: &[u8], field: &Field, name: Name<'_>) -> bool {
    match name {
        Name::Known(known) => field.known == Some(known),
        Name::Other(name) => {
            field.known.is_none() && field.name.of(text).eq_ignore_ascii_case(name.as_bytes())
        }
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.iter();
        let lines = lines.map(|(name, value)| (name, String::from_utf8_lossy(value)));
        f.debug_map().entries(lines).finish()
    }
}

#[cfg(test)]
#[path = "fields_tests.rs"]
mod tests;
