-- Captured passwords: sealed, one for each user, gone once JumpCloud has them.

create table sealing_keys (
    id integer primary key,
    public_key text not null,
    -- The private key, sealed.
    private_key bytea not null,
    created_at timestamptz not null
);

create table passwords (
    domain_id uuid not null references domains (id) on delete cascade,
    guid uuid not null,
    capture uuid not null,
    agent_id uuid not null,
    account text not null,
    captured_at timestamptz not null,
    received_at timestamptz not null,
    -- Which of the user's passwords it is: as replication counts, or by pwdLastSet where that may not be read.
    pwd_last_set bigint not null,
    version bigint,
    changed_at timestamptz,
    invocation_id uuid,
    -- The envelope; null once the password was delivered, refused or has expired.
    key_id integer not null,
    sealed text,
    state text not null check (state in ('waiting', 'delivered', 'refused', 'expired', 'erased')),
    code text,
    message text,
    settled_at timestamptz,
    -- When JumpCloud last took a password of this user, this one or an earlier one.
    delivered_at timestamptz,
    primary key (domain_id, guid),
    check ((sealed is not null) = (state = 'waiting'))
);
create index passwords_waiting on passwords (received_at) where state = 'waiting';

-- Which password each user has in AD, and since when we know.
alter table directory_users
    add column pwd_last_set bigint,
    add column pwd_version bigint,
    add column pwd_changed_at timestamptz,
    add column pwd_invocation_id uuid,
    add column pwd_seen_at timestamptz;
update directory_users set pwd_last_set = (body->>'pwd_last_set')::bigint;
create index directory_users_protected on directory_users (domain_id)
    where coalesce(body->>'admin_count', '0') <> '0';

alter table agents add column capture jsonb;
alter table agents add column capture_lost_at timestamptz;

alter table domains
    -- Since when passwords are captured anywhere in the domain: what was set before is not missed.
    add column captures_since timestamptz,
    -- Accounts whose passwords are never kept, and the users among them.
    add column exempt_version text not null default '',
    add column exempt_accounts text[] not null default '{}',
    add column exempt_users uuid[] not null default '{}';

-- Planned before the others: a password, or a change that the watcher has just seen.
alter table dirty add column urgent boolean not null default false;

-- What JumpCloud demands of a password.
alter table organizations add column password_policy jsonb;

-- What somebody should know: opened once, closed once.
create table alerts (
    id uuid primary key,
    domain_id uuid references domains (id) on delete cascade,
    code text not null,
    -- What it is about, within its code.
    subject text not null,
    message text not null,
    opened_at timestamptz not null,
    closed_at timestamptz
);
create unique index alerts_open on alerts (coalesce(domain_id, '00000000-0000-0000-0000-000000000000'::uuid), code, subject)
    where closed_at is null;
create index alerts_by_time on alerts (opened_at, id);
