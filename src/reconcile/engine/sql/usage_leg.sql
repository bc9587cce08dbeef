-- What is measured of a product, by a source of usage or by a vendor: a leg of the billing rule, in
-- the columns of `billing_legs.sql`.
select
    {leg} as leg,
    golden_account(source, account_id) as account,
    canonical_sku(source, sku) as sku,
    source,
    '' as id,
    min(branch) as branch,
    cast(null as varchar) as currency,
    cast(sum(quantity) as decimal(38, 10)) as quantity,
    cast(0 as decimal(38, 10)) as net,
    cast(0 as decimal(38, 10)) as tax,
    count(*) as row_count,
    cast(0 as bigint) as unmeasured_count,
    cast(0 as bigint) as untaxed_count,
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
    cast(null as varchar) as status,
    cast(null as decimal(28, 10)) as tax_rate
from usage
where {is_measured}
group by golden_account(source, account_id), canonical_sku(source, sku), source, starts_on
