-- All of them; the planner compares them with the configuration.
select
    job, cron, timezone, next_fire_at, last_fire_at
from schedules
order by job
