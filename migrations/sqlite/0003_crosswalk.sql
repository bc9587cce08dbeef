-- Which records of which systems are one customer, from when to when. A membership that was
-- replaced at the very instant it began stays as an empty interval, so nothing is ever lost.
create table crosswalk (
    membership_id integer not null primary key autoincrement,
    source text not null,
    source_id text not null,
    golden_id text not null,
    valid_from text not null,
    valid_to text,
    decided_by text not null,
    rule text not null,
    score text not null
) strict;

create unique index crosswalk_holding on crosswalk (source, source_id) where valid_to is null;
create index crosswalk_account on crosswalk (source, source_id, valid_from);
create index crosswalk_golden on crosswalk (golden_id);
