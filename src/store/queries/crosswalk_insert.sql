-- A membership is never rewritten; a new one follows it.
insert into crosswalk (
    source, source_id, golden_id, valid_from, valid_to, decided_by, rule, score
)
values ($1, $2, $3, $4, $5, $6, $7, $8)
