/* lib/monitor/address.c - "9090", "0.0.0.0:9090", "[::1]:9090". */
#include "monitor/address.h"
#include "base/util.h"
#include <arpa/inet.h>
#include <netinet/in.h>

static int fail_address(const char *where, struct mlops_error *err)
{
    mlops_fail(err, MLOPS_INVALID, "'%s' is nothing to listen on", where);
    return mlops_hint(err, "say unix:PATH, PORT or ADDRESS:PORT");
}

static bool parse_port(const char *text, uint16_t *port)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    *port = (uint16_t)number;
    return *text >= '0' && *text <= '9' && *end == '\0' && number <= 65535;
}

int address_parse(const char *where, struct sockaddr_storage *address, socklen_t *length,
                  bool *loopback, struct mlops_error *err)
{
    struct sockaddr_in *four = (struct sockaddr_in *)address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
    char host[INET6_ADDRSTRLEN + 1];
    const char *colon = strrchr(where, ':');
    uint16_t port;
    if (!parse_port(colon ? colon + 1 : where, &port))
        return fail_address(where, err);
    bool brackets = colon && *where == '[' && colon[-1] == ']';
    size_t size = !colon ? 0 : (size_t)(colon - where) - (brackets ? 2 : 0);
    if (size >= sizeof(host))
        return fail_address(where, err);
    memcpy(host, where + brackets, size);
    host[size] = '\0';
    memset(address, 0, sizeof(*address));
    if (inet_pton(AF_INET, size ? host : "127.0.0.1", &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(port);
        *length = sizeof(*four);
        *loopback = (ntohl(four->sin_addr.s_addr) >> 24) == 127;
        return MLOPS_OK;
    }
    if (inet_pton(AF_INET6, host, &six->sin6_addr) != 1)
        return fail_address(where, err);
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    *length = sizeof(*six);
    *loopback = IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
    return MLOPS_OK;
}
