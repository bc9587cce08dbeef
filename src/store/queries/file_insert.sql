-- A file counts from here on.
insert into files (
    path, pull_id, source, entity, period, quarantine, size_bytes, digest, totals, extracted_at,
    first_extracted_at, key_id
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
