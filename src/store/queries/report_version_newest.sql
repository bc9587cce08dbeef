-- The figures that were printed last.
select
    report, scope, period, version, figures_digest, figures, created_at
from report_versions
where report = $1 and scope = $2 and period = $3
order by version desc
limit 1
