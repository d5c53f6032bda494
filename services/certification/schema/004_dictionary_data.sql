-- What the dictionaries hold at first, in the order shown. A line is a code, its name and, behind |, its note; a minus before
-- the code: kept, not offered. Codes of national standards are theirs: GB/T 2261.1 gender, 3304 ethnicity, 4762 political
-- status, 4658 education, 6864 degree (0 is ours). Those of review_specialty are of 发改法规〔2010〕1538号; ours are the last
-- two digits below A0102, A0201 and A0701, and A1001, C01 to C06.
ALTER TABLE dictionary_item DISABLE TRIGGER USER; -- version 1 is no change

CREATE FUNCTION pg_temp.offer(dictionary text, title text, lines text) RETURNS void LANGUAGE sql AS $offer$
    INSERT INTO dictionary (name, title) VALUES (dictionary, title);
    INSERT INTO dictionary_item (dictionary, code, name, note, place, enabled)
    SELECT dictionary, substring(item FROM '^-?(\S+)'), substring(item FROM '^\S+ (.*)$'),
           split_part(line, ' | ', 2), place, item NOT LIKE '-%'
      FROM regexp_split_to_table(btrim(lines, E'\n'), '\n') WITH ORDINALITY AS l(line, place),
           split_part(line, ' | ', 1) AS item
$offer$;

SELECT pg_temp.offer('association_post', '会内职务', $$
-PRESIDENT 会长单位
VICE_PRESIDENT 副会长单位
-EXEC_COUNCIL 常务理事单位
COUNCIL 理事单位
-SUPERVISOR 监事单位
-HONORARY 名誉会长单位
MEMBER 会员单位
$$);

SELECT pg_temp.offer('job_title', '职务', $$
CHAIRMAN 董事长
EXECUTIVE_DIRECTOR 执行董事
GENERAL_MANAGER 总经理
DEPUTY_MANAGER 副总经理
CHIEF_ENGINEER 总工程师
CHIEF_ECONOMIST 总经济师
CHIEF_ACCOUNTANT 总会计师
DEPARTMENT_MANAGER 部门经理
OFFICE_DIRECTOR 办公室主任
PERSONNEL 人事负责人
FINANCE 财务负责人
PROJECT 项目负责人
EMPLOYEE 职员
OTHER 其他(可填写)
$$);

SELECT pg_temp.offer('member_category', '类别', $$
FULL 全过程工程咨询 | 营业执照；所持勘察/设计/监理/造价等资质或资信证书
CONSULT 工程咨询(投资咨询) | 营业执照；全国投资项目在线审批监管平台备案截图或资信评价证书
COST 工程造价咨询 | 营业执照；信用评价证书(企业资质自 2021-07-01 起已取消，旧证可不传)
TENDER 招标代理/政府采购代理 | 营业执照；平台登记截图(资格已取消，可不传)
SUPERVISE 工程监理 | 营业执照；监理资质证书
PM 工程项目管理/代建 | 营业执照；业绩或授权
SURVEY 工程勘察 | 营业执照；勘察资质证书
DESIGN 工程设计/规划 | 营业执照；设计资质或规划资质证书
MAPPING 测绘 | 营业执照；测绘资质证书
TEST 工程质量检测/材料试验 | 营业执照；检测机构资质、CMA
CONSTRUCT 施工/工程总承包 | 营业执照；建筑业企业资质、安全生产许可证
DRAWING 施工图审查 | 营业执照/法人证书；审查机构认定文件
ACCOUNT 会计师事务所/审计 | 营业执照；执业证书
VALUE 资产评估/房地产估价/土地评估 | 营业执照；备案证明
LAW 律师事务所 | 执业许可证
EIA 环境影响评价/水土保持/节能/安全评价/社会稳定风险评估 | 营业执照；相应资质或信用平台登记
PERF 绩效评价/财政评审 | 营业执照
BIM BIM/信息化/软件 | 营业执照；软件或体系证书
OWNER 建设单位/投资平台 | 营业执照/法人证书
SUPPLY 材料设备供应 | 营业执照
EDU 院校/科研院所/培训 | 法人证书/办学许可
OTHER 其他 | 营业执照或登记证书
$$);

SELECT pg_temp.offer('gender', '性别', $$
1 男
2 女
$$);

