-- What payment is told of member units: whatever approves one, changes it or takes it back (a trigger, as for experts).
CREATE FUNCTION unit_tell(i identity, version integer, is_certified boolean) RETURNS void LANGUAGE sql AS $$
    INSERT INTO outbox (event, payload)
    SELECT 'unit.changed', jsonb_build_object('account_id', i.account_id, 'version', s.version, 'certified', is_certified,
               'unit_name', s.unit_name, 'uscc', s.uscc, 'association_post', i.association_post,
               'legal_person_name', coalesce(s.form ->> 'legal_person_name', ''))
      FROM submission s WHERE s.account_id = i.account_id AND s.kind = i.kind AND s.version = unit_tell.version
$$;
CREATE FUNCTION unit_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.in_force_version IS NOT NULL THEN
        PERFORM unit_tell(NEW, NEW.in_force_version, true);
    ELSIF OLD.in_force_version IS NOT NULL THEN
        PERFORM unit_tell(OLD, OLD.in_force_version, false);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER unit_changed AFTER UPDATE ON identity
    FOR EACH ROW WHEN (NEW.kind = 'MEMBER_UNIT' AND (NEW.in_force_version, NEW.association_post)
                           IS DISTINCT FROM (OLD.in_force_version, OLD.association_post))
    EXECUTE FUNCTION unit_changed();

-- Those certified before anybody was told.
SELECT unit_tell(i, i.in_force_version, true) FROM identity i WHERE i.kind = 'MEMBER_UNIT' AND i.in_force_version IS NOT NULL;
