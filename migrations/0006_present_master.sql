-- The master key that wraps new keys, until the transaction ends: a rotation takes the same lock alone before it names
-- another one. The lock comes first, and as this is PL/pgSQL and volatile, what is read after it is as new as the
-- lock. To hold the row itself (FOR SHARE) would make every registration write to that one row. The two numbers are
-- NAMESPACE and MASTER in store/src/locks.rs.
CREATE FUNCTION present_master() RETURNS text LANGUAGE plpgsql VOLATILE AS
$$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1400136039, 3);
    RETURN (SELECT master FROM installation_keys WHERE name = 'lookup');
END
$$;
