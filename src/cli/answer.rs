//! An answer of `landing query` as text. Amounts are printed exactly.

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::{Map, Value};

use crate::reconcile::QueryResult;

/// One row: what stands in each cell, `None` where it is absent.
type Row = Vec<Option<String>>;

/// The rows as text cells.
fn rows(answer: &QueryResult) -> Result<Vec<Row>, ArrowError> {
    let mut rows = Vec::new();
    for batch in &answer.batches {
        rows.extend(rows_of(batch)?);
    }
    Ok(rows)
}

fn rows_of(batch: &RecordBatch) -> Result<Vec<Row>, ArrowError> {
    let options = FormatOptions::default();
    let columns: Vec<ArrayFormatter<'_>> = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
        .collect::<Result<_, _>>()?;
    let cell = |at: usize, row: usize| -> Result<Option<String>, ArrowError> {
        if batch.column(at).is_null(row) {
            return Ok(None);
        }
        columns[at].value(row).try_to_string().map(Some)
    };
    (0..batch.num_rows())
        .map(|row| (0..columns.len()).map(|at| cell(at, row)).collect())
        .collect()
}

/// Tab-separated, with a header; tabs, line breaks and everything that steers a terminal become
/// blanks.
pub(super) fn tsv(answer: &QueryResult) -> Result<String, ArrowError> {
    let clean = |text: &str| super::output::without_controls(text);
    let mut text = String::new();
    let names: Vec<&str> = answer
        .schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    text.push_str(&names.join("\t"));
    for row in rows(answer)? {
        text.push('\n');
        let cells: Vec<String> = row
            .iter()
            .map(|cell| clean(cell.as_deref().unwrap_or_default()))
            .collect();
        text.push_str(&cells.join("\t"));
    }
    Ok(text)
}

/// RFC 4180, with a header. Text that a spreadsheet would take for a formula gets a quote in front.
pub(super) fn csv(answer: &QueryResult) -> Result<String, ArrowError> {
    let names: Vec<Option<String>> = answer
        .schema
        .fields()
        .iter()
        .map(|field| Some(field.name().clone()))
        .collect();
    let mut text = String::new();
    for row in std::iter::once(names).chain(rows(answer)?) {
        let cells: Vec<String> = row
            .iter()
            .map(|cell| super::output::csv_cell(cell.as_deref().unwrap_or_default()))
            .collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    Ok(text)
}

/// An array of objects. Integers and truth values are JSON's own; everything else, decimals among
/// them, is a string, so that no reader rounds it.
pub(super) fn json(answer: &QueryResult) -> Result<Value, ArrowError> {
    let fields = answer.schema.fields();
    let objects = rows(answer)?.into_iter().map(|row| {
        let pairs = fields.iter().zip(row).map(|(field, cell)| {
            let value = match (field.data_type(), cell) {
                (_, None) => Value::Null,
                (DataType::Boolean, Some(text)) => Value::Bool(text == "true"),
                (kind, Some(text)) if kind.is_integer() => text
                    .parse::<i64>()
                    .map_or_else(|_| Value::String(text), Value::from),
                (_, Some(text)) => Value::String(text),
            };
            (field.name().clone(), value)
        });
        Value::Object(pairs.collect::<Map<_, _>>())
    });
    Ok(Value::Array(objects.collect()))
}
