-- What the checks show of JumpCloud, as it was last read.

-- The organizations that the credential can see: [{id, name}]; null where it may not see the list.
alter table organizations add column visible_organizations jsonb;
-- The domain's object there: {use_case, groups_enabled, refusal}.
alter table domains add column activedirectory jsonb;
