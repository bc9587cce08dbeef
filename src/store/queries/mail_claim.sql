-- The condition stands twice: a process that waited for another's claim sees the pushed time and
-- leaves the mail alone.
update outbox set next_attempt_at = $2
where state = 'pending'
    and next_attempt_at <= $1
    and mail_key in (
        select mail_key
        from outbox
        where state = 'pending' and next_attempt_at <= $1
        order by created_at, mail_key
        limit $3
    )
returning
    mail_key, message_id, recipient, sender, subject, eml, state, attempt_count,
    next_attempt_at, last_error, created_at, sent_at
