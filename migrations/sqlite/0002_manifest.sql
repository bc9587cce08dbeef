-- Which pulls were committed, which files count, and where each stream stands.
create table pulls (
    pull_id text not null primary key,
    run_id text not null,
    source text not null,
    stream text not null,
    entities text not null,
    started_at text not null,
    finished_at text not null,
    state text not null,
    sealed integer not null check (sealed in (0, 1)),
    row_count integer not null,
    landed_count integer not null,
    rejected_count integer not null,
    reported_count integer,
    reason text
) strict;

create index pulls_stream on pulls (source, stream, started_at);
create index pulls_run on pulls (run_id);

create table files (
    path text not null primary key,
    pull_id text not null references pulls (pull_id),
    source text not null,
    entity text not null,
    period text not null,
    quarantine integer not null check (quarantine in (0, 1)),
    size_bytes integer not null,
    digest text not null,
    totals text not null,
    extracted_at text not null
) strict;

create index files_entity on files (entity, source, extracted_at);
create index files_pull on files (pull_id);

create table cursors (
    source text not null,
    stream text not null,
    position text not null,
    pull_id text not null references pulls (pull_id),
    primary key (source, stream)
) strict;

-- Refresh tokens, as ciphertext; the key is not in the store.
create table tokens (
    source text not null primary key,
    sealed blob not null,
    received_at text not null
) strict;
