-- Without the bytes: a list of mails is not worth their weight.
select
    mail_key, message_id, recipient, sender, subject, state, attempt_count, next_attempt_at,
    last_error, created_at, sent_at
from outbox
order by created_at desc, mail_key desc
limit $1
