-- Products that are sold in one rhythm and subscribed to in the billing system in another; where one
-- side has several rhythms itself, nothing can be said.
select
    account,
    sku,
    min(sold) as sold_in,
    min(billed) as billed_in,
    min(sold_by) as sold_source,
    min(sold_id) as sold_record,
    min(billed_by) as billed_source,
    min(billed_id) as billed_record
from (
    select
        golden_account(source, account_id) as account,
        canonical_sku(source, sku) as sku,
        case when {is_sold} then coalesce(frequency, 'month') end as sold,
        case when {is_subscribed} then coalesce(frequency, 'month') end as billed,
        case when {is_sold} then source end as sold_by,
        case when {is_sold} then id end as sold_id,
        case when {is_subscribed} then source end as billed_by,
        case when {is_subscribed} then id end as billed_id
    from contracts
    where ({is_sold} or {is_subscribed}) and {is_active}
)
group by account, sku
having
    min(sold) = max(sold)
    and min(billed) = max(billed)
    and min(sold) <> min(billed)
order by account, sku
