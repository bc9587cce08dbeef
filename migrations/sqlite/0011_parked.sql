-- Sources that a vendor lets ask no more until an instant, to be pulled once more then.
create table parked_sources (
    source text not null primary key,
    until text not null,
    reason text not null,
    noted_at text not null
) strict;
-- How many records came from what the source counted: rows also hold their children.
alter table pulls add column listed_count integer;