SELECT pg_temp.offer('ethnicity', '民族', $$
01 汉族
02 蒙古族
03 回族
04 藏族
05 维吾尔族
06 苗族
07 彝族
08 壮族
09 布依族
10 朝鲜族
11 满族
12 侗族
13 瑶族
14 白族
15 土家族
16 哈尼族
17 哈萨克族
18 傣族
19 黎族
20 傈僳族
21 佤族
22 畲族
23 高山族
24 拉祜族
25 水族
26 东乡族
27 纳西族
28 景颇族
29 柯尔克孜族
30 土族
31 达斡尔族
32 仫佬族
33 羌族
34 布朗族
35 撒拉族
36 毛南族
37 仡佬族
38 锡伯族
39 阿昌族
40 普米族
41 塔吉克族
42 怒族
43 乌孜别克族
44 俄罗斯族
45 鄂温克族
46 德昂族
47 保安族
48 裕固族
49 京族
50 塔塔尔族
51 独龙族
52 鄂伦春族
53 赫哲族
54 门巴族
55 珞巴族
56 基诺族
97 其他
$$);

SELECT pg_temp.offer('political_status', '政治面貌', $$
01 中共党员
02 中共预备党员
03 共青团员
04 民革党员
05 民盟盟员
06 民建会员
07 民进会员
08 农工党党员
09 致公党党员
10 九三学社社员
11 台盟盟员
12 无党派人士
13 群众
$$);

SELECT pg_temp.offer('education_level', '最高学历', $$
11 博士研究生毕业 | 博士研究生
-12 博士研究生结业
-13 博士研究生肄业
14 硕士研究生毕业 | 硕士研究生
-15 硕士研究生结业
-16 硕士研究生肄业
17 研究生班毕业 | 硕士研究生
-18 研究生班结业
-19 研究生班肄业
21 大学本科毕业 | 大学本科
-22 大学本科结业
-23 大学本科肄业
-28 大学普通班毕业
31 大学专科毕业 | 大学专科
-32 大学专科结业
-33 大学专科肄业
41 中等专科毕业 | 中专
-42 中等专科结业
-43 中等专科肄业
44 职业高中毕业 | 高中及以下
-45 职业高中结业
-46 职业高中肄业
47 技工学校毕业 | 高中及以下
-48 技工学校结业
-49 技工学校肄业
61 普通高中毕业 | 高中及以下
-62 普通高中结业
-63 普通高中肄业
71 初中毕业 | 高中及以下
-73 初中肄业
-81 小学毕业
-83 小学肄业
90 其他 | 高中及以下
$$);

SELECT pg_temp.offer('degree', '学位', $$
2 博士
3 硕士
4 学士
0 无
$$);

SELECT pg_temp.offer('study_mode', '学习形式', $$
FULL_TIME 全日制
PART_TIME 非全日制
SELF_TAUGHT 自考
ONLINE 网络
OTHER 其他
$$);

SELECT pg_temp.offer('expert_type', '专家类型', $$
TECH 技术类
ECON 经济(造价)类
MGMT 项目管理类
LAW 法律类
FIN 财务审计类
GEN 综合类
$$);

SELECT pg_temp.offer('years_in_major', '专业年限', $$
0 3 年以下
3 3–5 年
5 5–8 年
8 8–10 年
10 10–15 年
15 15–20 年
20 20 年以上
$$);

SELECT pg_temp.offer('pay_method', '缴费方式', $$
BANK 公户转账
QR_ICBC 工银e生活
QR_UNIONPAY 云闪付/银联
QR_WECHAT 微信支付
QR_ALIPAY 支付宝
-CASH 现金 | 仅限协会工作人员登记
OTHER 其他
$$);

SELECT pg_temp.offer('avoid_relation', '回避关系', $$
EMPLOYER 现工作单位
PAST_EMPLOYER 近三年工作单位
SHARES 参股/控股
RELATIVE 近亲属任职
ADVISER 兼职/顾问
INTEREST 经济利益关系
OTHER 其他
$$);

SELECT pg_temp.offer('unit_nature', '单位性质', $$
STATE 国有企业
PRIVATE 民营企业
FOREIGN 合资/外资
COLLECTIVE 集体企业
INSTITUTION 事业单位
SOCIAL 社会团体
PARTNERSHIP 合伙/事务所
INDIVIDUAL 个体
OTHER 其他
$$);

SELECT pg_temp.offer('withdrawal_reason', '退会原因', $$
VOLUNTARY 主动申请
UNPAID 逾期未缴
DISSOLVED 单位注销/合并
BREACH 违反章程
OTHER 其他
$$);

