-- A billed line with its invoice: the account, branch and day that the line leaves out are the
-- invoice's, and drafts and void invoices are out of scope.
create view billed_lines as
select
    lines.source,
    lines.id,
    lines.invoice_id,
    concat(invoices.source, ':', invoices.id) as invoice,
    invoices.tax as invoice_tax,
    invoices.number,
    invoices.issued_on,
    coalesce(lines.branch, invoices.branch) as branch,
    golden_account(
        lines.source,
        coalesce(lines.account_id, invoices.account_id)
    ) as account,
    canonical_sku(lines.source, lines.sku) as sku,
    lines.currency,
    lines.quantity,
    lines.unit_price,
    lines.net,
    lines.tax,
    lines.service_from,
    lines.service_to,
    coalesce(lines.service_from, invoices.issued_on) as billed_on
from invoices
inner join invoice_lines as lines
    on invoice_key(lines.source, lines.invoice_id) = concat(invoices.source, ':', invoices.id)
where coalesce(invoices.status, 'open') not in ('draft', 'void')
