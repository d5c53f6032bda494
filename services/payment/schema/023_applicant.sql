-- Payment before approval (SM3): a unit that has handed in its form may pay. Its money is its credit, which the first bill takes
-- when the unit is certified, by the post that staff confirm. Of a unit that was never certified the version is 0, and its post
-- the one that it asks for.
ALTER TABLE unit ADD COLUMN applied_version integer NOT NULL DEFAULT 0, -- of the form that was told of last
    ADD COLUMN applying boolean NOT NULL DEFAULT false;                 -- that form is being reviewed
UPDATE unit SET applied_version = version;

ALTER TABLE dues_policy ADD COLUMN approve_first boolean NOT NULL DEFAULT false; -- who is not certified pays nothing yet

CREATE FUNCTION unit_may_pay(u unit) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT u.certified OR NOT approve_first FROM dues_policy
$$;

-- The years a voucher's money went to, at first or as credit later. While it is on no bill: those it is for, else the year of
-- the payment.
CREATE OR REPLACE FUNCTION voucher_years(v voucher) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        nullif(years_of((SELECT array_agg(bill_id) FROM voucher_allocation a WHERE a.voucher_id = v.id)), ''),
        nullif(years_of((SELECT array_agg(t.credit_of) FROM transfer t
                          WHERE t.voucher_id = v.id AND t.credit_kind = 'BILL' AND t.reverses IS NULL)), ''),
        nullif(years_of(v.bill_ids), ''), extract(year FROM v.paid_date)::text)
$$;
