-- Sequence and hashes are computed under the lock of the trail.
insert into audit (
    sequence, event_id, happened_at, actor, action, object, before, after, reason, approval,
    previous_hash, hash
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
