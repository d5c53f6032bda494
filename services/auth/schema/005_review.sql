-- The second person of approvals that take two; and who may look at a whole identity number, with the purpose kept.
INSERT INTO role_permission (role, permission) VALUES
    ('secretary', 'cert.second_review'), ('secretary', 'pii.reveal'), ('reviewer', 'pii.reveal');
