-- The second person of approvals that take two.
INSERT INTO role_permission (role, permission) VALUES ('secretary', 'cert.second_review');
