-- The lines of sources that round tax by the invoice, invoice by invoice, with the one rate that the
-- contracts of the period name for each; lines of other periods only tell that they are there.
select
    lines.invoice,
    lines.source,
    lines.id,
    lines.account,
    lines.sku,
    lines.currency,
    lines.net,
    lines.tax,
    lines.invoice_tax,
    lines.billed_on,
    rates.rate
from billed_lines as lines
left join (
    select
        golden_account(source, account_id) as account,
        canonical_sku(source, sku) as sku,
        currency,
        case
            when count(tax_rate) = count(*) and min(tax_rate) = max(tax_rate) then min(tax_rate)
        end as rate
    from contracts
    where {is_active}
    group by golden_account(source, account_id), canonical_sku(source, sku), currency
) as rates
    on
        lines.account = rates.account
        and lines.sku = rates.sku
        and lines.currency = rates.currency
where {is_billed}
order by lines.invoice, lines.source, lines.id
