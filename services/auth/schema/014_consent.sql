-- The secretary publishes the texts that people consent to.
INSERT INTO role_permission (role, permission) VALUES ('secretary', 'consent.publish');
