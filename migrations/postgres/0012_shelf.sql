-- Files that were merged or thinned out: what a file's rows were extracted from, when it is not one
-- instant, and by which key it is encrypted. What was replaced waits for its grace.
alter table files add column first_extracted_at text collate "C";
alter table files add column key_id text collate "C";

create table retired_files (
    path text collate "C" not null primary key,
    size_bytes bigint not null,
    retired_at text collate "C" not null,
    reason text collate "C" not null
);

-- What is true of the store as a whole.
create table landmarks (
    name text collate "C" not null primary key,
    value text collate "C" not null
);

insert into landmarks (name, value) values ('store_id', replace(gen_random_uuid()::text, '-', ''));

-- Which fields the records of a source have: of so many that were looked at, in how many each was.
create table known_fields (
    source text collate "C" not null,
    entity text collate "C" not null,
    path text collate "C" not null,
    first_seen_at text collate "C" not null,
    last_seen_at text collate "C" not null,
    records bigint not null,
    present bigint not null,
    primary key (source, entity, path)
);
