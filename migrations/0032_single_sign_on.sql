-- Signing in through an OpenID Connect provider.

create table single_sign_on (
    -- There is one provider at most.
    is_only boolean primary key default true check (is_only),
    name text not null,
    -- As the provider writes it, with or without a final slash.
    issuer text not null,
    client_id text not null,
    -- Sealed; null: a public client.
    client_secret bytea,
    -- Whether mail addresses count that the provider does not say to have verified.
    trusts_email boolean not null,
    changed_at timestamptz not null
);

alter table admins
    -- Who they are at a provider, since they first came from there: addresses may be given to somebody else, these never are.
    add column sign_on_issuer text,
    add column sign_on_subject text,
    add check ((sign_on_issuer is null) = (sign_on_subject is null)),
    add unique (sign_on_issuer, sign_on_subject);
