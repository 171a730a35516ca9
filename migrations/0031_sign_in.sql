-- Signing in: sessions that a person can tell apart, roles for particular organizations, tokens that end, the first
-- administrator, the second factor, and what waits for somebody to show again who they are.

alter table admins
    -- Null until whoever was invited has chosen one.
    alter column password_hash drop not null,
    -- The role in each organization; null: `role` everywhere.
    add column roles jsonb check (jsonb_typeof(roles) = 'object'),
    add column disabled_at timestamptz,
    -- The second factor's secret, sealed: the one in force, and one that was shown and not confirmed yet.
    add column totp_secret bytea,
    add column totp_offered bytea,
    -- The time step of the code that was accepted last: no code is accepted twice.
    add column totp_step bigint;

alter table sessions
    add column id uuid not null unique default gen_random_uuid(),
    add column address text,
    add column browser text,
    -- When it was last shown who holds it.
    add column confirmed_at timestamptz;
update sessions set confirmed_at = created_at;
alter table sessions alter column confirmed_at set not null;
create index sessions_by_admin on sessions (admin_id);

alter table api_tokens
    add column roles jsonb check (jsonb_typeof(roles) = 'object'),
    add column expires_at timestamptz;

-- Links with which an administrator chooses a password.
create table invitations (
    admin_id uuid primary key references admins (id) on delete cascade,
    -- SHA-256 of the secret in the link.
    digest bytea not null unique,
    expires_at timestamptz not null
);

-- With which the first administrator is made; one for each server that waits for that.
create table first_run_codes (
    process uuid primary key,
    digest bytea not null,
    -- When the server that printed it was last there.
    seen_at timestamptz not null
);

create table recovery_codes (
    admin_id uuid not null references admins (id) on delete cascade,
    digest bytea not null,
    primary key (admin_id, digest)
);

-- Forms that go on once their sender has shown again who they are.
create table held_forms (
    id uuid primary key,
    session_id uuid not null references sessions (id) on delete cascade,
    path text not null,
    -- Sealed: they may hold secrets.
    fields bytea not null,
    created_at timestamptz not null
);
create index held_forms_by_age on held_forms (created_at);
