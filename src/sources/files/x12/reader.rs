//! Interchanges, groups and sets: their order, and the counts that prove them whole.

use std::collections::VecDeque;
use std::io::BufRead;

use super::super::row::{Fault, Numbering, Row, RowReader};
use super::advice::{self, Sender};
use super::segment::{Segment, Segments};
use crate::canonical::Entity;

/// Advice under way.
pub(in super::super) struct X12Reader<R> {
    segments: Segments<R>,
    entity: Entity,
    set_bytes_max: u64,
    interchange: Option<Interchange>,
    group: Option<Group>,
    advice_count: u64,
    /// How often an id came in this file.
    numbering: Numbering,
    rows: VecDeque<Row>,
    doubts: Vec<String>,
    is_over: bool,
}

struct Interchange {
    sender: Sender,
    control: String,
    group_count: u64,
}

struct Group {
    control: String,
    set_count: u64,
}

impl<R: BufRead> X12Reader<R> {
    /// Reads the first segment.
    pub(in super::super) fn open(input: R, entity: Entity, page_bytes: u64) -> Result<Self, Fault> {
        let mut reader = Self {
            segments: Segments::new(input, page_bytes),
            entity,
            set_bytes_max: page_bytes,
            interchange: None,
            group: None,
            advice_count: 0,
            numbering: Numbering::default(),
            rows: VecDeque::new(),
            doubts: Vec::new(),
            is_over: false,
        };
        if !matches!(entity, Entity::Payments | Entity::Remittances) {
            return Err(Fault::NotFormat(format!(
                "it can be read as payments and remittances, not as {entity}"
            )));
        }
        match reader.segments.start()? {
            Some(first) => reader.begin(&first),
            None => return Err(Fault::NotFormat("it is empty".to_owned())),
        }
        Ok(reader)
    }

    fn begin(&mut self, first: &Segment) {
        let text = |number| first.element(number).unwrap_or_default().to_owned();
        self.interchange = Some(Interchange {
            sender: Sender { id: text(6) },
            control: text(13),
            group_count: 0,
        });
    }

    fn fault(&self, detail: &str) -> Fault {
        Fault::NotFormat(format!("segment {} {detail}", self.segments.count()))
    }

    fn advance(&mut self) -> Result<(), Fault> {
        if self.interchange.is_none() {
            match self.segments.start()? {
                Some(first) => self.begin(&first),
                None if self.advice_count == 0 => {
                    let detail = "it holds no payment order (`ST*820`)";
                    return Err(Fault::NotFormat(detail.to_owned()));
                }
                None => self.is_over = true,
            }
            return Ok(());
        }
        let Some(segment) = self.segments.next()? else {
            let detail = "it ends before its interchange does (`IEA` is missing)";
            return Err(Fault::NotFormat(detail.to_owned()));
        };
        match segment.name() {
            "GS" if self.group.is_none() => {
                self.group = Some(Group {
                    control: segment.element(6).unwrap_or_default().to_owned(),
                    set_count: 0,
                });
            }
            "ST" if self.group.is_some() => self.set(&segment)?,
            "GE" => {
                let group = self.group.take();
                let group =
                    group.ok_or_else(|| self.fault("(`GE`) ends a group that is not open"))?;
                self.tie(&segment, "GE", group.set_count, &group.control)?;
                if let Some(interchange) = &mut self.interchange {
                    interchange.group_count += 1;
                }
            }
            "IEA" if self.group.is_none() => {
                if let Some(interchange) = self.interchange.take() {
                    let count = interchange.group_count;
                    self.tie(&segment, "IEA", count, &interchange.control)?;
                }
            }
            // Acknowledgement requests may follow the first segment.
            "TA1" => {}
            other => return Err(self.fault(&format!("(`{other}`) stands where none may"))),
        }
        Ok(())
    }

    /// Compares the count and the control number of a segment that ends something.
    fn tie(&self, end: &Segment, name: &str, count: u64, control: &str) -> Result<(), Fault> {
        let told = end.element(1).unwrap_or_default();
        if told.parse() != Ok(count) {
            let detail = format!("(`{name}`) counts {told}, and {count} came");
            return Err(self.fault(&detail));
        }
        let number = end.element(2).unwrap_or_default();
        if number != control {
            let detail = format!("(`{name}`) ends `{number}`, and `{control}` is open");
            return Err(self.fault(&detail));
        }
        Ok(())
    }

    /// Reads a transaction set to its end.
    fn set(&mut self, start: &Segment) -> Result<(), Fault> {
        let place = self.segments.count();
        let mut inside = Vec::new();
        let mut size: u64 = 0;
        loop {
            let Some(segment) = self.segments.next()? else {
                let detail = format!("it ends in the set that starts at segment {place}");
                return Err(Fault::NotFormat(detail));
            };
            match segment.name() {
                "SE" => {
                    let count = inside.len() as u64 + 2;
                    let control = start.element(2).unwrap_or_default();
                    self.tie(&segment, "SE", count, control)?;
                    break;
                }
                "ST" | "GS" | "GE" | "ISA" | "IEA" => {
                    return Err(self.fault("stands in a set that has no end (`SE`)"));
                }
                _ => {}
            }
            size += segment.size_bytes();
            if size > self.set_bytes_max {
                let detail =
                    format!("has a set at segment {place} that is longer than `limits.page_bytes`");
                return Err(Fault::TooLarge(detail));
            }
            inside.push((self.segments.count(), segment));
        }
        if let Some(group) = &mut self.group {
            group.set_count += 1;
        }
        if start.element(1) != Some("820") {
            return Ok(());
        }
        self.advice_count += 1;
        let Some(interchange) = &self.interchange else {
            return Ok(());
        };
        let control = start.element(2).unwrap_or_default();
        let mut advice =
            advice::Advice::of(&inside, &interchange.sender, &interchange.control, control)
                .map_err(|detail| {
                    Fault::NotFormat(format!("the set that starts at segment {place} {detail}"))
                })?;
        let doubt = advice.doubt();
        self.doubts
            .extend(doubt.map(|doubt| format!("the set that starts at segment {place} {doubt}")));
        advice.id = self.numbering.numbered(std::mem::take(&mut advice.id));
        match self.entity {
            Entity::Payments => self.rows.push_back(advice.payment(place)),
            _ => self.rows.extend(advice.remittances()),
        }
        Ok(())
    }
}

impl<R: BufRead> RowReader for X12Reader<R> {
    fn header(&self) -> Option<&[String]> {
        None
    }

    fn next_row(&mut self) -> Result<Option<Row>, Fault> {
        while self.rows.is_empty() && !self.is_over {
            self.advance()?;
        }
        Ok(self.rows.pop_front())
    }

    fn brings_deliveries(&self) -> bool {
        true
    }

    fn doubts(&self) -> &[String] {
        &self.doubts
    }
}
