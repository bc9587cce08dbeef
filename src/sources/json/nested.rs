//! Lists and objects, and the keys of objects. The records of a list mostly look alike, and so they
//! are read along the one before.

use super::keys::{KeyMarks, first_repeated};
use super::node::{COMPACT, DOTTED, KEY_BROKEN, KEY_DECODED, NodeKind, REPEATED};
use super::parse::{JsonError, Key, NOTHING, Quoted, Reader, place};
use super::scan::{first_word, is_same};

/// The keys of another object that are still to come, as places of their values.
#[derive(Debug, Clone, Copy, Default)]
struct Course {
    next: u32,
    end: u32,
}

impl Reader<'_> {
    /// Adds a list or an object whose values follow, and gives its place.
    fn open(&mut self, kind: NodeKind, depth: u8, key: Key) -> usize {
        let own = self.nodes.len();
        self.leaf(kind, (self.at, self.at), 0, depth, key);
        self.at += 1;
        own
    }

    /// Ends a list or an object behind its closing bracket.
    fn close(&mut self, own: usize, oddities: usize, flags: u8) {
        let end = place(self.at);
        let next = place(self.nodes.len());
        let is_compact = self.oddities == oddities;
        if let Some(node) = self.nodes.get_mut(own) {
            node.end = end;
            node.next = next;
            node.flags |= flags | if is_compact { COMPACT } else { 0 };
        }
    }

    pub(super) fn list(&mut self, depth: u8, key: Key, like: u32) -> Result<(), JsonError> {
        let oddities = self.oddities;
        let own = self.open(NodeKind::List, depth, key);
        self.blank();
        let mut flags = 0;
        if !self.takes(b']') {
            let mut like = match self.nodes.get(like as usize) {
                Some(other)
                    if like != NOTHING && other.kind == NodeKind::List && other.next > like + 1 =>
                {
                    like + 1
                }
                _ => NOTHING,
            };
            loop {
                let at = place(self.nodes.len());
                flags |= self.inner(depth, Key::default(), like)?;
                like = at;
                self.blank();
                if self.takes(b']') {
                    break;
                }
                if !self.takes(b',') {
                    return Err(self.wrong());
                }
            }
        }
        self.close(own, oddities, flags);
        Ok(())
    }

    /// A value one deeper; gives of its flags what holds for all that holds it.
    #[inline]
    fn inner(&mut self, depth: u8, key: Key, like: u32) -> Result<u8, JsonError> {
        let at = self.nodes.len();
        self.value(depth + 1, key, like)?;
        Ok(self.nodes.get(at).map_or(0, |node| node.flags & REPEATED))
    }

    pub(super) fn object(&mut self, depth: u8, key: Key, like: u32) -> Result<(), JsonError> {
        let oddities = self.oddities;
        let own = self.open(NodeKind::Object, depth, key);
        self.blank();
        let mut flags = 0;
        let mut course = self.course_of(like);
        let mut marks = None;
        if !self.takes(b'}') {
            loop {
                self.blank();
                if self.peek() != Some(b'"') {
                    return Err(self.wrong());
                }
                let (inner_key, inner_like) = if let Some(known) = self.next_alike(&mut course) {
                    known
                } else {
                    course = Course::default();
                    let (inner_key, seen) = self.new_key(own, &mut marks)?;
                    flags |= seen;
                    (inner_key, NOTHING)
                };
                self.blank();
                if !self.takes(b':') {
                    return Err(self.wrong());
                }
                flags |= self.inner(depth, inner_key, inner_like)?;
                self.blank();
                if self.takes(b'}') {
                    break;
                }
                if !self.takes(b',') {
                    return Err(self.wrong());
                }
            }
        }
        if marks.is_some_and(|marks| marks.is_over()) && self.has_repeated(own) {
            flags |= REPEATED;
        }
        self.close(own, oddities, flags);
        Ok(())
    }

    /// The keys of an object that stood at the same place of a record before. As long as the same
    /// ones follow, none of them can stand twice.
    fn course_of(&self, like: u32) -> Course {
        match self.nodes.get(like as usize) {
            Some(node)
                if like != NOTHING
                    && node.kind == NodeKind::Object
                    && node.flags & (REPEATED | DOTTED) == 0 =>
            {
                Course {
                    next: like + 1,
                    end: node.next,
                }
            }
            _ => Course::default(),
        }
    }

    /// The next key, if it is the one that the other object had here, and the value that it had.
    #[inline]
    fn next_alike(&mut self, course: &mut Course) -> Option<(Key, u32)> {
        if course.next >= course.end {
            return None;
        }
        let other = self.nodes.get(course.next as usize)?;
        if other.is(KEY_DECODED) || other.is(KEY_BROKEN) {
            return None;
        }
        let key = self
            .bytes
            .get(other.key_start as usize..other.key_end as usize)?;
        let start = self.at + 1;
        let end = start + key.len();
        if self.bytes.get(end) != Some(&b'"') || !is_same(&self.bytes[start..end], key) {
            return None;
        }
        let inner_like = course.next;
        // The same letters: whoever looks for the key of many records then reads one place.
        let inner_key = Key {
            start: other.key_start,
            end: other.key_end,
            flags: 0,
        };
        course.next = other.next;
        self.at = end + 1;
        Some((inner_key, inner_like))
    }

    /// A key of which nothing is known, and what the object is for it: dotted, or one with a key
    /// that stands twice.
    fn new_key(
        &mut self,
        own: usize,
        marks: &mut Option<KeyMarks>,
    ) -> Result<(Key, u8), JsonError> {
        let quoted = self.text()?;
        let mut flags = if quoted.has_dot { DOTTED } else { 0 };
        let known = match marks {
            Some(marks) => marks,
            none => none.insert(self.marks_of(own)),
        };
        if self.stands_twice(own, quoted, known) {
            flags |= REPEATED;
        }
        let key = Key {
            start: place(quoted.start),
            end: place(quoted.end),
            flags: if quoted.is_broken {
                KEY_BROKEN
            } else if quoted.is_decoded {
                KEY_DECODED
            } else {
                0
            },
        };
        Ok((key, flags))
    }

    /// The marks of the keys that an object has already.
    fn marks_of(&self, own: usize) -> KeyMarks {
        let mut marks = KeyMarks::new();
        for key in self.keys_of(own) {
            let bytes = key.as_bytes();
            let word = first_word(bytes, 0, bytes.len());
            marks.may_repeat(word, bytes.len(), bytes.last().copied().unwrap_or_default());
        }
        marks
    }

    /// Whether a key stands in its object already.
    #[inline]
    fn stands_twice(&self, own: usize, key: Quoted, marks: &mut KeyMarks) -> bool {
        let bytes = if key.is_decoded {
            self.decoded.as_bytes()
        } else {
            self.bytes
        };
        let word = first_word(bytes, key.start, key.end);
        let length = key.end - key.start;
        let last = key.end.checked_sub(1).and_then(|at| bytes.get(at));
        marks.may_repeat(word, length, last.copied().unwrap_or_default())
            && self
                .keys_of(own)
                .any(|other| other.as_bytes() == &bytes[key.start..key.end])
    }

    fn has_repeated(&self, own: usize) -> bool {
        let mut keys: Vec<&str> = self.keys_of(own).collect();
        first_repeated(&mut keys).is_some()
    }

    /// The keys of an object that is still read.
    fn keys_of(&self, own: usize) -> impl Iterator<Item = &str> {
        let mut at = own + 1;
        std::iter::from_fn(move || {
            let node = self.nodes.get(at)?;
            at = node.next as usize;
            let (start, end) = (node.key_start as usize, node.key_end as usize);
            Some(self.slice(start, end, node.is(KEY_DECODED)))
        })
    }

    fn slice(&self, start: usize, end: usize, is_decoded: bool) -> &str {
        if is_decoded {
            &self.decoded[start..end]
        } else {
            &self.text[start..end]
        }
    }
}
