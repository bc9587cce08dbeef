-- What is known of each record: its newest version by extraction, and the record only while that
-- version is not a tombstone. Run ids and update instants settle two versions of one instant.
create view {entity} as
select {columns}
from (
    select
        *,
        row_number() over (
            partition by source, id
            order by extracted_at desc, run_id desc, updated_at desc, deleted desc
        ) as version_rank
    from {entity}_versions
    where {known_by}
)
where version_rank = 1 and not deleted
