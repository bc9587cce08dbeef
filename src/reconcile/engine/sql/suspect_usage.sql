-- The usage rows of the period behind the units that differ.
select
    golden_account(source, account_id) as account,
    canonical_sku(source, sku) as sku,
    source,
    id,
    quantity
from usage
where
    {is_used}
    and is_suspect(golden_account(source, account_id), canonical_sku(source, sku))
order by account, sku, starts_on, source, id
