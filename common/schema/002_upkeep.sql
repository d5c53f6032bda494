-- What upkeep looks for.
CREATE INDEX outbox_delivered ON outbox (delivered_at) WHERE delivered_at IS NOT NULL;
CREATE INDEX inbox_applied ON inbox (applied_at);
