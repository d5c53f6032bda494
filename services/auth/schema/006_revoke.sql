-- Who confirms that a certification is taken back; a reviewer asks for it.
INSERT INTO role_permission (role, permission) VALUES ('secretary', 'cert.revoke');
