-- A run that has ended, or that was given up for lost, cannot be brought back.
update runs set lease_until = $2 where run_id = $1 and state = 'running'
