/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of keys, and the search in it. Letters are compared without
 * case, as Monkey does, and without regard to the locale.
 */
#include "config/keys.h"

#include <string.h>

#include "config/config.h"
#include "config/form.h"
#include "config/text.h"
#include "config/value.h"

#define SECOND 1000U
#define MINUTE (60 * SECOND)
#define DAY (24 * 60 * MINUTE)
#define KIB 1024U

#define FIELD(name) offsetof(struct fcgi_server_config, name)

/* What the keys of a type have in common. */
#define NUMBER(kind, value, least, most, what, form)                  \
    .type = FCGI_KEY_##kind, .def = value, .min = least, .max = most, \
    .unit = what, .syntax = form
#define TIME(value, least) NUMBER(TIME, value, least, DAY, "ms", "TIME")
#define SIZE(value, least, most) \
    NUMBER(SIZE, value, least, most, "bytes", "SIZE")
#define COUNT(value, least, most, what) \
    NUMBER(COUNT, value, least, most, what, "NUMBER")
#define SWITCH(value) NUMBER(BOOL, value, 0, 1, NULL, "On or Off")

/* The keys that identify a server come first; all that follow can also be
 * given in [FASTCGI], for all servers. */
#define N_IDENTITY 4
static const struct fcgi_key server_keys[] = {
    {
        .name = "ServerName",
        .type = FCGI_KEY_NAME,
        .syntax = "NAME",
        .example = "php",
        .need = FCGI_KEY_REQUIRED,
        .help = "Name of the server, for Match rules and the log; unique",
        .offset = FIELD(name),
    },
    {
        .name = "ServerAddr",
        .type = FCGI_KEY_ADDR,
        .syntax = "HOST:PORT",
        .example = "127.0.0.1:9000",
        .need = FCGI_KEY_ONE_OF,
        .help = "Where the server listens, over TCP; IPv6 as [ADDRESS]:PORT; "
                "or as a service that has SRV records, _NAME._tcp.DOMAIN",
        .offset = FIELD(endpoint),
    },
    {
        .name = "ServerPath",
        .type = FCGI_KEY_PATH,
        .syntax = "PATH",
        .example = "/run/php/php-fpm.sock",
        .need = FCGI_KEY_ONE_OF,
        .help = "Absolute path of the Unix socket where the server listens",
        .offset = FIELD(endpoint),
    },
    {
        .name = "Role",
        .type = FCGI_KEY_TEXT,
        .syntax = "Responder or Authorizer",
        .example = "Responder",
        .check = fcgi_form_role,
        .def_text = "Responder",
        .help = "What the server is asked for: answers, or whether a request "
                "may go on, by rules that name it with '!' behind",
        .offset = FIELD(role),
    },
    {
        .name = "ConnectTimeout",
        TIME(5 * SECOND, 1),
        .example = "5s",
        .help = "How long a connection to the server may take to come about",
        .offset = FIELD(connect_timeout),
    },
    {
        .name = "SendTimeout",
        TIME(60 * SECOND, 1),
        .example = "60s",
        .help = "How long the server may go without taking more of a request",
        .offset = FIELD(send_timeout),
    },
    {
        .name = "ReadTimeout",
        TIME(60 * SECOND, 1),
        .example = "60s",
        .help = "How long the server may go without sending more of an answer",
        .offset = FIELD(read_timeout),
    },
    {
        .name = "MaxHeaderSize",
        SIZE(64 * KIB, KIB, 16 * KIB * KIB),
        .example = "64k",
        .help = "Most that the header of an answer may have; above, 502",
        .offset = FIELD(max_header_size),
    },
    {
        .name = "MaxRequestHeaderSize",
        SIZE(64 * KIB, KIB, KIB *KIB),
        .example = "64k",
        .help = "Most that the head of a request may have; above, 431 or 414",
        .offset = FIELD(max_request_header_size),
    },
    {
        .name = "Index",
        .type = FCGI_KEY_WORDS,
        .syntax = "FILE...",
        .example = "index.php",
        .check = fcgi_form_index,
        .help = "Files that answer for a directory, the first that exists; "
                "with FrontController its name is the default",
        .offset = FIELD(index),
    },
    {
        .name = "FrontController",
        .type = FCGI_KEY_TEXT,
        .syntax = "PATH",
        .example = "/index.php",
        .check = fcgi_form_front,
        .help = "Script that answers for every path that is no file; files "
                "without one of Extensions are Monkey's",
        .offset = FIELD(front_controller),
    },
    {
        .name = "PathInfo",
        SWITCH(1),
        .example = "On",
        .help = "Whether a path may go on behind the script, as PATH_INFO",
        .offset = FIELD(path_info),
    },
    {
        .name = "Extensions",
        .type = FCGI_KEY_WORDS,
        .syntax = ".EXT...",
        .example = ".php",
        .check = fcgi_form_extension,
        .help = "What may run; without it what ends as FrontController does, "
                "or what the Match rule matches up to the last extension "
                "of its name",
        .offset = FIELD(extensions),
    },
    {
        .name = "CheckScript",
        .type = FCGI_KEY_TEXT,
        .syntax = "On, Off or Auto",
        .example = "Auto",
        .check = fcgi_form_check_script,
        .def_text = "Auto",
        .help = "Whether a script must be a file below Monkey's document root, "
                "else 404; Auto: where Extensions are known and DocumentRoot "
                "is not set",
        .offset = FIELD(check_script),
    },
    {
        .name = "LinkRoots",
        .type = FCGI_KEY_WORDS,
        .syntax = "PATH...",
        .example = "/usr/share",
        .repeat = true,
        .check = fcgi_form_link_root,
        .help = "Folders besides the document root that CheckScript lets "
                "symbolic links lead to, with SymLink On; may be repeated",
        .offset = FIELD(link_roots),
    },
    {
        .name = "DocumentRoot",
        .type = FCGI_KEY_TEXT,
        .syntax = "PATH",
        .example = "/var/www/html",
        .check = fcgi_form_folder,
        .help = "The document root as the application sees it, in a container "
                "or on another machine",
        .offset = FIELD(document_root),
    },
    {
        .name = "RealPath",
        SWITCH(0),
        .example = "Off",
        .help = "Whether DOCUMENT_ROOT and SCRIPT_FILENAME are told with all "
                "links followed, at each request",
        .offset = FIELD(real_path),
    },
    {
        .name = "Param",
        .type = FCGI_KEY_PAIR,
        .syntax = "NAME VALUE",
        .example = "APP_ENV production",
        .repeat = true,
        .check = fcgi_form_param,
        .help = "A variable for the application, in place of any other of that "
                "name; may be repeated",
        .offset = FIELD(params),
    },
    {
        .name = "HideParam",
        .type = FCGI_KEY_WORDS,
        .syntax = "NAME...",
        .example = "HTTP_X_DEBUG",
        .repeat = true,
        .check = fcgi_form_variable,
        .help = "Variables that the application is not told; may be repeated",
        .offset = FIELD(hidden_params),
    },
    {
        .name = "PassAuthorization",
        SWITCH(1),
        .example = "On",
        .help = "Whether the application is told the field Authorization, with "
                "the password in it",
        .offset = FIELD(pass_authorization),
    },
    {
        .name = "TrustedProxies",
        .type = FCGI_KEY_NETWORKS,
        .syntax = "ADDRESS[/BITS]...",
        .example = "127.0.0.1 10.0.0.0/8",
        .repeat = true,
        .check = fcgi_form_network,
        .help = "Proxies in front of Monkey that are trusted to say who the "
                "client is, and which scheme it uses; may be repeated",
        .offset = FIELD(trusted_proxies),
    },
    {
        .name = "MaxConnections",
        COUNT(0, 0, 65535, "connections"),
        .example = "50",
        .help = "Most connections to the server at a time; 0: no limit",
        .offset = FIELD(max_connections),
    },
    {
        .name = "Concurrency",
        .type = FCGI_KEY_TEXT,
        .syntax = "Auto, Off or NUMBER",
        .example = "Auto",
        .check = fcgi_form_concurrency,
        .def_text = "Auto",
        .help = "How many connections the server is given at a time, others "
                "wait; Auto: as many as it has shown to serve side by side",
        .offset = FIELD(concurrency),
    },
    {
        .name = "KeepAlive",
        SWITCH(1),
        .example = "On",
        .help =
            "Whether connections to the server are kept for further requests",
        .offset = FIELD(keep_alive),
    },
    {
        .name = "KeepAliveTimeout",
        TIME(5 * SECOND, 1),
        .example = "5s",
        .help = "How long a kept connection may be idle",
        .offset = FIELD(keep_alive_timeout),
    },
    {
        .name = "KeepAliveRequests",
        COUNT(1000, 1, 1000000000, "requests"),
        .example = "1000",
        .help = "Requests on one connection, after which it is closed",
        .offset = FIELD(keep_alive_requests),
    },
    {
        .name = "QueueSize",
        COUNT(1024, 0, 65535, "requests"),
        .example = "1024",
        .help = "Requests that may wait for a connection",
        .offset = FIELD(queue_size),
    },
    {
        .name = "QueueTimeout",
        TIME(30 * SECOND, 1),
        .example = "30s",
        .help = "How long a request may wait for a connection",
        .offset = FIELD(queue_timeout),
    },
    {
        .name = "Weight",
        COUNT(1, 1, 256, NULL),
        .example = "1",
        .help = "The server's part of the requests, beside the others'",
        .offset = FIELD(weight),
    },
    {
        .name = "Backup",
        SWITCH(0),
        .example = "Off",
        .help = "Whether the server is for when no other is up",
        .offset = FIELD(backup),
    },
    {
        .name = "MaxFails",
        COUNT(1, 0, 1000, "failures"),
        .example = "1",
        .help =
            "Failures within FailTimeout that take the server out; 0: none do",
        .offset = FIELD(max_fails),
    },
    {
        .name = "FailTimeout",
        TIME(10 * SECOND, 1),
        .example = "10s",
        .help = "How long failures count, and how long the server is out then",
        .offset = FIELD(fail_timeout),
    },
    {
        .name = "HealthCheck",
        NUMBER(TIME, 0, 100, DAY, "ms", "TIME or Off"),
        .off = true,
        .example = "30s",
        .help = "How often the server is asked whether it is well",
        .offset = FIELD(health_check),
    },
    {
        .name = "Retries",
        COUNT(3, 0, 15, "servers"),
        .example = "3",
        .help = "Other servers that a failed request may go to; with 0 none "
                "can be executed twice",
        .offset = FIELD(retries),
    },
    {
        .name = "BufferSize",
        SIZE(64 * KIB, 4 * KIB, 16 * KIB * KIB),
        .example = "64k",
        .help =
            "What is held of an answer for a slow client, and of a request's "
            "body, before the rest waits",
        .offset = FIELD(buffer_size),
    },
    {
        .name = "InterceptErrors",
        .type = FCGI_KEY_WORDS,
        .syntax = "On, Off or STATUS...",
        .example = "On",
        .def_text = "Off",
        .check = fcgi_form_intercept,
        .help = "Errors of the application that get a page as their body: On, "
                "those for which ERROR_PAGES of the site has one; or statuses",
        .offset = FIELD(intercept_errors),
    },
    {
        .name = "ErrorPage",
        .type = FCGI_KEY_PAIR,
        .syntax = "STATUS PATH",
        .example = "404 /errors/404.php",
        .repeat = true,
        .check = fcgi_form_status,
        .check_value = fcgi_form_front,
        .help = "A script of the application that makes the page for an "
                "error, in place of ERROR_PAGES; may be repeated",
        .offset = FIELD(error_pages),
    },
    {
        .name = "MaxBodySize",
        SIZE(0, 0, 4095 * KIB * KIB),
        .example = "100m",
        .help = "Most that the body of a request may have; above, 413; 0: no "
                "limit",
        .offset = FIELD(max_body_size),
    },
    {
        .name = "ClientBodyTimeout",
        TIME(60 * SECOND, 1),
        .example = "60s",
        .help = "How long a client may go without sending more of its "
                "request's body; then, 408",
        .offset = FIELD(client_body_timeout),
    },
    {
        .name = "ChunkedBody",
        .type = FCGI_KEY_TEXT,
        .def_text = "Spool",
        .check = fcgi_form_chunked_body,
        .syntax = "Spool or Stream",
        .example = "Spool",
        .help = "What becomes of a body in chunks of more than BufferSize: "
                "Spool, to a file, so that CONTENT_LENGTH is known; or Stream, "
                "without it",
        .offset = FIELD(chunked_body),
    },
    {
        .name = "MaxSpoolSize",
        SIZE(256 * KIB * KIB, 64 * KIB, 4095 * KIB * KIB),
        .example = "256m",
        .help = "Most that ChunkedBody Spool puts into a file; above, 413",
        .offset = FIELD(max_spool_size),
    },
    {
        .name = "SendfileRoots",
        .type = FCGI_KEY_WORDS,
        .syntax = "PATH...",
        .example = "/srv/files",
        .repeat = true,
        .check = fcgi_form_root,
        .help = "Folders whose files the application may have sent by naming "
                "them in X-Sendfile; may be repeated",
        .offset = FIELD(sendfile_roots),
    },
    {
        .name = "ResolveInterval",
        TIME(30 * SECOND, 1 * SECOND),
        .example = "30s",
        .help = "How often the name in ServerAddr is looked up again; sooner "
                "where its TTL is shorter",
        .offset = FIELD(resolve_interval),
    },
    {
        .name = "AccessLog",
        .type = FCGI_KEY_TEXT,
        .def_text = "Off",
        .check = fcgi_form_access_log,
        .syntax = "FILE, syslog or Off",
        .example = "/var/log/monkey/fastcgi-access.log",
        .help = "Where each request has a line when it is over; a file that is "
                "renamed is made anew",
        .offset = FIELD(access_log),
    },
    {
        .name = "AccessLogFormat",
        .type = FCGI_KEY_TEXT,
        .def_text = "Combined",
        .check = fcgi_form_access_format,
        .syntax = "Combined or JSON",
        .example = "Combined",
        .help =
            "What a line of AccessLog is: Combined as other servers have it, "
            "with times behind it",
        .offset = FIELD(access_log_format),
    },
    {
        .name = "StatusAllow",
        .type = FCGI_KEY_NETWORKS,
        .syntax = "ADDRESS[/BITS]...",
        .example = "192.0.2.0/24 2001:db8::/32",
        .repeat = true,
        .check = fcgi_form_network,
        .help = "Who, besides this machine, is shown the server by a rule with "
                "=status; may be repeated",
        .offset = FIELD(status_allow),
    },
};

