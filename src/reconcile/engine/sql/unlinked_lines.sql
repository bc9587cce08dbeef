-- References of lines to invoices that are no id of the same source: few, if any.
select distinct lines.source, lines.invoice_id
from invoice_lines as lines
left anti join invoices
    on invoices.source = lines.source and invoices.id = lines.invoice_id
where lines.invoice_id is not null
order by lines.source, lines.invoice_id
