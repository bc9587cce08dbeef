-- The sold, the used, the billed and the vendor's leg of every customer and product in one period, one
-- under the other, sorted so that what belongs together comes together. Contract rows come one by one,
-- because what they make expected is computed exactly outside; usage and bills come summed.
select
    0 as leg,
    golden_account(source, account_id) as account,
    canonical_sku(source, sku) as sku,
    source,
    id,
    branch,
    currency,
    cast(quantity as decimal(38, 10)) as quantity,
    cast(0 as decimal(38, 10)) as net,
    cast(0 as decimal(38, 10)) as tax,
    cast(1 as bigint) as row_count,
    cast(0 as bigint) as unmeasured_count,
    cast(0 as bigint) as untaxed_count,
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
    status,
    tax_rate
from contracts
where {is_sold}
union all
{used_leg}
union all
select
    2 as leg,
    account,
    sku,
    source,
    '' as id,
    min(branch) as branch,
    currency,
    cast(sum(coalesce(quantity, 0)) as decimal(38, 10)) as quantity,
    cast(sum(net) as decimal(38, 10)) as net,
    cast(sum(coalesce(tax, 0)) as decimal(38, 10)) as tax,
    count(*) as row_count,
    sum(case when quantity is null then 1 else 0 end) as unmeasured_count,
    sum(case when tax is null then 1 else 0 end) as untaxed_count,
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
    cast(null as varchar) as status,
    cast(null as decimal(28, 10)) as tax_rate
from billed_lines
where {is_billed}
group by account, sku, source, currency
union all
{vended_leg}
order by account, sku, leg, currency, source, starts_on, id
