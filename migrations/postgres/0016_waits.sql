-- Payments that rules did not place in a comparison that saw them, so that what was placed at the
-- first attempt can be told from what was not. All others were, or were placed by a person.
create table cash_waits (
    payment text collate "C" not null primary key,
    waits_since text collate "C" not null,
    ended_at text collate "C",
    is_first_pass boolean not null
);
