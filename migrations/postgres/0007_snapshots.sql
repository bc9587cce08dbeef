-- Figures as they were reported.
create table kpi_snapshots (
    snapshot_id text collate "C" not null primary key,
    scope text collate "C" not null,
    period text collate "C" not null,
    as_of text collate "C" not null,
    computed_at text collate "C" not null,
    run_id text collate "C" not null,
    body text collate "C" not null
);

create index kpi_snapshots_newest on kpi_snapshots (scope, period, computed_at);

create table report_versions (
    report text collate "C" not null,
    scope text collate "C" not null,
    period text collate "C" not null,
    version bigint not null,
    figures_digest text collate "C" not null,
    figures text collate "C" not null,
    created_at text collate "C" not null,
    primary key (report, scope, period, version)
);