#define N_SERVER_KEYS (sizeof(server_keys) / sizeof(server_keys[0]))

static const struct fcgi_section sections[] = {
    {
        .name = "FASTCGI_SERVER",
        .help = "A FastCGI server; may be given any number of times",
        .keys = server_keys,
        .n_keys = N_SERVER_KEYS,
    },
    {
        .name = "FASTCGI",
        .help = "What holds for all servers that do not say otherwise",
        .single = true,
        .keys = server_keys + N_IDENTITY,
        .n_keys = N_SERVER_KEYS - N_IDENTITY,
    },
};

#define N_SECTIONS (sizeof(sections) / sizeof(sections[0]))

_Static_assert(N_SERVER_KEYS <= FCGI_KEYS_MAX, "FCGI_KEYS_MAX is too small");

/* Sections of the plugin of Monkey 1.5 that this one does not have. */
static const struct {
    const char *name; /* of a section */
    const char *cure;
} retired[] = {
    {"FASTCGI_LOCATION",
     "what it did, Match rules in the [HANDLERS] of a site do now: "
     "'Match /.*\\.php$ fastcgi'"},
};

const struct fcgi_section *fcgi_keys_sections(size_t *count)
{
    *count = N_SECTIONS;
    return sections;
}

bool fcgi_keys_is_number(const struct fcgi_key *key)
{
    return key->type == FCGI_KEY_TIME || key->type == FCGI_KEY_SIZE ||
           key->type == FCGI_KEY_COUNT || key->type == FCGI_KEY_BOOL;
}

const char *fcgi_keys_default(const struct fcgi_key *key,
                              char buf[static FCGI_KEYS_DEFAULT_SIZE])
{
    if (fcgi_keys_is_number(key))
        return fcgi_config_format_number(key, key->def, buf);
    return key->def_text ? key->def_text : "none";
}

const struct fcgi_section *fcgi_keys_find_section(const char *name, size_t len)
{
    for (size_t i = 0; i < N_SECTIONS; i++) {
        const char *other = sections[i].name;

        if (fcgi_text_equal(name, len, other, strlen(other)))
            return &sections[i];
    }
    return NULL;
}

const struct fcgi_key *fcgi_keys_find(const struct fcgi_section *section,
                                      const char *name, size_t len)
{
    for (size_t i = 0; i < section->n_keys; i++) {
        const char *other = section->keys[i].name;

        if (fcgi_text_equal(name, len, other, strlen(other)))
            return &section->keys[i];
    }
    return NULL;
}

const char *fcgi_keys_retired(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(retired) / sizeof(retired[0]); i++) {
        const char *other = retired[i].name;

        if (fcgi_text_equal(name, len, other, strlen(other)))
            return retired[i].cure;
    }
    return NULL;
}
