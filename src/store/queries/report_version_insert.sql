-- A number is given once; whoever comes second with it finds it taken.
insert into report_versions (
    report, scope, period, version, figures_digest, figures, created_at
)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (report, scope, period, version) do nothing
