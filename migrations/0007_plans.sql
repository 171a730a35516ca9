-- The plan at a glance: what a preview counts, lists and tells apart, and how far long work has come, without reading the
-- whole outbox.

-- What an operation is, in a number: the sum over a plan tells two plans apart.
alter table operations
    add column fingerprint bigint not null generated always as
        (hashtextextended(subject::text || coalesce(target::text, '') || kind || change::text, 0)) stored;
create index operations_planned on operations (domain_id, kind, id) include (state, fingerprint)
    where state in ('ready', 'leased', 'held', 'parked');

-- The first reason of each user that is not synced: counted, and listed by it.
alter table directory_users
    add column reason text generated always as (reasons -> 0 ->> 'code') stored;
create index directory_users_by_reason on directory_users (domain_id, reason, guid)
    where status in ('excluded', 'conflict');

-- What users are found by, folded and short enough to stand in an index: a part of any of their names.
alter table directory_users
    add column search text generated always as (left(lower(
        coalesce(sam_account_name, '') || chr(10) || coalesce(user_principal_name, '') || chr(10) || coalesce(mail, '')
        || chr(10) || coalesce(display_name, '') || chr(10) || dn), 600)) stored;
create index directory_users_by_search on directory_users (domain_id, guid) include (search, status);

-- How many objects a staged part brought, so that nobody has to unpack it.
alter table transfer_parts add column records integer not null default 0;
create index transfer_parts_by_domain on transfer_parts (domain_id);

-- How fast a long queue of subjects is planned, since it began.
create table planning_runs (
    domain_id uuid primary key references domains (id) on delete cascade,
    since timestamptz not null,
    planned bigint not null,
    at timestamptz not null
);

-- Settings that were typed and not saved yet: reviewed with what they would change, then saved or forgotten.
create table settings_drafts (
    id uuid primary key,
    domain_id uuid not null references domains (id) on delete cascade,
    -- The revision that they change.
    revision bigint not null,
    settings jsonb not null,
    -- A new password of the service account, sealed.
    bind_password bytea,
    -- The revision whose settings these are, if it is a roll-back.
    rolls_back_to bigint,
    author text not null,
    created_at timestamptz not null
);
create index settings_drafts_by_domain on settings_drafts (domain_id, created_at);
