-- V12: the files of one form have at most 30 MiB together. Where they have more: the fields that hold most of it, the bytes of each
-- and of the whole form. A file that is named twice counts once.
CREATE FUNCTION files_over(for_account bigint, ids text[], fields text[]) RETURNS TABLE (field text, field_bytes bigint, form_bytes bigint)
LANGUAGE sql STABLE AS $$
    WITH named AS (
        SELECT DISTINCT ON (a.id) regexp_replace(n.field, '\.\d+$', '') AS field, a.size_bytes
          FROM unnest(ids, fields) AS n(id, field) JOIN attachment a ON a.id = n.id AND a.account_id = for_account
         ORDER BY a.id, n.field),
    held AS (SELECT n.field, sum(n.size_bytes) AS bytes, sum(sum(n.size_bytes)) OVER ()::bigint AS of_form FROM named n GROUP BY n.field)
    SELECT held.field, held.bytes, held.of_form FROM held WHERE held.of_form > 30 * 1024 * 1024
     ORDER BY held.bytes DESC, held.field LIMIT 5
$$;
