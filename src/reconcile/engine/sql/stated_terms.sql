-- The payment terms that living contracts state for themselves.
select
    golden_account(source, account_id) as account,
    canonical_sku(source, sku) as sku,
    source,
    id,
    trim(payment_terms) as terms
from contracts
where
    {is_sold}
    and {is_active}
    and length(trim(coalesce(payment_terms, ''))) > 0
order by account, sku, source, id
