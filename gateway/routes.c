#include "routes.h"

const struct route routes[] = {
  /* accounts */
    {POST,   "/api/v1/codes",                         PUBLIC, "auth",          "SendCode",            JSON,     PUBLIC},
    {POST,   "/api/v1/accounts",                      PUBLIC, "auth",          "RegisterAccount",     LOG_IN,   MEMBER},
    {POST,   "/api/v1/sessions",                      PUBLIC, "auth",          "LogIn",               LOG_IN,   MEMBER},
    {DELETE, "/api/v1/sessions/current",              MEMBER, "auth",          "LogOut",              LOG_OUT,  MEMBER},
    {POST,   "/api/v1/password-resets",               PUBLIC, "auth",          "ResetPassword",       JSON,     PUBLIC},
    {GET,    "/api/v1/account",                       MEMBER, "auth",          "GetAccount",          JSON,     PUBLIC},
    {PUT,    "/api/v1/account/password",              MEMBER, "auth",          "ChangePassword",      LOG_IN,   MEMBER},
    {PUT,    "/api/v1/account/phone",                 MEMBER, "auth",          "ChangePhone",         LOG_IN,   MEMBER},

 /* identities and their files */
    {GET,    "/api/v1/identities",                    MEMBER, "certification", "ListIdentities",      JSON,     PUBLIC},
    {GET,    "/api/v1/identities/:kind",              MEMBER, "certification", "GetApplication",      JSON,     PUBLIC},
    {PUT,    "/api/v1/identities/:kind/draft",        MEMBER, "certification", "SaveDraft",           JSON,     PUBLIC},
    {POST,   "/api/v1/identities/:kind/submissions",  MEMBER, "certification", "SubmitApplication",
     JSON,                                                                                                      PUBLIC},
    {POST,   "/api/v1/identities/:kind/withdrawal",   MEMBER, "certification", "WithdrawApplication",
     JSON,                                                                                                      PUBLIC},
    {POST,   "/api/v1/attachments",                   MEMBER, "certification", "UploadAttachment",    UPLOAD,   PUBLIC},
    {GET,    "/api/v1/attachments/:id/content",       MEMBER, "certification", "ReadAttachment",      DOWNLOAD,
     PUBLIC                                                                                                           },
    {GET,    "/api/v1/dictionaries/:name",            PUBLIC, "certification", "GetDictionary",       JSON,     PUBLIC},

 /* inbox and fees */
    {GET,    "/api/v1/messages",                      MEMBER, "notification",  "ListMessages",        JSON,     PUBLIC},
    {GET,    "/api/v1/messages/unread",               MEMBER, "notification",  "CountUnread",         JSON,     PUBLIC},
    {POST,   "/api/v1/messages/:id/read",             MEMBER, "notification",  "MarkRead",            JSON,     PUBLIC},
    {POST,   "/api/v1/messages/read",                 MEMBER, "notification",  "MarkAllRead",         JSON,     PUBLIC},
    {GET,    "/api/v1/fees",                          PUBLIC, "payment",       "ListFees",            JSON,     PUBLIC},

 /* the console */
    {POST,   "/api/v1/staff/sessions",                PUBLIC, "auth",          "LogInStaff",          LOG_IN,   STAFF },
    {DELETE, "/api/v1/staff/sessions/current",        STAFF,  "auth",          "LogOut",              LOG_OUT,  STAFF },
    {GET,    "/api/v1/staff/me",                      STAFF,  "auth",          "GetStaff",            JSON,     PUBLIC},
    {PUT,    "/api/v1/staff/me/password",             STAFF,  "auth",          "ChangeStaffPassword", LOG_IN,   STAFF },
    {GET,    "/api/v1/staff/reviews",                 STAFF,  "certification", "ListReviews",         JSON,     PUBLIC},
    {GET,    "/api/v1/staff/reviews/counts",          STAFF,  "certification", "CountReviews",        JSON,     PUBLIC},
    {GET,    "/api/v1/staff/reviews/:id",             STAFF,  "certification", "GetReview",           JSON,     PUBLIC},
    {POST,   "/api/v1/staff/reviews/:id/claim",       STAFF,  "certification", "ClaimReview",         JSON,     PUBLIC},
    {POST,   "/api/v1/staff/reviews/:id/release",     STAFF,  "certification", "ReleaseReview",       JSON,
     PUBLIC                                                                                                           },
    {POST,   "/api/v1/staff/reviews/:id/decision",    STAFF,  "certification", "DecideReview",        JSON,
     PUBLIC                                                                                                           },
    {GET,    "/api/v1/staff/reject-reasons",          STAFF,  "certification", "ListRejectReasons",   JSON,
     PUBLIC                                                                                                           },
    {GET,    "/api/v1/staff/attachments/:id/content", STAFF,  "certification", "ReadAttachment",
     DOWNLOAD,                                                                                                  PUBLIC},
    {GET,    "/api/v1/staff/dictionaries",            STAFF,  "certification", "ListDictionaries",    JSON,     PUBLIC},
    {GET,    "/api/v1/staff/dictionaries/:name",      STAFF,  "certification", "GetWholeDictionary",  JSON,
     PUBLIC                                                                                                           },
    {PUT,    "/api/v1/staff/dictionary-items",        STAFF,  "certification", "SaveDictionaryItem",  JSON,
     PUBLIC                                                                                                           },
    {GET,    "/api/v1/staff/messages",                STAFF,  "notification",  "ListMessages",        JSON,     PUBLIC},
    {GET,    "/api/v1/staff/messages/unread",         STAFF,  "notification",  "CountUnread",         JSON,     PUBLIC},
    {POST,   "/api/v1/staff/messages/:id/read",       STAFF,  "notification",  "MarkRead",            JSON,     PUBLIC},
    {POST,   "/api/v1/staff/messages/read",           STAFF,  "notification",  "MarkAllRead",         JSON,     PUBLIC},
};

const size_t routes_count = sizeof routes / sizeof routes[0];
