-- What is left of rate budgets; a budget's name is a digest and says nothing of its credential.
create table budgets (
    budget text not null primary key,
    paid_at text,
    not_before text,
    reason text,
    saved_at text not null
) strict;
