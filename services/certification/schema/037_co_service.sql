-- Earlier co-service (G.6). Neither G.6 nor §3.11 says what counts; this does: an expert keeps away who has sat in a review,
-- within the 36 months before this one (as long as a former employer counts), beside somebody whom staff keep away from it: an
-- expert whom they named, or one who works for a unit that they named (not for the owner, whose people sit in many reviews).
-- To have sat there is to have accepted a draw that was confirmed and not called off; whom one works for is what the pool says
-- today.
CREATE FUNCTION draw_co_served(conditions jsonb) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
    WITH review AS (SELECT (conditions ->> 'review_at')::timestamp AS at),
    kept_away AS MATERIALIZED (
        SELECT e.account_id FROM expert e
         WHERE e.expert_no IN (SELECT upper(n.expert_no)
                                 FROM jsonb_to_recordset(conditions -> 'excluded_experts') AS n(expert_no text))
            OR unit_key(e.employer_name) IN (
                   SELECT name_key FROM draw_party(jsonb_build_object('excluded_units', conditions -> 'excluded_units'))
                    WHERE name_key <> ''))
    SELECT DISTINCT beside.account_id
      FROM kept_away k JOIN draw_invitation v ON v.account_id = k.account_id AND v.state = 'ACCEPTED'
      JOIN draw d ON d.id = v.draw_id AND d.state IN ('CONFIRMED', 'CLOSED') AND draw_vacancies(d) = 0
      JOIN draw_invitation beside ON beside.draw_id = d.id AND beside.state = 'ACCEPTED' AND beside.account_id <> v.account_id,
           review
     WHERE d.review_at >= review.at - interval '36 months' AND d.review_at < review.at
$$;

ALTER FUNCTION draw_pool(bigint, jsonb) RENAME TO draw_pool_but_co_served;
CREATE FUNCTION draw_pool(of_draw bigint, conditions jsonb) RETURNS TABLE (
    expert_no text, account_id bigint, slots integer[], reasons text[]) LANGUAGE sql STABLE AS $$
    WITH served AS MATERIALIZED (SELECT s.account_id FROM draw_co_served(conditions) AS s(account_id))
    SELECT p.expert_no, p.account_id, p.slots, p.reasons || CASE WHEN p.account_id IN (SELECT served.account_id FROM served)
               THEN ARRAY['CO_SERVICE'] ELSE '{}' END
      FROM draw_pool_but_co_served(of_draw, conditions) AS p
$$;
