-- The usage rows around the period behind the units that differ.
select
    golden_account(source, account_id) as account,
    canonical_sku(source, sku) as sku,
    source,
    id,
    starts_on,
    quantity
from usage
where
    {is_taken}
    and is_suspect(golden_account(source, account_id), canonical_sku(source, sku))
order by account, sku, starts_on, source, id
