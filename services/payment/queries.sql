-- Statements of payment. Search path: its own schema.

-- name: fee_list
-- Of each post the row in force today.
SELECT association_post, association_post_name, amount_fen, valid_from::text AS valid_from
  FROM (SELECT DISTINCT ON (association_post) * FROM fee_schedule
         WHERE valid_from <= now()::date ORDER BY association_post, valid_from DESC) AS current
 ORDER BY place;
