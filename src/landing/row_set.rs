//! Which rows of a file count.

use parquet::arrow::arrow_reader::{RowSelection, RowSelector};

/// Bits of a word.
const WORD: u64 = 64;

/// Which of the rows of a file count, by their place from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSet {
    row_count: u64,
    /// A bit a row; `None` while all of them count.
    words: Option<Vec<u64>>,
}

impl RowSet {
    /// All of so many rows.
    pub fn all(row_count: u64) -> Self {
        Self {
            row_count,
            words: None,
        }
    }

    /// None of so many rows.
    pub fn none(row_count: u64) -> Self {
        let words = row_count.div_ceil(WORD);
        Self {
            row_count,
            words: Some(vec![0; usize::try_from(words).unwrap_or(usize::MAX)]),
        }
    }

    /// Takes a row out.
    pub fn remove(&mut self, row: u64) {
        if row >= self.row_count {
            return;
        }
        let row_count = self.row_count;
        let words = self.words.get_or_insert_with(|| {
            let mut words = vec![u64::MAX; usize::try_from(row_count / WORD).unwrap_or(usize::MAX)];
            if !row_count.is_multiple_of(WORD) {
                words.push((1 << (row_count % WORD)) - 1);
            }
            words
        });
        let (word, bit) = place(row);
        if let Some(word) = words.get_mut(word) {
            *word &= !bit;
        }
    }

    /// Puts a row in.
    pub fn insert(&mut self, row: u64) {
        let (word, bit) = place(row);
        if row < self.row_count
            && let Some(word) = self.words.as_mut().and_then(|words| words.get_mut(word))
        {
            *word |= bit;
        }
    }

    /// Whether a row counts.
    pub fn contains(&self, row: u64) -> bool {
        let (word, bit) = place(row);
        row < self.row_count
            && self
                .words
                .as_ref()
                .is_none_or(|words| words.get(word).is_some_and(|word| word & bit != 0))
    }

    /// How many rows the file has.
    pub fn row_count(&self) -> u64 {
        self.row_count
    }

    /// How many of them count.
    pub fn count(&self) -> u64 {
        match &self.words {
            None => self.row_count,
            Some(words) => words.iter().map(|word| u64::from(word.count_ones())).sum(),
        }
    }

    /// Whether all of them do.
    pub fn is_all(&self) -> bool {
        self.words.is_none() || self.count() == self.row_count
    }

    /// Whether none of them does.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// The rows that the other one has not.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut left = Self::none(self.row_count);
        for row in (0..self.row_count).filter(|row| self.contains(*row) && !other.contains(*row)) {
            left.insert(row);
        }
        left
    }

    /// Takes out the rows that another set has.
    pub fn subtract(&mut self, other: &Self) {
        *self = self.without(other);
    }

    /// Puts in the rows that another set has.
    pub fn add(&mut self, other: &Self) {
        for row in (0..self.row_count).filter(|row| other.contains(*row)) {
            self.insert(row);
        }
    }

    /// The rows that count, as a reader of Parquet takes them.
    pub fn selection(&self) -> RowSelection {
        let runs = self.runs();
        let selectors = runs.into_iter().map(|(counts, length)| {
            if counts {
                RowSelector::select(length)
            } else {
                RowSelector::skip(length)
            }
        });
        RowSelection::from(selectors.collect::<Vec<_>>())
    }

    /// The file from its first row to its last, as runs of rows that count or do not.
    fn runs(&self) -> Vec<(bool, usize)> {
        let mut runs: Vec<(bool, usize)> = Vec::new();
        let mut push = |counts: bool, rows: u64| {
            let rows = usize::try_from(rows).unwrap_or(usize::MAX);
            match runs.last_mut() {
                Some((same, length)) if *same == counts => *length += rows,
                _ if rows > 0 => runs.push((counts, rows)),
                _ => {}
            }
        };
        let Some(words) = &self.words else {
            push(true, self.row_count);
            return runs;
        };
        let mut left = self.row_count;
        for word in words {
            let bits = left.min(WORD);
            left -= bits;
            if *word == 0 {
                push(false, bits);
                continue;
            }
            for bit in 0..bits {
                push(word >> bit & 1 == 1, 1);
            }
        }
        runs
    }
}

fn place(row: u64) -> (usize, u64) {
    let word = usize::try_from(row / WORD).unwrap_or(usize::MAX);
    (word, 1 << (row % WORD))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: a set is what was put in and taken out, at the edges of its words too. Method: a set of
    // 130 rows against its own runs.
    #[test]
    fn runs_tell_the_set() {
        let mut rows = RowSet::all(130);
        assert!(rows.is_all() && rows.runs() == [(true, 130)]);
        for row in [0, 63, 64, 129, 500] {
            rows.remove(row);
        }
        assert_eq!(rows.count(), 126);
        let expected = [(false, 1), (true, 62), (false, 2), (true, 64), (false, 1)];
        assert_eq!(rows.runs(), expected);
        rows.insert(129);
        assert!(rows.contains(129) && !rows.contains(130) && !rows.is_all());
        assert_eq!(
            RowSet::all(130).without(&rows).runs(),
            [(true, 1), (false, 62), (true, 2), (false, 65)]
        );
        assert!(RowSet::none(7).is_empty() && RowSet::none(0).is_all());
    }
}
