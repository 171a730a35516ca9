-- Holds by what they come from, lists by name, and figures of what was done.

-- What in the directory a destructive operation comes from: operations of one cause are decided together.
alter table operations add column cause text;
update operations set cause = coalesce(change->>'cause', 'left_group') where guard is not null;
create index operations_by_cause on operations (hold_id, cause, id) where hold_id is not null;

-- What the guard counted when it opened the hold; null for holds of before.
alter table holds add column done bigint, add column ready bigint;

create index directory_users_by_shown_name on directory_users
    (domain_id, lower(left(coalesce(display_name, sam_account_name, dn), 200)), guid);
create index directory_groups_by_shown_name on directory_groups
    (domain_id, lower(left(coalesce(sam_account_name, dn), 200)), guid);
create index directory_users_in_conflict on directory_users (domain_id, guid) where verdict = 'conflict';
create index directory_groups_in_conflict on directory_groups (domain_id, guid) where verdict = 'conflict';
create index operations_by_error on operations (error_code, domain_id, id) where state = 'parked';
create index operations_done on operations (domain_id, settled_at) where state = 'done';
create index audit_events_by_subject on audit_events (subject, id) where subject is not null;
