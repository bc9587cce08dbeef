-- In order, a stretch at a time.
select
    sequence, event_id, happened_at, actor, action, object, before, after, reason, approval,
    previous_hash, hash
from audit
where sequence > $1
order by sequence
limit $2
