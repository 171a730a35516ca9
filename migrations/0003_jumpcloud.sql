-- What JumpCloud had when it was last read or written, who is whom, and what is to be done.

create table jumpcloud_users (
    organization_id uuid not null references organizations (id) on delete cascade,
    id text not null,
    username_key text not null,
    email_key text not null,
    body jsonb not null,
    written_at timestamptz not null,
    primary key (organization_id, id)
);
create index jumpcloud_users_by_username on jumpcloud_users (organization_id, username_key);
create index jumpcloud_users_by_email on jumpcloud_users (organization_id, email_key);

create table jumpcloud_groups (
    organization_id uuid not null references organizations (id) on delete cascade,
    id text not null,
    name_key text not null,
    body jsonb not null,
    written_at timestamptz not null,
    primary key (organization_id, id)
);
create index jumpcloud_groups_by_name on jumpcloud_groups (organization_id, name_key);

create table jumpcloud_members (
    organization_id uuid not null references organizations (id) on delete cascade,
    group_id text not null,
    user_id text not null,
    primary key (organization_id, group_id, user_id)
);
create index jumpcloud_members_by_user on jumpcloud_members (organization_id, user_id);

-- What is associated with the domain's activedirectory object.
create table jumpcloud_associations (
    domain_id uuid not null references domains (id) on delete cascade,
    kind text not null check (kind in ('user', 'group')),
    jumpcloud_id text not null,
    primary key (domain_id, kind, jumpcloud_id)
);

-- This objectGUID is that JumpCloud id.
create table links (
    domain_id uuid not null references domains (id) on delete cascade,
    guid uuid not null,
    organization_id uuid not null references organizations (id) on delete cascade,
    kind text not null check (kind in ('user', 'group')),
    jumpcloud_id text not null,
    suspended_by_us boolean not null default false,
    leaving_since timestamptz,
    taken_over boolean not null default false,
    password_expired boolean not null default false,
    linked_at timestamptz not null,
    primary key (domain_id, guid),
    unique (organization_id, kind, jumpcloud_id)
);

create table holds (
    id uuid primary key,
    domain_id uuid not null references domains (id) on delete cascade,
    kind text not null check (kind in ('users', 'suspends', 'groups', 'memberships', 'moved_out')),
    state text not null default 'open' check (state in ('open', 'approved', 'rejected', 'partly', 'superseded')),
    allowed bigint not null,
    linked bigint not null,
    opened_at timestamptz not null,
    decided_at timestamptz,
    decided_by text
);
create unique index holds_open on holds (domain_id, kind) where state = 'open';

-- The outbox, the history and the UI's list at once.
create table operations (
    id uuid primary key,
    domain_id uuid not null references domains (id) on delete cascade,
    organization_id uuid not null references organizations (id) on delete cascade,
    subject uuid not null,
    target uuid,
    kind text not null,
    rank smallint not null,
    lane smallint not null,
    guard text,
    change jsonb not null,
    needs_link boolean not null,
    state text not null check (state in ('ready', 'leased', 'held', 'done', 'parked', 'superseded')),
    -- A person let it pass: the guard does not count it again.
    approved boolean not null default false,
    hold_id uuid references holds (id) on delete set null,
    lease_token uuid,
    lease_until timestamptz,
    attempts integer not null default 0,
    next_attempt_at timestamptz not null,
    before jsonb,
    answer text,
    error_code text,
    error_message text,
    created_at timestamptz not null,
    settled_at timestamptz
);
create unique index operations_live on operations
    (domain_id, subject, kind, coalesce(target, '00000000-0000-0000-0000-000000000000'::uuid))
    where state in ('ready', 'held', 'parked');
create unique index operations_leased on operations (domain_id, subject) where state = 'leased';
create index operations_ready on operations (organization_id, lane, id) where state = 'ready';
create index operations_by_subject on operations (domain_id, subject, id);
create index operations_by_state on operations (domain_id, state, id);
create index operations_guarded on operations (domain_id, guard, settled_at) where guard is not null;
create index operations_by_hold on operations (hold_id) where hold_id is not null;
