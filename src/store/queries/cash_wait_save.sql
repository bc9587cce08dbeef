-- New or not: what the last comparison found stands.
insert into cash_waits (payment, waits_since, ended_at, is_first_pass)
values ($1, $2, $3, $4)
on conflict (payment) do update set
    waits_since = excluded.waits_since,
    ended_at = excluded.ended_at,
    is_first_pass = excluded.is_first_pass
