-- Whoever worked on these is gone; saying so lets their jobs begin again.
update runs set state = 'lost', finished_at = $1
where state = 'running' and lease_until < $1
returning
    run_id, job, fire_at, started_at, finished_at, state, owner, lease_until, summary, error
