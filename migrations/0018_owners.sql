-- A stage that came with an archive had no team here: whoever it came with owns it.
INSERT INTO stage_members (stage_id, account_id, role)
SELECT stage_id, owner, 'owner' FROM stage_owners
WHERE closed_at IS NULL AND NOT EXISTS (SELECT FROM stage_members m WHERE m.stage_id = stage_owners.stage_id);

-- A stage stands under one of its owners, who need not be the one that created it.
UPDATE stage_owners o SET owner = m.account_id
FROM (SELECT DISTINCT ON (stage_id) stage_id, account_id FROM stage_members WHERE role = 'owner'
      ORDER BY stage_id, account_id) m
WHERE m.stage_id = o.stage_id AND NOT EXISTS (
    SELECT FROM stage_members s WHERE s.stage_id = o.stage_id AND s.account_id = o.owner AND s.role = 'owner');
