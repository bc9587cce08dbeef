-- The newest counts stand; when a field was first seen stands from the beginning.
insert into known_fields (
    source, entity, path, first_seen_at, last_seen_at, records, present
)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (source, entity, path) do update set
    last_seen_at = excluded.last_seen_at,
    records = excluded.records,
    present = excluded.present
