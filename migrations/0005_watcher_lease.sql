-- The watcher's heartbeats are its lease: agents.last_seen_at says how long it holds.

alter table domains drop column watcher_until;
