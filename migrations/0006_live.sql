-- Tells open pages what to look at again: topics, never data. They leave with the commit, and equal ones leave once.
-- A domain's users, groups and counts change with what is planned for them: marks that are taken away tell of them.

create function tell_of_rows() returns trigger language plpgsql as $$
begin
    perform pg_notify('adit', topic) from (
        select distinct 'domain-' || domain_id as topic from changed where domain_id is not null
      union
        select tg_table_name::text where tg_table_name <> 'dirty' and exists (select from changed)
    ) told;
    return null;
end $$;

-- That an operation is under way is not worth a look: what came of it follows.
create function tell_of_operations() returns trigger language plpgsql as $$
begin
    perform pg_notify('adit', topic) from (
        select distinct 'domain-' || domain_id as topic from changed where state <> 'leased'
      union
        select 'operations' where exists (select from changed where state <> 'leased')
    ) told;
    return null;
end $$;

create function tell_of_row() returns trigger language plpgsql as $$
begin
    perform pg_notify('adit', case tg_table_name when 'domains' then 'domain-' || new.id else tg_table_name end);
    return null;
end $$;

create function tell_of_sessions() returns trigger language plpgsql as $$
begin
    perform pg_notify('adit', 'sessions') where exists (select from changed);
    return null;
end $$;

create trigger tell_inserted after insert on operations referencing new table as changed
    for each statement execute function tell_of_operations();
create trigger tell_updated after update on operations referencing new table as changed
    for each statement execute function tell_of_operations();
create trigger tell_deleted after delete on dirty referencing old table as changed
    for each statement execute function tell_of_rows();
create trigger tell_inserted after insert on holds referencing new table as changed
    for each statement execute function tell_of_rows();
create trigger tell_updated after update on holds referencing new table as changed
    for each statement execute function tell_of_rows();
create trigger tell_inserted after insert on alerts referencing new table as changed
    for each statement execute function tell_of_rows();
create trigger tell_updated after update on alerts referencing new table as changed
    for each statement execute function tell_of_rows();
create trigger tell_deleted after delete on sessions referencing old table as changed
    for each statement execute function tell_of_sessions();

-- Rows that are written all the time: only what a page shows counts, so that a heartbeat or a transfer that brings
-- nothing tells nobody.
create trigger tell_inserted after insert on agents for each row execute function tell_of_row();
create trigger tell_updated after update on agents for each row
    when ((old.domain_controller, old.host, old.version, old.public_key, old.revoked_at, old.suspended_at, old.applied_revision,
           old.directory #- '{report,current_time}' #- '{report,highest_committed_usn}' #- '{report,replication_vector}',
           old.capture)
          is distinct from
          (new.domain_controller, new.host, new.version, new.public_key, new.revoked_at, new.suspended_at, new.applied_revision,
           new.directory #- '{report,current_time}' #- '{report,highest_committed_usn}' #- '{report,replication_vector}',
           new.capture))
    execute function tell_of_row();
create trigger tell_inserted after insert on domains for each row execute function tell_of_row();
create trigger tell_updated after update on domains for each row
    when ((old.name, old.mode, old.revision, old.watcher, old.full_read_at, old.directory_read_at, old.unsettled_since, old.awaits_read,
           old.read_again, old.domain_sid, old.root_user_container, old.integration_group, old.integration_group_lost,
           old.bind_account, old.activedirectory_id, old.activedirectory_ready)
          is distinct from
          (new.name, new.mode, new.revision, new.watcher, new.full_read_at, new.directory_read_at, new.unsettled_since, new.awaits_read,
           new.read_again, new.domain_sid, new.root_user_container, new.integration_group, new.integration_group_lost,
           new.bind_account, new.activedirectory_id, new.activedirectory_ready))
    execute function tell_of_row();
create trigger tell_inserted after insert on organizations for each row execute function tell_of_row();
create trigger tell_updated after update on organizations for each row
    when ((old.name, old.base_url, old.credential_kind, old.problem_code, old.problem_message, old.mirror_wanted, old.mirror_read,
           old.mirror_read_at)
          is distinct from
          (new.name, new.base_url, new.credential_kind, new.problem_code, new.problem_message, new.mirror_wanted, new.mirror_read,
           new.mirror_read_at))
    execute function tell_of_row();
