-- Beside the triggers: not even the owner of the tables has the right to change what was written. A foreign key would have
-- PostgreSQL lock events by the owner's right to update them; `verify-audit` finds a link without its event.
alter table audit_chain drop constraint audit_chain_event_id_fkey;
revoke update, delete, truncate on audit_events, audit_chain from public, current_user;
