/* E-mail: what the providers of mail_providers need to know. */
#ifndef GUILD_NOTIFICATION_MAIL_H
#define GUILD_NOTIFICATION_MAIL_H

/* `url` is smtp://host:port or smtps://host:port; `user` and `password` may be empty. Kept by reference. */
struct mail_settings {
    const char *url, *from_address, *from_name, *user, *password;
};
void mail_set(const struct mail_settings *settings);

#endif
