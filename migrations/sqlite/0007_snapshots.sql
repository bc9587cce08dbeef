-- Figures as they were reported.
create table kpi_snapshots (
    snapshot_id text not null primary key,
    scope text not null,
    period text not null,
    as_of text not null,
    computed_at text not null,
    run_id text not null,
    body text not null
) strict;

create index kpi_snapshots_newest on kpi_snapshots (scope, period, computed_at);

create table report_versions (
    report text not null,
    scope text not null,
    period text not null,
    version integer not null,
    figures_digest text not null,
    figures text not null,
    created_at text not null,
    primary key (report, scope, period, version)
) strict;
