-- The secretary-general decides and edits what is chosen from; accounts and roles stay with the administrator.
INSERT INTO role (code, name) VALUES ('secretary', '秘书长');
INSERT INTO role_permission (role, permission) VALUES
    ('secretary', 'cert.owner.review'), ('secretary', 'cert.member.review'), ('secretary', 'cert.person.review'),
    ('secretary', 'cert.expert.review'), ('secretary', 'dict.edit'), ('secretary', 'param.edit');