-- D8, a tree: an item's parent is the longest code that it begins with.
SELECT pg_temp.offer('review_specialty', '评审专业', $$
A 工程
A01 规划
A0101 经济社会/主体功能区等规划 | 常用
A0102 城乡规划 | 常用
A010201 城镇体系
A010202 城市
A010203 镇
A010204 乡和村庄
A0103 土地利用总体规划
A02 投资策划与决策
A0201 项目建议、可行性研究、评估及后评价 | 常用
A020101 公路
A020102 铁路
A020103 轨道交通
A020104 民航
A020105 水电
A020106 核电
A020107 火电
A020108 风电
A03 勘察 | 常用
A04 设计
A0412 矿山工程 | 常用
A0414 机械
A0415 冶金
A0417 化工
A0419 煤化工
A0421 农业
A0422 林业
A0425 通信
A05 监理
A0501 建筑 | 常用
A0502 市政 | 常用
A0503 公路 | 常用
A0504 铁路
A0505 轨道
A0506 民航
A0507 水运
A0508 水利 | 常用
A0509 水电
A0510 电力 | 常用
A0511 新能源 | 常用
A0512 矿山 | 常用
A0513 石油化工
A0514 冶金
A0515 农林
A06 工程造价
A0601 土建工程 | 常用
A0602 安装工程 | 常用
A07 项目管理(含代建)
A0701 项目管理 | 常用
A070101 综合协调
A070102 进度
A070103 质量
A070104 费用
A070105 采购
A070106 安全
A070107 合同
A08 工程施工
A0801 建筑 | 常用
A0802 市政 | 常用
A0803 公路 | 常用
A0812 矿山 | 常用
A09 其他工程
A10 工程总承包
A1001 全过程工程咨询 | 常用
B 货物
C 服务
C01 招标代理 | 常用
C02 造价咨询 | 常用
C03 会计审计 | 常用
C04 法律 | 常用
C05 信息技术
C06 物业
$$);

UPDATE dictionary_item i SET parent = (
    SELECT coalesce(max(p.code), '') FROM dictionary_item p
     WHERE p.dictionary = i.dictionary AND p.code <> i.code AND starts_with(i.code, p.code))
 WHERE i.dictionary = 'review_specialty';

-- D11 and D12: the group is an item's parent, its name the note.
SELECT pg_temp.offer('qualification', '职业资格', $$
COST1 一级造价工程师 | COST 造价
COST2 二级造价工程师 | COST 造价
COST_OLD (旧)注册造价工程师 | COST 造价
COST_CLERK_OLD (旧)全国建设工程造价员 | COST 造价
SUPERVISE1 注册监理工程师(监理工程师) | SUPERVISE 监理
SUPERVISE_PROVINCE 省级专业监理工程师 | SUPERVISE 监理
CONSULT1 咨询工程师(投资) | CONSULT 咨询
BUILDER1 一级建造师 | BUILD1 建造
BUILDER2 二级建造师 | BUILD2 建造
ARCHITECT1 一级注册建筑师 | ARCHITECT 建筑/规划
ARCHITECT2 二级注册建筑师 | ARCHITECT 建筑/规划
PLANNER 注册城乡规划师 | ARCHITECT 建筑/规划
STRUCTURE1 一级注册结构工程师 | SURVEY_DESIGN 勘察设计
STRUCTURE2 二级注册结构工程师 | SURVEY_DESIGN 勘察设计
CIVIL_ROCK 注册土木工程师(岩土) | SURVEY_DESIGN 勘察设计
CIVIL_WATER 注册土木工程师(水利水电工程) | SURVEY_DESIGN 勘察设计
CIVIL_PORT 注册土木工程师(港口与航道工程) | SURVEY_DESIGN 勘察设计
CIVIL_ROAD 注册土木工程师(道路工程) | SURVEY_DESIGN 勘察设计
UTILITY_AIR 注册公用设备工程师(暖通空调) | SURVEY_DESIGN 勘察设计
UTILITY_WATER 注册公用设备工程师(给水排水) | SURVEY_DESIGN 勘察设计
UTILITY_POWER 注册公用设备工程师(动力) | SURVEY_DESIGN 勘察设计
ELECTRIC_GRID 注册电气工程师(发输变电) | SURVEY_DESIGN 勘察设计
ELECTRIC_SUPPLY 注册电气工程师(供配电) | SURVEY_DESIGN 勘察设计
CHEMICAL 注册化工工程师 | SURVEY_DESIGN 勘察设计
ENVIRONMENT 注册环保工程师 | SURVEY_DESIGN 勘察设计
MINING 注册采矿/矿物工程师 | SURVEY_DESIGN 勘察设计
PETROLEUM 注册石油天然气工程师 | SURVEY_DESIGN 勘察设计
METALLURGY 注册冶金工程师 | SURVEY_DESIGN 勘察设计
MACHINERY 注册机械工程师 | SURVEY_DESIGN 勘察设计
SAFETY_MIDDLE 注册安全工程师(中级) | SAFETY 安全消防测绘
SAFETY_JUNIOR 注册安全工程师(初级) | SAFETY 安全消防测绘
FIRE1 一级注册消防工程师 | SAFETY 安全消防测绘
FIRE2 二级注册消防工程师 | SAFETY 安全消防测绘
SURVEYOR 注册测绘师 | SAFETY 安全消防测绘
ACCOUNTANT 注册会计师 | ECONOMY 经济法律
TAX 税务师 | ECONOMY 经济法律
ASSET_VALUER 资产评估师 | ECONOMY 经济法律
ESTATE_VALUER 房地产估价师 | ECONOMY 经济法律
LAND_VALUER_OLD 土地估价师(旧) | ECONOMY 经济法律
LAWYER 法律职业资格/执业律师 | ECONOMY 经济法律
EIA 环境影响评价工程师 | OTHER 其他
EQUIPMENT_OLD 注册设备监理师(旧) | OTHER 其他
TENDER_OLD 招标师(旧) | OTHER 其他
TESTER 检测类证书 | OTHER 其他
OTHER 其他 | OTHER 其他
TITLE_FULL 正高级(正高级工程师/经济师/会计师) | TITLE 职称
TITLE_SENIOR 副高级(高级工程师/高级经济师/高级会计师/高级审计师) | TITLE 职称
TITLE_MIDDLE 中级(工程师/经济师/会计师) | TITLE 职称
TITLE_JUNIOR 初级(助理工程师) | TITLE 职称
PROFESSOR 教授 | TITLE 职称
PROFESSOR_ASSOCIATE 副教授 | TITLE 职称
RESEARCHER 研究员 | TITLE 职称
RESEARCHER_ASSOCIATE 副研究员 | TITLE 职称
$$);

