-- Sources that a vendor lets ask no more until an instant, to be pulled once more then.
create table parked_sources (
    source text collate "C" not null primary key,
    until text collate "C" not null,
    reason text collate "C" not null,
    noted_at text collate "C" not null
);
-- How many records came from what the source counted: rows also hold their children.
alter table pulls add column listed_count bigint;
