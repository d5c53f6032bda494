-- Dues: finance checks vouchers and statements, others issue receipts, the secretary-general decides what takes two.
INSERT INTO role (code, name) VALUES ('finance', '财务'), ('invoicing', '开票');
INSERT INTO role_permission (role, permission) VALUES
    ('finance', 'dues.read'), ('finance', 'voucher.review'), ('finance', 'bank.import'), ('finance', 'bank.allocate'),
    ('finance', 'voucher.reverse'), ('finance', 'period.close'),
    ('invoicing', 'dues.read'), ('invoicing', 'receipt.issue'), ('invoicing', 'receipt.void'),
    ('reviewer', 'dues.read'), ('reviewer', 'member.open'), ('reviewer', 'member.suspend'),
    ('secretary', 'dues.read'), ('secretary', 'member.open'), ('secretary', 'member.suspend'),
    ('secretary', 'member.suspend.confirm'), ('secretary', 'voucher.reverse.confirm'), ('secretary', 'fee.schedule.edit'),
    ('secretary', 'period.close');
