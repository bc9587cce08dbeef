-- Payments that rules did not place in a comparison that saw them, so that what was placed at the
-- first attempt can be told from what was not. All others were, or were placed by a person.
create table cash_waits (
    payment text not null primary key,
    waits_since text not null,
    ended_at text,
    is_first_pass integer not null check (is_first_pass in (0, 1))
) strict;
