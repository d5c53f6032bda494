-- Who reviews some identity may enter the workbench, and sees there the kinds of his own permissions.
INSERT INTO role (code, name) VALUES ('expert_reviewer', '专家审核');
INSERT INTO role_permission (role, permission) VALUES
    ('reviewer', 'cert.review'), ('secretary', 'cert.review'),
    ('expert_reviewer', 'cert.review'), ('expert_reviewer', 'cert.expert.review'), ('expert_reviewer', 'pii.reveal'),
    ('expert_reviewer', 'expert.read');
