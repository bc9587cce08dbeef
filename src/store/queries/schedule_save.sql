-- New or not: the planner owns the row.
insert into schedules (
    job, cron, timezone, next_fire_at, last_fire_at
)
values ($1, $2, $3, $4, $5)
on conflict (job) do update set
    cron = excluded.cron,
    timezone = excluded.timezone,
    next_fire_at = excluded.next_fire_at,
    last_fire_at = excluded.last_fire_at
