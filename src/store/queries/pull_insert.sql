-- A pull is written once, with all that it committed.
insert into pulls (
    pull_id, run_id, source, stream, entities, started_at, finished_at, state, sealed,
    row_count, landed_count, rejected_count, reported_count, listed_count, reason
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
