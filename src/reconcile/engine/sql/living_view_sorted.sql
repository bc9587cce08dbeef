-- The same as `living_view.sql`, for an entity with more versions than can be looked up in memory: a
-- sort by record, which spills.
create view {entity} as
select {columns}
from (
    select
        *,
        row_number() over (
            partition by source, id
            order by
                extracted_at desc,
                run_id desc,
                updated_at desc nulls last,
                deleted desc,
                raw desc nulls last
        ) as version_rank
    from {entity}_versions
    where {known_by}
)
where version_rank = 1 and not deleted
