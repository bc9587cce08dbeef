-- The accounts with the fields that two systems keep of one customer; the raw records stay unread.
select
    source,
    id,
    name,
    email,
    street,
    city,
    region,
    postal_code,
    country,
    tax_id,
    payment_terms,
    array_to_string(linked_ids, ';') as linked_ids
from accounts
order by source, id
