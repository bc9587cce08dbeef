//! The column of raw records, which is most of what is written: each text is copied once, into the
//! page that is compressed where it stands. The library's own writer copies it four times.

use arrow::array::StringArray;
use bytes::Bytes;
use parquet::basic::{Compression, Encoding, EncodingMask, PageType};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, OffsetIndexBuilder, PageEncodingStats};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;
use zstd::zstd_safe::{CParameter, compress_bound};

use super::part::level;

/// Bytes of one page, before they are compressed; a longer text is a page of its own.
const PAGE_BYTES: usize = 1 << 20;
/// Rows of one page.
const PAGE_ROWS: u32 = 20_000;
/// Room in front of a page's texts for the levels that say which of its rows have one.
const HEADROOM: usize = 64;

/// Places that are remembered while a page is compressed, as a power of two: so many that they fit
/// the first cache of a core. Records are so alike that more of them find hardly anything more.
const PLACES_LOG: u32 = 12;
/// Letters that must be the same for a place to be looked at.
const SAME_LETTERS_MIN: u32 = 6;

/// Compresses the pages of all files of a pull, one after the other.
#[derive(Default)]
pub(super) struct Press {
    compressor: Option<Compressor<'static>>,
    pressed: Vec<u8>,
}

impl Press {
    fn press(&mut self, page: &[u8]) -> Result<Bytes, ParquetError> {
        self.pressed.clear();
        self.pressed.reserve(compress_bound(page.len()));
        let compressor = match &mut self.compressor {
            Some(compressor) => compressor,
            none => none.insert(compressor()?),
        };
        compressor.compress_to_buffer(page, &mut self.pressed)?;
        Ok(Bytes::copy_from_slice(&self.pressed))
    }
}

fn compressor() -> std::io::Result<Compressor<'static>> {
    let mut compressor = Compressor::new(level().compression_level())?;
    compressor.set_parameter(CParameter::HashLog(PLACES_LOG))?;
    compressor.set_parameter(CParameter::MinMatch(SAME_LETTERS_MIN))?;
    Ok(compressor)
}

/// The raw records of one row group.
pub(super) struct RawColumn {
    description: ColumnDescPtr,
    /// Room for the levels, then the texts of the page under construction.
    page: Vec<u8>,
    /// Which rows of the page have a text: how many in a row have, or have not.
    runs: Vec<(bool, u32)>,
    page_rows: u32,
    chunk: TrackedWrite<Vec<u8>>,
    offsets: OffsetIndexBuilder,
    row_count: u64,
    page_count: i32,
    plain_bytes: usize,
}

impl RawColumn {
    pub(super) fn new(description: ColumnDescPtr) -> Self {
        Self {
            description,
            page: Vec::new(),
            runs: Vec::new(),
            page_rows: 0,
            chunk: TrackedWrite::new(Vec::new()),
            offsets: OffsetIndexBuilder::new(),
            row_count: 0,
            page_count: 0,
            plain_bytes: 0,
        }
    }

