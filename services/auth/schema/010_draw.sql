-- Who prepares a draw of experts is another person than who witnesses it.
INSERT INTO role (code, name) VALUES ('drawer', '抽取员'), ('draw_witness', '监督');
INSERT INTO role_permission (role, permission) VALUES
    ('drawer', 'expert.draw'), ('drawer', 'draw.read'), ('draw_witness', 'draw.witness'), ('draw_witness', 'draw.read'),
    ('secretary', 'draw.read');
