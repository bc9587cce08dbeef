-- The vendor has already forgotten the token before this one.
insert into tokens (
    source, sealed, received_at
)
values ($1, $2, $3)
on conflict (source) do update set
    sealed = excluded.sealed,
    received_at = excluded.received_at
