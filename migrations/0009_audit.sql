-- The audit is append-only in the database itself, and its events are a chain of hashes: docs/security.md says how to
-- check it.

alter table audit_events
    add column actor_kind text not null default 'admin'
        check (actor_kind in ('admin', 'api_token', 'agent', 'command_line', 'server', 'nobody')),
    -- The administrator's, token's or agent's id; a name may come back, an id does not.
    add column actor_id uuid;
update audit_events
set actor_kind = case
        when actor = 'command line' then 'command_line'
        when actor = 'server' then 'server'
        when actor like 'API token %' then 'api_token'
        when action = 'agent.enrolled' then 'agent'
        else 'admin' end,
    actor_id = case when action = 'agent.enrolled' then subject::uuid end;
alter table audit_events alter column actor_kind drop default;
create index audit_events_by_time on audit_events (at);

create table audit_chain (
    position bigint primary key,
    event_id bigint not null unique references audit_events (id),
    -- The hash before this one; 32 zero bytes at the beginning.
    previous bytea not null,
    -- sha256(previous || the event in its canonical form)
    hash bytea not null
);

-- The length in bytes says where a text ends, so no two events read alike.
create function audit_field(value text) returns text language sql immutable as $$
    select case when value is null then '-,' else octet_length(convert_to(value, 'UTF8')) || ':' || value || ',' end
$$;

create function audit_hash(previous bytea, event audit_events) returns bytea language sql stable as $$
    select sha256(previous || convert_to(
        audit_field(event.id::text)
        || audit_field((extract(epoch from event.at) * 1000000)::bigint::text)
        || audit_field(event.actor_kind)
        || audit_field(event.actor_id::text)
        || audit_field(event.actor)
        || audit_field(event.action)
        || audit_field(event.subject)
        || audit_field(event.domain_id::text)
        || audit_field(event.detail::text), 'UTF8'))
$$;

create function audit_append(event audit_events) returns void language plpgsql as $$
declare
    newest audit_chain;
begin
    select * into newest from audit_chain order by position desc limit 1;
    newest.hash := coalesce(newest.hash, decode(repeat('00', 32), 'hex'));
    insert into audit_chain (position, event_id, previous, hash)
    values (coalesce(newest.position, 0) + 1, event.id, newest.hash, audit_hash(newest.hash, event));
end
$$;

do $$
declare
    event audit_events;
begin
    for event in select * from audit_events order by id loop
        perform audit_append(event);
    end loop;
end
$$;

-- Runs as the last step of a transaction, so that others wait for the commit alone and no lock is taken after this one.
create function audit_chain_event() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(7310593858020254324);
    perform audit_append(new);
    return null;
end
$$;
create constraint trigger audit_events_are_chained after insert on audit_events
    deferrable initially deferred for each row execute function audit_chain_event();

create function audit_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'the audit is append-only: % of % is refused', lower(tg_op), tg_table_name
        using errcode = 'insufficient_privilege';
end
$$;
create trigger audit_events_append_only before update or delete or truncate on audit_events
    for each statement execute function audit_refuse();
create trigger audit_chain_append_only before update or delete or truncate on audit_chain
    for each statement execute function audit_refuse();
-- Also for the tables' owner, and for sessions that play back a replica's changes.
alter table audit_events enable always trigger audit_events_append_only;
alter table audit_chain enable always trigger audit_chain_append_only;
