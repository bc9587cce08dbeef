-- Never changed: a restatement is a further snapshot.
insert into kpi_snapshots (
    snapshot_id, scope, period, as_of, computed_at, run_id, body
)
values ($1, $2, $3, $4, $5, $6, $7)
