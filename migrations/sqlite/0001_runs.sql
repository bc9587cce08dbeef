-- What ran when, what is due next, and which steps of a resumable job are done.
create table runs (
    run_id text not null primary key,
    job text not null,
    fire_at text,
    started_at text not null,
    finished_at text,
    state text not null,
    owner text not null,
    lease_until text not null,
    summary text,
    error text
) strict;

-- A fire is answered once, by whichever process comes first.
create unique index runs_fire on runs (job, fire_at) where fire_at is not null;

-- One run of a job at a time.
create unique index runs_under_way on runs (job) where state = 'running';

create index runs_started on runs (started_at, run_id);

create table schedules (
    job text not null primary key,
    cron text not null,
    timezone text not null,
    next_fire_at text,
    last_fire_at text
) strict;

create table checkpoints (
    job_key text not null,
    step text not null,
    done_at text not null,
    primary key (job_key, step)
) strict;
