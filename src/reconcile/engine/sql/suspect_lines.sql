-- The billed lines behind the units that differ, in the order of their issue.
select
    account,
    sku,
    source,
    id,
    invoice_id,
    number,
    issued_on,
    currency,
    billed_on,
    service_from,
    service_to,
    quantity,
    unit_price,
    net,
    tax
from billed_lines
where {is_billed} and is_suspect(account, sku)
order by account, sku, issued_on, number, source, id