-- D13: the parent is a qualification's group; groups without majors of their own use those of OTHER.
SELECT pg_temp.offer('qualification_major', '专业类别', $$
COST_01 土木建筑工程
COST_02 安装工程
COST_03 交通运输工程
COST_04 水利工程
SUPERVISE_01 土木建筑工程
SUPERVISE_02 交通运输工程
SUPERVISE_03 水利工程
SUPERVISE_04 房屋建筑 | 注册专业
SUPERVISE_05 市政公用 | 注册专业
SUPERVISE_06 公路 | 注册专业
SUPERVISE_07 水利水电 | 注册专业
SUPERVISE_08 矿山 | 注册专业
SUPERVISE_09 机电安装 | 注册专业
SUPERVISE_10 电力 | 注册专业
SUPERVISE_11 通信 | 注册专业
CONSULT_01 农业林业
CONSULT_02 水利水电
CONSULT_03 电力
CONSULT_04 煤炭
CONSULT_05 石油天然气
CONSULT_06 公路
CONSULT_07 铁路、城市轨道交通
CONSULT_08 民航
CONSULT_09 水运
CONSULT_10 电子、信息工程
CONSULT_11 冶金
CONSULT_12 石化、化工、医药
CONSULT_13 核工业
CONSULT_14 机械
CONSULT_15 轻工、纺织
CONSULT_16 建材
CONSULT_17 建筑
CONSULT_18 市政公用工程
CONSULT_19 生态建设和环境工程
CONSULT_20 水文地质、工程测量、岩土工程
CONSULT_21 其他
BUILD1_01 建筑
BUILD1_02 公路
BUILD1_03 铁路
BUILD1_04 民航机场
BUILD1_05 港口与航道
BUILD1_06 水利水电
BUILD1_07 矿业
BUILD1_08 市政公用
BUILD1_09 通信与广电
BUILD1_10 机电
BUILD2_01 建筑
BUILD2_02 公路
BUILD2_03 水利水电
BUILD2_04 矿业
BUILD2_05 市政公用
BUILD2_06 机电
SAFETY_01 煤矿
SAFETY_02 金属非金属矿山
SAFETY_03 化工
SAFETY_04 金属冶炼
SAFETY_05 建筑施工
SAFETY_06 道路运输
SAFETY_07 其他
OTHER_01 工程管理
OTHER_02 工民建
OTHER_03 给排水
OTHER_04 暖通
OTHER_05 电气
OTHER_06 道路桥梁
OTHER_07 水利
OTHER_08 采矿
OTHER_09 测绘
OTHER_10 环境
OTHER_11 工程经济
OTHER_12 会计
OTHER_13 审计
OTHER_14 法律
OTHER_15 其他(填写)
$$);

UPDATE dictionary_item SET parent = split_part(note, ' ', 1), note = split_part(note, ' ', 2)
 WHERE dictionary = 'qualification';
UPDATE dictionary_item SET parent = regexp_replace(code, '_[0-9]+$', '') WHERE dictionary = 'qualification_major';

DROP FUNCTION pg_temp.offer;
ALTER TABLE dictionary_item ENABLE TRIGGER USER;
