-- Files that were merged or thinned out: what a file's rows were extracted from, when it is not one
-- instant, and by which key it is encrypted. What was replaced waits for its grace.
alter table files add column first_extracted_at text;
alter table files add column key_id text;

create table retired_files (
    path text not null primary key,
    size_bytes integer not null,
    retired_at text not null,
    reason text not null
) strict;

-- What is true of the store as a whole.
create table landmarks (
    name text not null primary key,
    value text not null
) strict;

insert into landmarks (name, value) values ('store_id', lower(hex(randomblob(16))));

-- Which fields the records of a source have: of so many that were looked at, in how many each was.
create table known_fields (
    source text not null,
    entity text not null,
    path text not null,
    first_seen_at text not null,
    last_seen_at text not null,
    records integer not null,
    present integer not null,
    primary key (source, entity, path)
) strict;
