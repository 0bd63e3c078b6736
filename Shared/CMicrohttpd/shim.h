#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <microhttpd.h>

/* Swift cannot call functions with variable arguments; these fix the ones we need. */

/* Starts a daemon with its own epoll thread on an IPv4 or IPv6 address; port 0 picks a free one. NULL with errno on failure. */
static inline struct MHD_Daemon *assay_mhd_start(
    const char *address, uint16_t port, unsigned int connectionCountMax, unsigned int idleSecondsMax,
    MHD_AccessHandlerCallback handle, MHD_RequestCompletedCallback completed, void *context) {
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC;
    const struct sockaddr *bound;
    memset(&v4, 0, sizeof v4);
    memset(&v6, 0, sizeof v6);
    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        bound = (const struct sockaddr *)&v4;
    } else if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        bound = (const struct sockaddr *)&v6;
        flags |= MHD_USE_IPv6;
    } else {
        errno = EINVAL;
        return NULL;
    }
    errno = 0;
    return MHD_start_daemon(
        flags, port, NULL, NULL, handle, context,
        MHD_OPTION_SOCK_ADDR, bound,
        MHD_OPTION_CONNECTION_LIMIT, connectionCountMax,
        MHD_OPTION_CONNECTION_TIMEOUT, idleSecondsMax,
        MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
        MHD_OPTION_END);
}

/* The port that the daemon listens on. */
static inline uint16_t assay_mhd_port(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info == NULL ? 0 : info->port;
}
