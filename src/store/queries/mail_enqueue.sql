-- A mail whose key is there was rendered before and stays byte for byte; one that was given up is
-- tried again when it is asked for again.
insert into outbox (
    mail_key, message_id, recipient, sender, subject, eml, state, attempt_count,
    next_attempt_at, last_error, created_at, sent_at
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
on conflict (mail_key) do update
set state = 'pending', attempt_count = 0, next_attempt_at = excluded.next_attempt_at
where outbox.state = 'failed'
