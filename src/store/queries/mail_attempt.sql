-- What was sent stays sent, whatever a late attempt says.
update outbox set
    state = $2,
    attempt_count = attempt_count + 1,
    next_attempt_at = $3,
    last_error = $4,
    sent_at = $5
where mail_key = $1 and state = 'pending'