    /// Bytes that it holds in memory.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.page.capacity() + self.chunk.inner().capacity()
    }

    pub(super) fn append(
        &mut self,
        texts: &StringArray,
        press: &mut Press,
    ) -> Result<(), ParquetError> {
        for text in texts {
            let bytes = text.map_or(&[][..], str::as_bytes);
            let length = u32::try_from(bytes.len())
                .map_err(|_| ParquetError::General("a text is longer than 4 GiB".into()))?;
            if self.page_rows >= PAGE_ROWS || self.page.len() + bytes.len() > PAGE_BYTES {
                self.end_page(press)?;
            }
            if self.page.is_empty() {
                self.page.resize(HEADROOM, 0);
            }
            self.page_rows += 1;
            match self.runs.last_mut() {
                Some((is_there, count)) if *is_there == text.is_some() => *count += 1,
                _ => self.runs.push((text.is_some(), 1)),
            }
            if text.is_some() {
                self.page.extend_from_slice(&length.to_le_bytes());
                self.page.extend_from_slice(bytes);
            }
        }
        Ok(())
    }

    /// Compresses the page under construction, if it has any rows.
    fn end_page(&mut self, press: &mut Press) -> Result<(), ParquetError> {
        if self.page_rows == 0 {
            return Ok(());
        }
        let levels = self.levels();
        let (buf, plain_bytes) = if let Some(start) = HEADROOM.checked_sub(levels.len()) {
            self.page[start..HEADROOM].copy_from_slice(&levels);
            (press.press(&self.page[start..])?, self.page.len() - start)
        } else {
            let page = [&levels[..], &self.page[HEADROOM..]].concat();
            (press.press(&page)?, page.len())
        };
        let page = Page::DataPage {
            buf,
            num_values: self.page_rows,
            encoding: Encoding::PLAIN,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let page = CompressedPage::new(page, plain_bytes);
        let written = SerializedPageWriter::new(&mut self.chunk).write_page(page)?;
        self.plain_bytes += written.uncompressed_size;
        self.offsets.append_row_count(i64::from(self.page_rows));
        self.offsets.append_offset_and_size(
            i64::try_from(written.offset).unwrap_or(i64::MAX),
            i32::try_from(written.compressed_size).unwrap_or(i32::MAX),
        );
        self.row_count += u64::from(self.page_rows);
        self.page_count += 1;
        self.page_rows = 0;
        self.runs.clear();
        self.page.clear();
        Ok(())
    }

    /// The levels of the page as the format has them: their length, then runs of equal ones. A
    /// column that must be there has none.
    fn levels(&self) -> Vec<u8> {
        if self.description.max_def_level() == 0 {
            return Vec::new();
        }
        let mut levels = vec![0; 4];
        for (is_there, count) in &self.runs {
            let mut header = u64::from(*count) << 1;
            while header >= 0x80 {
                levels.push(u8::try_from(header & 0x7f).unwrap_or_default() | 0x80);
                header >>= 7;
            }
            levels.push(u8::try_from(header).unwrap_or_default());
            levels.push(u8::from(*is_there));
        }
        let length = u32::try_from(levels.len() - 4).unwrap_or(u32::MAX);
        levels[..4].copy_from_slice(&length.to_le_bytes());
        levels
    }

    /// The column as it goes into the file, and what the file says of it.
    pub(super) fn finish(
        mut self,
        press: &mut Press,
    ) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
        self.end_page(press)?;
        let chunk = self.chunk.into_inner()?;
        let signed = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let encodings = [Encoding::PLAIN, Encoding::RLE];
        let metadata = ColumnChunkMetaData::builder(self.description)
            .set_compression(Compression::ZSTD(level()))
            .set_encodings_mask(EncodingMask::new_from_encodings(encodings.iter()))
            .set_page_encoding_stats(vec![PageEncodingStats {
                page_type: PageType::DATA_PAGE,
                encoding: Encoding::PLAIN,
                count: self.page_count,
            }])
            .set_total_compressed_size(signed(chunk.len()))
            .set_total_uncompressed_size(signed(self.plain_bytes))
            .set_num_values(i64::try_from(self.row_count).unwrap_or(i64::MAX))
            .set_data_page_offset(0)
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: chunk.len() as u64,
            rows_written: self.row_count,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: Some(self.offsets.build()),
        };
        Ok((Bytes::from(chunk), close))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, RecordBatch};
    use arrow::datatypes::{DataType, Field, Schema};
    use parquet::arrow::ArrowSchemaConverter;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;

    use super::*;

    /// The texts as they are read back by the library from a file of two row groups.
    fn round(texts: &[Option<String>], is_optional: bool) -> Vec<Option<String>> {
        let schema = Schema::new(vec![Field::new("raw", DataType::Utf8, is_optional)]);
        let parquet_schema = ArrowSchemaConverter::new().convert(&schema).unwrap();
        let mut file = Vec::new();
        let mut writer = SerializedFileWriter::new(
            &mut file,
            parquet_schema.root_schema_ptr(),
            Arc::new(WriterProperties::default()),
        )
        .unwrap();
        let mut press = Press::default();
        let (first, second) = texts.split_at(texts.len() / 3);
        for part in [first, second] {
            let mut column = RawColumn::new(parquet_schema.column(0));
            for batch in part.chunks(7) {
                let texts: StringArray = batch.iter().map(Option::as_deref).collect();
                column.append(&texts, &mut press).unwrap();
            }
            let (chunk, close) = column.finish(&mut press).unwrap();
            let mut group = writer.next_row_group().unwrap();
            group.append_column(&chunk, close).unwrap();
            group.close().unwrap();
        }
        writer.close().unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file)).unwrap();
        let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
        let columns = batches.iter().map(|batch| -> &ArrayRef { batch.column(0) });
        columns
            .flat_map(|column| column.as_string::<i32>().iter())
            .map(|text| text.map(str::to_owned))
            .collect()
    }

    // Goal: any reader finds the texts that went in. Method: the library's reader, over pages that
    // end by their bytes and by their rows, texts longer than a page, none, and every mix of rows
    // with and without a text.
    #[test]
    fn texts_come_back_as_they_went_in() {
        let long = "é".repeat(PAGE_BYTES);
        let mut mixed: Vec<Option<String>> = (0..300)
            .map(|at| (at % 3 != 0).then(|| format!("{{\"at\":{at}}}")))
            .collect();
        mixed.push(Some(long));
        mixed.extend((0..600).map(|at| Some("x".repeat(at * 17))));
        mixed.extend(vec![None; 200]);
        assert_eq!(round(&mixed, true), mixed);
        let many: Vec<Option<String>> = (0..70_000).map(|at| Some(at.to_string())).collect();
        assert_eq!(round(&many, true), many);
        assert_eq!(round(&many, false), many);
        assert_eq!(round(&[None], true), [None]);
    }
}
