-- Which pulls were committed, which files count, and where each stream stands.
create table pulls (
    pull_id text collate "C" not null primary key,
    run_id text collate "C" not null,
    source text collate "C" not null,
    stream text collate "C" not null,
    entities text collate "C" not null,
    started_at text collate "C" not null,
    finished_at text collate "C" not null,
    state text collate "C" not null,
    sealed boolean not null,
    row_count bigint not null,
    landed_count bigint not null,
    rejected_count bigint not null,
    reported_count bigint,
    reason text collate "C"
);

create index pulls_stream on pulls (source, stream, started_at);
create index pulls_run on pulls (run_id);

create table files (
    path text collate "C" not null primary key,
    pull_id text collate "C" not null references pulls (pull_id),
    source text collate "C" not null,
    entity text collate "C" not null,
    period text collate "C" not null,
    quarantine boolean not null,
    size_bytes bigint not null,
    digest text collate "C" not null,
    totals text collate "C" not null,
    extracted_at text collate "C" not null
);

create index files_entity on files (entity, source, extracted_at);
create index files_pull on files (pull_id);

create table cursors (
    source text collate "C" not null,
    stream text collate "C" not null,
    position text collate "C" not null,
    pull_id text collate "C" not null references pulls (pull_id),
    primary key (source, stream)
);

-- Refresh tokens, as ciphertext; the key is not in the store.
create table tokens (
    source text collate "C" not null primary key,
    sealed bytea not null,
    received_at text collate "C" not null
);
