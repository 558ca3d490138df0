-- Who writes a key holds the table's own lock, which a rotation now waits for. The function cost more than the key's row.
DROP FUNCTION present_master();
