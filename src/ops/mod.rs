//! How it is going: logs, metrics, health, and what systemd is told.
