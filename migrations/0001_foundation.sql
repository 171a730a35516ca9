-- Organizations, domains, agents: who is served, how, and by whom.

create table data_keys (
    id integer primary key,
    sealed bytea not null,
    created_at timestamptz not null
);

create table organizations (
    id uuid primary key,
    name text not null,
    base_url text not null,
    jumpcloud_org_id text,
    credential_kind text not null check (credential_kind in ('api_key', 'service_account')),
    client_id text,
    token_url text,
    -- The API key or client secret, sealed.
    credential bytea not null,
    -- Requests are refused or unanswered: nothing is sent before this time, and the problem is shown.
    paused_until timestamptz,
    problem_code text,
    problem_message text,
    -- The mirror is read when wanted is above read.
    mirror_wanted bigint not null default 1,
    mirror_read bigint not null default 0,
    mirror_read_at timestamptz,
    -- One server process at a time owns the request budget of an organization.
    executor uuid,
    executor_until timestamptz,
    created_at timestamptz not null
);
create unique index organizations_by_name on organizations (lower(name));

create table domains (
    id uuid primary key,
    organization_id uuid not null references organizations (id),
    name text not null,
    mode text not null default 'preview' check (mode in ('preview', 'active', 'paused')),
    revision bigint not null default 1,
    settings jsonb not null,
    bind_password bytea,
    -- Identity, pinned at the first resolution.
    domain_sid text,
    root_user_container uuid,
    integration_group uuid,
    integration_group_lost boolean not null default false,
    bind_account text,
    activedirectory_id text,
    -- It is known to have AD as its authority, as far as JumpCloud lets us say so.
    activedirectory_ready boolean not null default false,
    -- The watcher lease.
    watcher uuid,
    watcher_fence bigint not null default 0,
    watcher_until timestamptz,
    -- Reading.
    last_invocation_id uuid,
    last_usn bigint,
    directory_read_at timestamptz,
    full_read_at timestamptz,
    read_again bigint not null default 0,
    unsettled_since timestamptz,
    -- The settings need attributes that have not been read yet: nothing is planned before they are.
    awaits_read boolean not null default false,
    watched_groups uuid[] not null default '{}',
    watched_version bigint not null default 0,
    created_at timestamptz not null,
    unique (organization_id, name)
);

create table settings_revisions (
    domain_id uuid not null references domains (id) on delete cascade,
    revision bigint not null,
    settings jsonb not null,
    bind_password bytea,
    author text not null,
    created_at timestamptz not null,
    primary key (domain_id, revision)
);

create table enrollment_tokens (
    id uuid primary key,
    domain_id uuid not null references domains (id) on delete cascade,
    -- The key derived from the secret, sealed.
    key bytea not null,
    max_uses integer not null,
    uses integer not null default 0,
    expires_at timestamptz not null,
    created_by text not null,
    created_at timestamptz not null
);

create table agents (
    id uuid primary key,
    domain_id uuid not null references domains (id) on delete cascade,
    -- The host of the domain controller's LDAP URL: enrolling the same one again is an update.
    domain_controller text not null,
    host text not null,
    platform text not null,
    version text not null,
    public_key text not null,
    enrolled_at timestamptz not null,
    revoked_at timestamptz,
    suspended_at timestamptz,
    suspended_reason text,
    instance uuid,
    previous_instance uuid,
    instance_changed_at timestamptz,
    sequence bigint not null default 0,
    last_seen_at timestamptz,
    clock_skew_ms bigint,
    applied_revision bigint not null default 0,
    invocation_id uuid,
    directory jsonb,
    unique (domain_id, domain_controller)
);

-- Where the server stands with each domain controller's database.
create table cursors (
    domain_id uuid not null references domains (id) on delete cascade,
    invocation_id uuid not null,
    usn bigint not null,
    primary key (domain_id, invocation_id)
);

create table transfer_parts (
    transfer uuid not null,
    number integer not null,
    domain_id uuid not null references domains (id) on delete cascade,
    agent_id uuid not null references agents (id) on delete cascade,
    body jsonb not null,
    received_at timestamptz not null,
    primary key (transfer, number)
);

-- Administrators and what they sign in with.
create table admins (
    id uuid primary key,
    email text not null,
    password_hash text not null,
    role text not null check (role in ('owner', 'operator', 'helpdesk', 'read_only')),
    created_at timestamptz not null
);
create unique index admins_by_email on admins (lower(email));

create table sessions (
    -- SHA-256 of the cookie's value.
    digest bytea primary key,
    admin_id uuid not null references admins (id) on delete cascade,
    csrf_token text not null,
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at timestamptz not null
);

create table api_tokens (
    id uuid primary key,
    name text not null,
    role text not null check (role in ('owner', 'operator', 'helpdesk', 'read_only')),
    -- SHA-256 of the token.
    digest bytea not null unique,
    created_at timestamptz not null,
    last_used_at timestamptz
);

create table audit_events (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    actor text not null,
    action text not null,
    subject text,
    domain_id uuid,
    detail jsonb not null default '{}'
);
create index audit_events_by_domain on audit_events (domain_id, id);

-- Failed log-ins, to slow down guessing.
create table login_failures (
    account text primary key,
    failures integer not null,
    last_at timestamptz not null
);
