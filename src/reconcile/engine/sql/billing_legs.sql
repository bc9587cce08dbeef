-- The sold, the used and the billed leg of every customer and product, one under the other, sorted so
-- that what belongs together comes together. Contract rows come one by one, because what they make
-- expected is computed exactly outside; usage and bills come summed.
select
    0 as leg,
    golden_account(source, account_id) as account,
    canonical_sku(source, sku) as sku,
    source,
    id,
    branch,
    currency,
    0 as period_offset,
    cast(quantity as decimal(38, 10)) as quantity,
    cast(0 as decimal(38, 10)) as net,
    cast(1 as bigint) as row_count,
    cast(0 as bigint) as unmeasured_count,
    unit_price,
    discount_percent,
    discount_ends_on,
    starts_on,
    ends_on,
    frequency,
    model,
    commit_quantity,
    overage_price,
    proration,
    status
from contracts
where {is_sold}
union all
select
    1 as leg,
    golden_account(source, account_id) as account,
    canonical_sku(source, sku) as sku,
    source,
    '' as id,
    min(branch) as branch,
    cast(null as varchar) as currency,
    {usage_offset} as period_offset,
    cast(sum(quantity) as decimal(38, 10)) as quantity,
    cast(0 as decimal(38, 10)) as net,
    count(*) as row_count,
    cast(0 as bigint) as unmeasured_count,
    cast(null as decimal(28, 10)) as unit_price,
    cast(null as decimal(28, 10)) as discount_percent,
    cast(null as date) as discount_ends_on,
    starts_on,
    {no_instant} as ends_on,
    cast(null as varchar) as frequency,
    cast(null as varchar) as model,
    cast(null as decimal(28, 10)) as commit_quantity,
    cast(null as decimal(28, 10)) as overage_price,
    cast(null as varchar) as proration,
    cast(null as varchar) as status
from usage
where {is_used}
group by golden_account(source, account_id), canonical_sku(source, sku), source, starts_on
union all
select
    2 as leg,
    account,
    sku,
    source,
    '' as id,
    min(branch) as branch,
    currency,
    {billed_offset} as period_offset,
    cast(sum(coalesce(quantity, 0)) as decimal(38, 10)) as quantity,
    cast(sum(net) as decimal(38, 10)) as net,
    count(*) as row_count,
    sum(case when quantity is null then 1 else 0 end) as unmeasured_count,
    cast(null as decimal(28, 10)) as unit_price,
    cast(null as decimal(28, 10)) as discount_percent,
    cast(null as date) as discount_ends_on,
    {no_instant} as starts_on,
    {no_instant} as ends_on,
    cast(null as varchar) as frequency,
    cast(null as varchar) as model,
    cast(null as decimal(28, 10)) as commit_quantity,
    cast(null as decimal(28, 10)) as overage_price,
    cast(null as varchar) as proration,
    cast(null as varchar) as status
from billed_lines
where {is_billed}
group by account, sku, source, currency, {billed_offset}
order by account, sku, leg, currency, source, period_offset, starts_on, id
