-- A message to one member of staff, beside those to all who hold a permission. Its event names him: staff_id.
ALTER TABLE message ADD COLUMN staff_id bigint;
ALTER TABLE message DROP CONSTRAINT message_check;
ALTER TABLE message ADD CONSTRAINT message_has_one_reader CHECK (num_nonnulls(account_id, permission, staff_id) = 1);
CREATE INDEX message_of_staff ON message (staff_id, id DESC) WHERE staff_id IS NOT NULL;

ALTER TABLE template DROP CONSTRAINT template_audience_check;
ALTER TABLE template ADD CONSTRAINT template_audience_check CHECK (audience IN ('ACCOUNT', 'REVIEWERS', 'PHONE', 'STAFF'));
INSERT INTO template (code, event, audience, title, inbox_text, link) VALUES
    ('N21C', 'review.reminded', 'STAFF', '催办：请尽快审核',
     '{by_name}催办：{unit_name}的{identity}认证（编号{application_no}）由您审核，承诺{promised_by}前完成。请尽快处理，或转交其他同事。',
     '/console/reviews/{review_id}');
