-- Appended, never changed.
insert into discrepancy_events (
    discrepancy_id, happened_at, actor, action, from_state, to_state, code, note, run_id, worth
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
