-- 50,000 people as the server would have them: four in five in JumpCloud, the rest not in the group, and a plan that is as
-- long as that of a first import. DOMAIN and ORGANIZATION are replaced.
insert into directory_groups (domain_id, guid, body, dn, dn_key, sam_account_name, in_scope, verdict, status)
select 'DOMAIN', ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid,
       jsonb_build_object('guid', '00000000-0000-4000-9000-' || lpad(n::text, 12, '0'), 'dn', 'CN=Group ' || n || ',OU=Groups,DC=bench,DC=example',
                          'sam_account_name', 'group' || n, 'group_type', -2147483646),
       'CN=Group ' || n || ',OU=Groups,DC=bench,DC=example', 'cn=group ' || n || ',ou=groups,dc=bench,dc=example',
       'group' || n, true, 'synced', 'synced'
from generate_series(1, 500) n;

insert into directory_users (domain_id, guid, body, dn, dn_key, sam_account_name, user_principal_name, mail, display_name,
                             primary_group_id, username_key, email_key, in_scope, verdict, reasons, status, pwd_last_set,
                             pwd_seen_at)
select 'DOMAIN', guid,
       jsonb_build_object(
           'guid', guid, 'dn', dn, 'sid', 'S-1-5-21-1-2-3-' || 10000 + n, 'sam_account_name', account,
           'user_principal_name', account || '@bench.example', 'mail', account || '@bench.example',
           'given_name', first, 'sn', last, 'object_class', '["top","person","organizationalPerson","user"]'::jsonb,
           'sam_account_type', 805306368, 'user_account_control', 512, 'account_expires', 9223372036854775807,
           'pwd_last_set', 133000000000000000, 'primary_group_id', 513,
           'attributes', jsonb_build_object('displayName', first || ' ' || last, 'title', 'Engineer of grade ' || n % 12,
               'department', 'Department ' || n % 90, 'company', 'Bench Corporation', 'telephoneNumber', '+49 30 ' || 100000 + n,
               'l', 'Berlin', 'streetAddress', 'Long Street ' || n % 300, 'postalCode', (10000 + n % 9000)::text)),
       dn, lower(dn), account, account || '@bench.example', account || '@bench.example', first || ' ' || last, 513,
       account, account || '@bench.example', n % 5 <> 0, case when n % 5 = 0 then 'excluded' else 'synced' end,
       case when n % 5 <> 0 then '[]'::jsonb
            when n % 10 = 0 then '[{"code": "not_in_integration_group", "message": "It is not a member of the integration group, directly or nested."}]'::jsonb
            else '[{"code": "no_email", "message": "It has neither mail nor userPrincipalName: fill in one of them."}]'::jsonb end,
       case when n % 5 = 0 then 'excluded' else 'synced' end, 133000000000000000, now()
from (select n, ('00000000-0000-4000-a000-' || lpad(n::text, 12, '0'))::uuid as guid, 'user' || lpad(n::text, 5, '0') as account,
             (array['Ada', 'Grace', 'Edsger', 'Barbara', 'Alan', 'Radia', 'Donald', 'Frances', 'Ken', 'Hedy'])[n % 10 + 1] as first,
             'Example' || n as last,
             'CN=user' || lpad(n::text, 5, '0') || ',OU=Department ' || n % 90 || ',OU=Staff,DC=bench,DC=example' as dn
      from generate_series(1, 50000) n) people;

insert into memberships (domain_id, group_guid, member_guid, member_dn, member_dn_key)
select u.domain_id, ('00000000-0000-4000-9000-' || lpad(g::text, 12, '0'))::uuid, u.guid, u.dn, u.dn_key
from directory_users u, lateral (select 1 as g union select 2 + (u.username_key <> '')::int * (right(u.sam_account_name, 5)::int % 490)) groups
where u.domain_id = 'DOMAIN' and u.in_scope;

insert into jumpcloud_users (organization_id, id, username_key, email_key, body, written_at)
select 'ORGANIZATION', right(guid::text, 12) || 'aaaaaaaaaaaa', username_key, email_key,
       jsonb_build_object('id', right(guid::text, 12) || 'aaaaaaaaaaaa', 'username', username_key, 'email', email_key,
           'fields', jsonb_build_object('firstname', 'Old', 'lastname', body->>'sn', 'displayname', display_name),
           'phones', '{}'::jsonb, 'addresses', '{}'::jsonb, 'custom', '{}'::jsonb, 'manager', null, 'state', 'ACTIVATED',
           'privileged', false, 'externally_managed', true, 'external_dn', dn, 'external_source_type', 'active_directory',
           'restricted_by', '[]'::jsonb),
       now()
from directory_users where domain_id = 'DOMAIN' and in_scope;

insert into links (domain_id, guid, organization_id, kind, jumpcloud_id, linked_at)
select domain_id, guid, 'ORGANIZATION', 'user', right(guid::text, 12) || 'aaaaaaaaaaaa', now()
from directory_users where domain_id = 'DOMAIN' and in_scope;

insert into operations (id, domain_id, organization_id, subject, target, kind, rank, lane, guard, change, needs_link, state,
                        next_attempt_at, created_at)
select ('00000000-0000-7000-8000-' || lpad(row_number() over (order by subject, rank)::text, 12, '0'))::uuid, 'DOMAIN', 'ORGANIZATION',
       subject, target, kind, rank, lane, guard, change, true, 'ready', now(), now()
from (
    select guid as subject, null::uuid as target, 'update_user' as kind, 50 as rank, 1 as lane, null as guard,
           jsonb_build_object('kind', 'update_user', 'fields', jsonb_build_object('firstname', body->>'given_name', 'jobTitle', body->'attributes'->>'title')) as change
    from directory_users where domain_id = 'DOMAIN' and in_scope
    union all
    select guid, null, 'associate_user', 20, 2, null, '{"kind": "associate_user"}' from directory_users where domain_id = 'DOMAIN' and in_scope
    union all
    select member_guid, group_guid, 'add_member', 70, 2, null, '{"kind": "add_member"}' from memberships where domain_id = 'DOMAIN'
    union all
    select guid, null, 'suspend_user', 10, 0, 'suspends', '{"kind": "suspend_user", "cause": "disabled", "restorable": true}'
    from directory_users where domain_id = 'DOMAIN' and in_scope and right(sam_account_name, 3) = '111'
) planned;

update domains set directory_read_at = now(), full_read_at = now(), domain_sid = 'S-1-5-21-1-2-3',
       integration_group = '00000000-0000-4000-9000-000000000001', revision = 1
where id = 'DOMAIN';
update organizations set mirror_read = mirror_wanted, mirror_read_at = now() where id = 'ORGANIZATION';
