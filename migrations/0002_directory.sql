-- The mirror of the directory, keyed by objectGUID, and how each object stands.

create table directory_users (
    domain_id uuid not null references domains (id) on delete cascade,
    guid uuid not null,
    body jsonb not null,
    presence text not null default 'present' check (presence in ('present', 'deleted', 'unreadable')),
    dn text not null,
    dn_key text not null,
    sam_account_name text,
    user_principal_name text,
    mail text,
    display_name text,
    primary_group_id bigint,
    manager uuid,
    -- What the user would be called in JumpCloud, folded: rivals and claimants are found by these.
    username_key text,
    email_key text,
    -- The verdict of the last plan; null before the first.
    in_scope boolean,
    verdict text,
    reasons jsonb not null default '[]',
    scope_path uuid[] not null default '{}',
    moved_out boolean not null default false,
    moved_out_answer text check (moved_out_answer in ('follow', 'dissociate')),
    takeover_decision text,
    -- The verdict with the outbox taken into account: what pages and the API show.
    status text not null default 'pending',
    due timestamptz,
    primary key (domain_id, guid)
);
create index directory_users_by_name on directory_users (domain_id, lower(sam_account_name), guid);
create index directory_users_by_status on directory_users (domain_id, status, guid);
create index directory_users_by_username on directory_users (username_key) where username_key is not null;
create index directory_users_by_email on directory_users (email_key) where email_key is not null;
create index directory_users_by_primary_group on directory_users (domain_id, primary_group_id);
create index directory_users_by_manager on directory_users (domain_id, manager) where manager is not null;
create index directory_users_due on directory_users (due) where due is not null;

create table directory_groups (
    domain_id uuid not null references domains (id) on delete cascade,
    guid uuid not null,
    body jsonb not null,
    presence text not null default 'present' check (presence in ('present', 'deleted', 'unreadable')),
    dn text not null,
    dn_key text not null,
    sam_account_name text,
    rid bigint,
    -- What the group would be called in JumpCloud, folded.
    name_key text,
    in_scope boolean,
    verdict text,
    reasons jsonb not null default '[]',
    scope_path uuid[] not null default '{}',
    adopt boolean not null default false,
    status text not null default 'pending',
    primary key (domain_id, guid)
);
create index directory_groups_by_name on directory_groups (name_key) where name_key is not null;

create table directory_containers (
    domain_id uuid not null references domains (id) on delete cascade,
    guid uuid not null,
    dn text not null,
    dn_key text not null,
    primary key (domain_id, guid)
);

-- What a group lists that is no user and no group of this domain, as a look-up found it.
create table directory_others (
    domain_id uuid not null references domains (id) on delete cascade,
    guid uuid not null,
    class text not null,
    primary key (domain_id, guid)
);

create table memberships (
    domain_id uuid not null references domains (id) on delete cascade,
    group_guid uuid not null,
    member_guid uuid not null,
    member_dn text not null,
    member_dn_key text not null,
    member_sid text,
    -- No longer listed, but it is not yet known whether the member left or was deleted: still counts.
    vanished boolean not null default false,
    primary key (domain_id, group_guid, member_guid)
);
create index memberships_by_member on memberships (domain_id, member_guid);

-- Objects whose fate only the domain controller can tell.
create table look_ups (
    domain_id uuid not null references domains (id) on delete cascade,
    guid uuid not null,
    asked_at timestamptz not null,
    primary key (domain_id, guid)
);

-- Subjects whose plan may have changed.
create table dirty (
    domain_id uuid not null references domains (id) on delete cascade,
    guid uuid not null,
    kind text not null check (kind in ('user', 'group')),
    primary key (domain_id, guid)
);
