-- The first end stands: a run that was given up for lost stays lost.
update runs set state = $2, finished_at = $3, summary = $4, error = $5
where run_id = $1 and state = 'running'
