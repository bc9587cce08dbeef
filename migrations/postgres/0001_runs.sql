-- What ran when, what is due next, and which steps of a resumable job are done.
create table runs (
    run_id text collate "C" not null primary key,
    job text collate "C" not null,
    fire_at text collate "C",
    started_at text collate "C" not null,
    finished_at text collate "C",
    state text collate "C" not null,
    owner text collate "C" not null,
    lease_until text collate "C" not null,
    summary text collate "C",
    error text collate "C"
);

-- A fire is answered once, by whichever process comes first.
create unique index runs_fire on runs (job, fire_at) where fire_at is not null;

-- One run of a job at a time.
create unique index runs_under_way on runs (job) where state = 'running';

create index runs_started on runs (started_at, run_id);

create table schedules (
    job text collate "C" not null primary key,
    cron text collate "C" not null,
    timezone text collate "C" not null,
    next_fire_at text collate "C",
    last_fire_at text collate "C"
);

create table checkpoints (
    job_key text collate "C" not null,
    step text collate "C" not null,
    done_at text collate "C" not null,
    primary key (job_key, step)
);
