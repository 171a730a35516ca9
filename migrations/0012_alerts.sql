-- Alerts reach people: by webhook and by mail, each opening and each end once.

alter table alerts
    add column organization_id uuid,
    add column severity text not null default 'warning' check (severity in ('notice', 'warning', 'critical')),
    add column fix text not null default '',
    -- A path of the pages.
    add column link text not null default '',
    -- It holds no more: since when. It is over once that has lasted.
    add column absent_since timestamptz,
    -- When it was last seen to hold, for what only one server sees.
    add column seen_at timestamptz,
    add column acknowledged_at timestamptz,
    add column acknowledged_by text;

-- Holds, but not for long enough yet to tell anybody.
create table alert_suspicions (
    domain_id uuid,
    code text not null,
    subject text not null,
    since timestamptz not null
);
create unique index alert_suspicions_once on alert_suspicions
    (coalesce(domain_id, '00000000-0000-0000-0000-000000000000'::uuid), code, subject);

create table alert_channels (
    id uuid primary key,
    name text not null,
    kind text not null check (kind in ('webhook', 'email')),
    -- Where to, and how; the secret is sealed beside it.
    settings jsonb not null,
    secret bytea,
    min_severity text not null check (min_severity in ('notice', 'warning', 'critical')),
    -- Empty: of all.
    organizations uuid[] not null,
    domains uuid[] not null,
    -- After a message, more about the same code and domain is gathered for so long.
    quiet_minutes integer not null check (quiet_minutes between 0 and 1440),
    -- Between these minutes of the day (UTC) only what is critical is sent.
    quiet_from integer check (quiet_from between 0 and 1439),
    quiet_to integer check (quiet_to between 0 and 1439),
    created_at timestamptz not null,
    last_delivered_at timestamptz,
    last_error text,
    last_error_at timestamptz,
    check ((quiet_from is null) = (quiet_to is null))
);
create unique index alert_channels_by_name on alert_channels (lower(name));

-- One message to one channel: the outbox.
create table alert_messages (
    id uuid primary key,
    channel_id uuid not null references alert_channels (id) on delete cascade,
    code text not null,
    domain_id uuid,
    -- As it was composed: every attempt sends the same.
    body jsonb not null,
    state text not null check (state in ('waiting', 'sent', 'failed')),
    attempts integer not null default 0,
    next_attempt_at timestamptz not null,
    error text,
    created_at timestamptz not null,
    settled_at timestamptz
);
create index alert_messages_waiting on alert_messages (next_attempt_at) where state = 'waiting';
create index alert_messages_last on alert_messages (channel_id, code, created_at);

-- That an alert was opened or closed is told to each channel once.
create table alert_notices (
    channel_id uuid not null references alert_channels (id) on delete cascade,
    alert_id uuid not null references alerts (id) on delete cascade,
    event text not null check (event in ('opened', 'closed')),
    created_at timestamptz not null,
    message_id uuid references alert_messages (id) on delete cascade,
    primary key (channel_id, alert_id, event)
);
create index alert_notices_waiting on alert_notices (channel_id) where message_id is null;
create index alert_notices_by_alert on alert_notices (alert_id);

-- How many linked objects the last full read found changed in JumpCloud by somebody else.
alter table organizations add column drifted bigint not null default 0;
