-- What is left of rate budgets; a budget's name is a digest and says nothing of its credential.
create table budgets (
    budget text collate "C" not null primary key,
    paid_at text collate "C",
    not_before text collate "C",
    reason text collate "C",
    saved_at text collate "C" not null
);
