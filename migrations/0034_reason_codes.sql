-- The codes alone, small and in an index: how many users there are of each is asked for with every page of users.
alter table directory_users
    add column reason_codes jsonb generated always as (jsonb_path_query_array(reasons, '$[*].code')) stored;
create index directory_users_by_reason_codes on directory_users (domain_id, reason_codes) where reasons <> '[]';
