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
