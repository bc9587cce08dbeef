//! All rows, given as units: one partition after the other is added up.

use crate::reconcile::error::ReconcileError;

use super::chunk::Rows;
use super::leg::{FoldShape, LegRows};
use super::lexicon::{INLINE, Lexicon};
use super::spool::{Form, Spool};
use super::table::{Table, added, spoiled};

/// All rows, ready to be given as units.
pub(crate) struct Folded {
    shape: FoldShape,
    partitions: usize,
    lexicons: Vec<Lexicon>,
    spool: Spool,
    taken: Vec<LegRows>,
}

impl Folded {
    pub(super) fn new(
        shape: FoldShape,
        partitions: usize,
        lexicons: Vec<Lexicon>,
        spool: Spool,
        taken: Vec<LegRows>,
    ) -> Self {
        Self {
            shape,
            partitions,
            lexicons,
            spool,
            taken,
        }
    }

    /// The number of a text in a key column: a unit that has the text has that number, if there is one.
    pub(crate) fn number(&self, column: usize, text: &str) -> Option<u32> {
        self.lexicons.get(column)?.find(text)
    }

    /// The text of a number of a key column.
    pub(crate) fn text(&self, column: usize, number: u32) -> &str {
        self.lexicons
            .get(column)
            .map_or("", |lexicon| lexicon.get(number))
    }

    /// Gives every unit once, in no order. Fails after the last one where rows or sums were lost.
    pub(crate) fn each(
        &mut self,
        mut give: impl FnMut(&FoldedUnit<'_>) -> Result<(), ReconcileError>,
    ) -> Result<(), ReconcileError> {
        let mut table = Table::new(&self.shape);
        let mut rows = Rows::new(self.lexicons.len(), self.shape.extremes.len());
        let mut given = vec![LegRows::none(self.shape.extremes.len()); self.shape.legs];
        for partition in 0..self.partitions {
            table.clear();
            self.spool.take(partition, |leg, form, bytes| match form {
                Form::Plain => table.add_page(leg, bytes),
                Form::Packed => {
                    rows.unpack(bytes).ok_or_else(spoiled)?;
                    table.add(leg, &rows)
                }
            })?;
            for entry in 0..table.len() {
                let unit = FoldedUnit {
                    table: &table,
                    lexicons: &self.lexicons,
                    entry,
                };
                for (leg, given) in given.iter_mut().enumerate() {
                    given.rows += unit.rows(leg);
                    for (at, sum) in given.sums.iter_mut().enumerate() {
                        *sum = added(*sum, unit.sum(leg, at))?;
                    }
                }
                give(&unit)?;
            }
        }
        for (leg, (taken, given)) in self.taken.iter().zip(&given).enumerate() {
            if taken != given {
                return Err(ReconcileError::Untied {
                    source_name: format!("leg {leg}"),
                    entity: "rows and sums".into(),
                    extracted: taken.rows,
                    accounted: given.rows,
                });
            }
        }
        Ok(())
    }
}

/// One unit.
pub(crate) struct FoldedUnit<'a> {
    table: &'a Table,
    lexicons: &'a [Lexicon],
    entry: usize,
}

impl FoldedUnit<'_> {
    /// How many rows a leg has.
    #[inline]
    pub(crate) fn rows(&self, leg: usize) -> u64 {
        self.table.rows(self.entry, leg)
    }

    /// In how many of a leg's rows a measure is present.
    #[inline]
    pub(crate) fn present(&self, leg: usize, measure: usize) -> u64 {
        self.table.present(self.entry, leg, measure)
    }

    /// The sum of a leg's measure, in twelve decimals; 0 where no row has it.
    #[inline]
    pub(crate) fn sum(&self, leg: usize, measure: usize) -> i128 {
        self.table.sum(self.entry, leg, measure)
    }

    /// The least and the greatest value of a leg's measure, where they were asked for and there is one.
    #[inline]
    pub(crate) fn extremes(&self, leg: usize, measure: usize) -> Option<(i128, i128)> {
        let extremes = self.table.extremes(self.entry, leg, measure)?;
        (self.present(leg, measure) > 0).then_some(extremes)
    }

    /// The number of a key column's text; `None` where it has none.
    #[inline]
    pub(crate) fn number(&self, column: usize) -> Option<u32> {
        let number = self.table.key(self.entry)[column];
        (number != INLINE).then_some(number)
    }

    /// The text of a key column.
    pub(crate) fn text(&self, column: usize) -> &str {
        match self.number(column) {
            Some(number) => self.lexicons[column].get(number),
            None => self.table.inline_text(self.entry, column),
        }
    }
}
