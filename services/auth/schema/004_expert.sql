-- The expert pool: the secretary-general keeps it, reviewers look things up in it.
INSERT INTO role_permission (role, permission) VALUES
    ('secretary', 'expert.read'), ('secretary', 'expert.manage'), ('reviewer', 'expert.read');
