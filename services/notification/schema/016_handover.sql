-- N25: the account of a unit has another responsible person; both are told. Before it: that somebody asks for it.
INSERT INTO template (code, event, audience, permission, title, inbox_text, sms_text, link) VALUES
    ('N25', 'account.handed_over', 'PHONE', '', '', '',
     '【长治全咨协会】{unit_name}平台账号负责人已变更为{new_name}，如有异议请致电0355-3069919。', ''),
    ('N25B', 'account.taken_over', 'PHONE', '', '', '',
     '【长治全咨协会】{unit_name}平台账号负责人已变更为{new_name}，请用本手机号在登录页点“忘记密码”设置密码。如有异议请致电0355-3069919。', ''),
    ('N25C', 'handover.requested', 'REVIEWERS', 'cert.handover', '更换负责人待审核', '{unit_name}申请更换平台账号负责人，请核对盖章说明。', '',
     '/console/handovers/{handover_id}'),
    ('N25D', 'handover.claimed', 'ACCOUNT', '', '有人申请接管贵单位的账号',
     '有人持盖章说明申请更换{unit_name}的平台账号负责人，协会两名工作人员核对后才会更换。如有异议请立即致电0355-3069919。',
     '【长治全咨协会】有人申请更换{unit_name}的平台账号负责人，如有异议请立即致电0355-3069919。', '/app/handover'),
    ('N25E', 'handover.refused', 'ACCOUNT', '', '更换负责人未通过', '{unit_name}更换平台账号负责人的申请未通过：{reason}。咨询0355-3069919。',
     '【长治全咨协会】{unit_name}更换平台账号负责人的申请未通过：{reason}。咨询0355-3069919。', '/app/handover'),
    -- and to those who review experts: one took back that his identity card may be used
    ('N36', 'consent.withdrawn', 'REVIEWERS', 'cert.expert.review', '有人撤回了个人信息单独同意', '{name}撤回了对{title}的单独同意，请联系本人确认是否退出专家库、删除资料。', '',
     '/console/experts/{account_id}');
