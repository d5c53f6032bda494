/* Reasons: every way to say no to a person. A service lists its own in reasons.h:

       #define AUTH_REASONS(R)                                                                 \
           R(code_wrong, INVALID, "验证码不正确或已失效，请重新获取。")                          \
       REASONS_DECLARE(AUTH_REASONS)

   and main.c makes the table with REASONS_TABLE(auth_reasons, AUTH_REASONS). A violated database constraint
   of a reason's name becomes that reason without a line of code. */
#ifndef GUILD_REASON_H
#define GUILD_REASON_H

#include "status.h"

struct reason {
    const char *name; /* stable, for programs: draft_gone */
    enum status status;
    const char *words; /* Chinese: what happened and what to do next */
};

#define REASON_ENUM(name, status, words) REASON_##name,
#define REASON_ROW(name, status, words) {#name, STATUS_##status, words},

/* What any service may say. */
#define COMMON_REASONS(R)                                                                                                             \
    R(field_errors, INVALID, "填写的内容有误，请按提示修改后再提交。")                                                                \
    R(inbox_once, CONFLICT, "事件已经处理过。")                                                                                       \
    R(malformed, MALFORMED, "请求的格式不正确，请刷新页面后重试。")                                                                   \
    R(log_in_first, UNAUTHENTICATED, "登录已失效，请重新登录。")                                                                      \
    R(not_allowed, FORBIDDEN, "您没有进行此操作的权限。")                                                                             \
    R(password_change_first, FORBIDDEN, "请先修改初始密码，再继续使用。")                                                             \
    R(not_found, NOT_FOUND, "没有找到您要的内容，它可能已被删除。")                                                                   \
    R(busy, UNAVAILABLE, "系统繁忙，请稍后再试。")                                                                                    \
    R(database_away, UNAVAILABLE, "系统暂时无法读写数据，请稍后再试，您填写的内容不会丢失。")                                         \
    R(storage_full, UNAVAILABLE, "系统存储空间不足，暂时不能保存，查看不受影响。请稍后再试。")                                        \
    R(outcome_unknown, TIMEOUT,                                                                                                       \
      "操作结果未知，可能已经成功。请先刷新页面查看结果，再决定是否重试。")                                                           \
    R(key_reused, INVALID, "同一请求编号被用于不同内容，请刷新页面后重试。")                                                          \
    R(attachment_gone, NOT_FOUND, "没有找到这个附件，它可能已被删除，或不属于您。")                                                   \
    R(attachment_none, INVALID, "没有收到文件内容，请重新选择文件上传。")                                                             \
    R(attachment_quota, CONFLICT,                                                                                                     \
      "您存放的文件已达上限（200个，或合计400MB）。没有用到的文件两天后自动清除，请到时再试，" \
      "或致电0355-3069919。")                                                                                                         \
    R(upload_offset, CONFLICT,                                                                                                        \
      "文件没有从已收到的地方接着上传，请重新选择这个文件，会从那里继续。")                                                           \
    R(upload_gone, NOT_FOUND, "没有这个文件上传到一半的内容，请重新选择文件上传。")                                                   \
    R(upload_key, INVALID, "分段上传缺少请求编号，请刷新页面后重试。")                                                                \
    R(upload_quota, CONFLICT,                                                                                                         \
      "没有传完的文件过多，请先传完正在上传的文件。没有传完的文件一天后自动清除。")                                                   \
    R(file_type, UNSUPPORTED, "只能上传JPG、PNG、WebP、HEIC图片或PDF文件，请重新选择。")                                              \
    R(file_too_large, TOO_LARGE, "文件过大，请上传10MB以内的文件。")                                                                  \
    R(image_too_large, INVALID, "图片尺寸过大，请缩小到4000万像素以内再上传。")                                                       \
    R(file_broken, INVALID, "文件无法打开，可能已损坏，请重新拍摄或导出后上传。")                                                     \
    R(file_infected, INVALID,                                                                                                         \
      "安全检查在文件中发现了病毒或恶意内容，文件没有保存。请查杀病毒后重新导出，或拍照上传。")                                       \
    R(scan_away, UNAVAILABLE, "文件安全检查暂时无法进行，文件没有保存，请稍后再试。")                                                 \
    R(pdf_active, INVALID, "PDF中含有脚本、附件或加密内容，请打印成普通PDF或拍照上传。")                                              \
    R(pdf_too_long, INVALID, "PDF超过30页，请只保留所需的页面，或拍照上传。")                                                         \
    R(internal, INTERNAL, "系统出现错误，我们已记录。请稍后再试，或致电0355-3069919。")

enum { REASON_none = -1, COMMON_REASONS(REASON_ENUM) REASON_SERVICE_FIRST };

#define REASONS_DECLARE(LIST)                                                                      \
    enum { REASON_SERVICE_BASE = REASON_SERVICE_FIRST - 1, LIST(REASON_ENUM) };
#define REASONS_TABLE(table, LIST) static const struct reason table[] = {LIST(REASON_ROW){0}}

extern const struct reason reasons_common[];

#endif
