/* SPDX-License-Identifier: Apache-2.0
 *
 * fastcgi.conf as a structure: built once and never changed, so every thread
 * may read it without a lock.
 */
#ifndef FCGI_CONFIG_CONFIG_H
#define FCGI_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/diag.h"
#include "config/endpoint.h"
#include "config/network.h"

/* The word of a Match rule that asks for the status page, in place of names of
 * servers, none of which begins with '='. */
#define FCGI_RULE_STATUS "=status"
/* What stands behind the name of an authorizer in a Match rule. No server's
 * name ends with it. */
#define FCGI_RULE_AUTHORIZER '!'

struct fcgi_words {
    char **items;
    size_t count;
};

struct fcgi_pairs {
    struct fcgi_named_value {
        char *name;
        char *value; /* "" where there is none */
    } * items;       /* as given: [FASTCGI]'s first, then the server's own */
    size_t count;
};

/*
 * One [FASTCGI_SERVER]; keys that it does not give come from [FASTCGI], else
 * from the defaults. Times are in milliseconds, sizes in bytes.
 */
struct fcgi_server_config {
    char *name;
    unsigned line; /* of the section's heading */
    struct fcgi_endpoint endpoint;
    char *role; /* "Responder" or "Authorizer", in any case */
    uint32_t connect_timeout;
    uint32_t send_timeout;
    uint32_t read_timeout;
    uint32_t max_header_size;
    uint32_t max_request_header_size;
    struct fcgi_words index;
    char *front_controller; /* NULL: none */
    bool path_info;
    struct fcgi_words extensions;
    char *concurrency;  /* "Off", "Auto", in any case, or a number */
    char *check_script; /* "On", "Off" or "Auto", in any case */
    struct fcgi_words link_roots;
    char *document_root; /* NULL: that of the host */
    bool real_path;
    struct fcgi_pairs params;
    struct fcgi_words hidden_params;
    bool pass_authorization;
    struct fcgi_networks trusted_proxies;
    uint32_t max_connections; /* 0: no limit */
    bool keep_alive;
    uint32_t keep_alive_timeout;
    uint32_t keep_alive_requests;
    uint32_t queue_size;
    uint32_t queue_timeout;
    uint32_t weight;
    bool backup;
    uint32_t max_fails; /* 0: never out */
    uint32_t fail_timeout;
    uint32_t health_check; /* 0: off */
    uint32_t retries;
    uint32_t buffer_size;
    struct fcgi_words intercept_errors;
    struct fcgi_pairs error_pages; /* a status and a path each */
    uint32_t max_body_size;        /* 0: no limit */
    uint32_t client_body_timeout;
    char *chunked_body; /* "Spool" or "Stream", in any case */
    uint32_t max_spool_size;
    struct fcgi_words sendfile_roots;
    uint32_t resolve_interval;
    char *access_log; /* a file, "syslog" or "Off", the two in any case */
    char *access_log_format; /* "Combined" or "JSON", in any case */
    struct fcgi_networks status_allow;
};

struct fcgi_config {
    char *file;
    struct fcgi_server_config *servers; /* at least one */
    size_t n_servers;
};

/*
 * Reads a configuration file. All findings, sorted by line, are added to
 * `diags`. Returns NULL if one of them is an error, else a structure that the
 * caller frees. Not thread-safe, as libconfuse has global state: call it before
 * threads are started, or under a lock.
 */
struct fcgi_config *fcgi_config_load(const char *path,
                                     struct fcgi_diag_list *diags);
void fcgi_config_free(struct fcgi_config *config);

/* Whether a server is asked if requests may go on, and for nothing else. */
bool fcgi_config_is_authorizer(const struct fcgi_server_config *server);

#endif
