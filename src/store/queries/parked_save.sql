-- The newest word of the vendor counts.
insert into parked_sources (
    source, until, reason, noted_at
)
values ($1, $2, $3, $4)
on conflict (source) do update set
    until = excluded.until,
    reason = excluded.reason,
    noted_at = excluded.noted_at
