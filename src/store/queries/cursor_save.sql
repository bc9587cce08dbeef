-- The place moves in the same transaction that makes the rows before it count.
insert into cursors (
    source, stream, position, pull_id
)
values ($1, $2, $3, $4)
on conflict (source, stream) do update set
    position = excluded.position,
    pull_id = excluded.pull_id
