//! 7 send: from a rendered report to the outbox, and from there to the server, once.
