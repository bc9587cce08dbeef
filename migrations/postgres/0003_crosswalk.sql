-- Which records of which systems are one customer, from when to when. A membership that was
-- replaced at the very instant it began stays as an empty interval, so nothing is ever lost.
create table crosswalk (
    membership_id bigint generated always as identity primary key,
    source text collate "C" not null,
    source_id text collate "C" not null,
    golden_id text collate "C" not null,
    valid_from text collate "C" not null,
    valid_to text collate "C",
    decided_by text collate "C" not null,
    rule text collate "C" not null,
    score text collate "C" not null
);

create unique index crosswalk_holding on crosswalk (source, source_id) where valid_to is null;
create index crosswalk_account on crosswalk (source, source_id, valid_from);
create index crosswalk_golden on crosswalk (golden_id);
