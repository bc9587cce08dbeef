//! Plain rows: the numbers of a key and 64 bits for each figure, in a fixed count of bytes.

/// Bytes of a key column's number.
const NUMBER_BYTES: usize = 4;
/// Bytes of a figure.
const FIGURE_BYTES: usize = 8;
/// What a figure in a row is multiplied by: rows have ten decimals, as the landing has, and sums twelve.
pub(super) const FINER: i128 = 100;
/// A figure that the row does not have. No figure is that small: it would be a row that is not plain.
pub(super) const ABSENT: i64 = i64::MIN;

/// How plain rows are laid out.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowLayout {
    pub(super) key_bytes: usize,
    pub(super) row_bytes: usize,
}

impl RowLayout {
    pub(super) fn new(key_count: usize, measure_count: usize) -> Self {
        let key_bytes = key_count * NUMBER_BYTES;
        Self {
            key_bytes,
            row_bytes: key_bytes + measure_count * FIGURE_BYTES,
        }
    }
}

/// Plain rows of a batch, one behind the other.
#[derive(Debug)]
pub(super) struct Staged {
    layout: RowLayout,
    bytes: Vec<u8>,
}

impl Staged {
    pub(super) fn new(layout: RowLayout) -> Self {
        Self {
            layout,
            bytes: Vec::new(),
        }
    }

    /// Makes room for rows; what stands in them is put over.
    pub(super) fn begin(&mut self, rows: usize) {
        self.bytes.resize(rows * self.layout.row_bytes, 0);
    }

    /// Puts the number of a key column into every row.
    pub(super) fn put_numbers(&mut self, column: usize, numbers: impl Iterator<Item = u32>) {
        let start = column * NUMBER_BYTES;
        let rows = self.bytes.chunks_exact_mut(self.layout.row_bytes);
        for (row, number) in rows.zip(numbers) {
            if let Some(place) = row[start..].first_chunk_mut() {
                *place = number.to_le_bytes();
            }
        }
    }

    /// Puts a measure's figure into every row.
    pub(super) fn put_figures(&mut self, measure: usize, figures: impl Iterator<Item = i64>) {
        let start = self.layout.key_bytes + measure * FIGURE_BYTES;
        let rows = self.bytes.chunks_exact_mut(self.layout.row_bytes);
        for (row, figure) in rows.zip(figures) {
            if let Some(place) = row[start..].first_chunk_mut() {
                *place = figure.to_le_bytes();
            }
        }
    }

    pub(super) fn rows(&self) -> std::slice::ChunksExact<'_, u8> {
        self.bytes.chunks_exact(self.layout.row_bytes)
    }
}

/// The numbers of a row's key.
#[inline]
pub(super) fn numbers_of(key: &[u8]) -> impl Iterator<Item = u32> {
    let (numbers, _) = key.as_chunks::<NUMBER_BYTES>();
    numbers.iter().map(|bytes| u32::from_le_bytes(*bytes))
}

/// The figures of a row behind its key.
#[inline]
pub(super) fn figures_of(behind_key: &[u8]) -> impl Iterator<Item = i64> {
    let (figures, _) = behind_key.as_chunks::<FIGURE_BYTES>();
    figures.iter().map(|bytes| i64::from_le_bytes(*bytes))
}
