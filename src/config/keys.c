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

/* The keys that identify a server come first; all that follow can also be
 * given in [FASTCGI], for all servers. */
#define N_IDENTITY 3
static const struct fcgi_key server_keys[] = {
    {
        .name = "ServerName",
        .type = FCGI_KEY_NAME,
        .need = FCGI_KEY_REQUIRED,
        .syntax = "NAME",
        .example = "php",
        .help = "Name of the server, for Match rules and the log; unique",
        .offset = FIELD(name),
    },
    {
        .name = "ServerAddr",
        .type = FCGI_KEY_ADDR,
        .need = FCGI_KEY_ONE_OF,
        .syntax = "HOST:PORT",
        .example = "127.0.0.1:9000",
        .help = "Where the server listens, over TCP; IPv6 as [ADDRESS]:PORT",
        .offset = FIELD(endpoint),
    },
    {
        .name = "ServerPath",
        .type = FCGI_KEY_PATH,
        .need = FCGI_KEY_ONE_OF,
        .syntax = "PATH",
        .example = "/run/php/php-fpm.sock",
        .help = "Absolute path of the Unix socket where the server listens",
        .offset = FIELD(endpoint),
    },
    {
        .name = "ConnectTimeout",
        .type = FCGI_KEY_TIME,
        .need = FCGI_KEY_OPTIONAL,
        .unit = "ms",
        .def = 5 * SECOND,
        .min = 1,
        .max = DAY,
        .syntax = "TIME",
        .example = "5s",
        .help = "How long a connection to the server may take to come about",
        .offset = FIELD(connect_timeout),
    },
    {
        .name = "SendTimeout",
        .type = FCGI_KEY_TIME,
        .need = FCGI_KEY_OPTIONAL,
        .unit = "ms",
        .def = 60 * SECOND,
        .min = 1,
        .max = DAY,
        .syntax = "TIME",
        .example = "60s",
        .help = "How long the server may go without taking more of a request",
        .offset = FIELD(send_timeout),
    },
    {
        .name = "ReadTimeout",
        .type = FCGI_KEY_TIME,
        .need = FCGI_KEY_OPTIONAL,
        .unit = "ms",
        .def = 60 * SECOND,
        .min = 1,
        .max = DAY,
        .syntax = "TIME",
        .example = "60s",
        .help = "How long the server may go without sending more of an answer",
        .offset = FIELD(read_timeout),
    },
    {
        .name = "MaxHeaderSize",
        .type = FCGI_KEY_SIZE,
        .need = FCGI_KEY_OPTIONAL,
        .unit = "bytes",
        .def = 64 * 1024,
        .min = 1024,
        .max = 16 * 1024 * 1024,
        .syntax = "SIZE",
        .example = "64k",
        .help = "Most that the header of an answer may have; above, 502",
        .offset = FIELD(max_header_size),
    },
    {
        .name = "MaxRequestHeaderSize",
        .type = FCGI_KEY_SIZE,
        .need = FCGI_KEY_OPTIONAL,
        .unit = "bytes",
        .def = 64 * 1024,
        .min = 1024,
        .max = 1024 * 1024,
        .syntax = "SIZE",
        .example = "64k",
        .help = "Most that the head of a request may have; above, 431 or 414",
        .offset = FIELD(max_request_header_size),
    },
    {
        .name = "Index",
        .type = FCGI_KEY_WORDS,
        .need = FCGI_KEY_OPTIONAL,
        .check = fcgi_form_index,
        .syntax = "FILE...",
        .example = "index.php",
        .help = "Files that answer for a directory, the first that exists; "
                "with FrontController its name is the default",
        .offset = FIELD(index),
    },
    {
        .name = "FrontController",
        .type = FCGI_KEY_TEXT,
        .need = FCGI_KEY_OPTIONAL,
        .check = fcgi_form_front,
        .syntax = "PATH",
        .example = "/index.php",
        .help = "Script that answers for every path that is no file; files "
                "without one of Extensions are Monkey's",
        .offset = FIELD(front_controller),
    },
    {
        .name = "PathInfo",
        .type = FCGI_KEY_BOOL,
        .need = FCGI_KEY_OPTIONAL,
        .def = 1,
        .syntax = "On or Off",
        .example = "On",
        .help = "Whether a path may go on behind the script, as PATH_INFO",
        .offset = FIELD(path_info),
    },
    {
        .name = "Extensions",
        .type = FCGI_KEY_WORDS,
        .need = FCGI_KEY_OPTIONAL,
        .check = fcgi_form_extension,
        .syntax = ".EXT...",
        .example = ".php",
        .help = "What may run; without it all that the Match rule hands over, "
                "or what ends as FrontController does",
        .offset = FIELD(extensions),
    },
    {
        .name = "CheckScript",
        .type = FCGI_KEY_TEXT,
        .need = FCGI_KEY_OPTIONAL,
        .def_text = "Auto",
        .check = fcgi_form_check_script,
        .syntax = "On, Off or Auto",
        .example = "Auto",
        .help = "Whether a script must be a file below Monkey's document "
                "root, else 404; Auto: where Extensions are known and "
                "DocumentRoot is not set",
        .offset = FIELD(check_script),
    },
    {
        .name = "DocumentRoot",
        .type = FCGI_KEY_TEXT,
        .need = FCGI_KEY_OPTIONAL,
        .check = fcgi_form_folder,
        .syntax = "PATH",
        .example = "/var/www/html",
        .help = "The document root as the application sees it, in a container "
                "or on another machine",
        .offset = FIELD(document_root),
    },
    {
        .name = "Param",
        .type = FCGI_KEY_PAIR,
        .need = FCGI_KEY_OPTIONAL,
        .repeat = true,
        .check = fcgi_form_param,
        .syntax = "NAME VALUE",
        .example = "APP_ENV production",
        .help = "A variable for the application, in place of any other of "
                "that name; may be repeated",
        .offset = FIELD(params),
    },
    {
        .name = "HideParam",
        .type = FCGI_KEY_WORDS,
        .need = FCGI_KEY_OPTIONAL,
        .repeat = true,
        .check = fcgi_form_variable,
        .syntax = "NAME...",
        .example = "HTTP_X_DEBUG",
        .help = "Variables that the application is not told; may be repeated",
        .offset = FIELD(hidden_params),
    },
    {
        .name = "PassAuthorization",
        .type = FCGI_KEY_BOOL,
        .need = FCGI_KEY_OPTIONAL,
        .def = 1,
        .syntax = "On or Off",
        .example = "On",
        .help = "Whether the application is told the field Authorization, "
                "with the password in it",
        .offset = FIELD(pass_authorization),
    },
    {
        .name = "MaxConnections",
        .type = FCGI_KEY_COUNT,
        .need = FCGI_KEY_OPTIONAL,
        .unit = "connections",
        .def = 0,
        .min = 0,
        .max = 65535,
        .syntax = "NUMBER",
        .example = "50",
        .help = "Most connections to the server at a time; 0: no limit",
        .offset = FIELD(max_connections),
    },
    {
        .name = "KeepAlive",
        .type = FCGI_KEY_BOOL,
        .need = FCGI_KEY_OPTIONAL,
        .def = 1,
        .min = 0,
        .max = 1,
        .syntax = "On or Off",
        .example = "On",
        .help =
            "Whether connections to the server are kept for further requests",
        .offset = FIELD(keep_alive),
    },
    {
        .name = "KeepAliveTimeout",
        .type = FCGI_KEY_TIME,
        .need = FCGI_KEY_OPTIONAL,
        .unit = "ms",
        .def = 5 * SECOND,
        .min = 1,
        .max = DAY,
        .syntax = "TIME",
        .example = "5s",
        .help = "How long a kept connection may be idle",
        .offset = FIELD(keep_alive_timeout),
    },
    {
        .name = "KeepAliveRequests",
        .type = FCGI_KEY_COUNT,
        .need = FCGI_KEY_OPTIONAL,
        .unit = "requests",
        .def = 1000,
        .min = 1,
        .max = 1000000000,
        .syntax = "NUMBER",
        .example = "1000",
        .help = "Requests on one connection, after which it is closed",
        .offset = FIELD(keep_alive_requests),
    },
    {
        .name = "QueueSize",
        .type = FCGI_KEY_COUNT,
        .need = FCGI_KEY_OPTIONAL,
        .unit = "requests",
        .def = 1024,
        .min = 0,
        .max = 65535,
        .syntax = "NUMBER",
        .example = "1024",
        .help = "Requests that may wait for one of MaxConnections",
        .offset = FIELD(queue_size),
    },
    {
        .name = "QueueTimeout",
        .type = FCGI_KEY_TIME,
        .need = FCGI_KEY_OPTIONAL,
        .unit = "ms",
        .def = 5 * SECOND,
        .min = 1,
        .max = DAY,
        .syntax = "TIME",
        .example = "5s",
        .help = "How long a request may wait for one of MaxConnections",
        .offset = FIELD(queue_timeout),
    },
    {
        .name = "Weight",
        .type = FCGI_KEY_COUNT,
        .need = FCGI_KEY_OPTIONAL,
        .def = 1,
        .min = 1,
        .max = 256,
        .syntax = "NUMBER",
        .example = "1",
        .help = "The server's part of the requests, beside the others'",
        .offset = FIELD(weight),
    },
    {
        .name = "Backup",
        .type = FCGI_KEY_BOOL,
        .need = FCGI_KEY_OPTIONAL,
        .def = 0,
        .min = 0,
        .max = 1,
        .syntax = "On or Off",
        .example = "Off",
        .help = "Whether the server is for when no other is up",
        .offset = FIELD(backup),
    },
    {
        .name = "MaxFails",
        .type = FCGI_KEY_COUNT,
        .need = FCGI_KEY_OPTIONAL,
        .unit = "failures",
        .def = 1,
        .min = 0,
        .max = 1000,
        .syntax = "NUMBER",
        .example = "1",
        .help =
            "Failures within FailTimeout that take the server out; 0: none do",
        .offset = FIELD(max_fails),
    },
    {
        .name = "FailTimeout",
        .type = FCGI_KEY_TIME,
        .need = FCGI_KEY_OPTIONAL,
        .unit = "ms",
        .def = 10 * SECOND,
        .min = 1,
        .max = DAY,
        .syntax = "TIME",
        .example = "10s",
        .help = "How long failures count, and how long the server is out then",
        .offset = FIELD(fail_timeout),
    },
    {
        .name = "HealthCheck",
        .type = FCGI_KEY_TIME,
        .need = FCGI_KEY_OPTIONAL,
        .unit = "ms",
        .def = 0,
        .min = 100,
        .max = DAY,
        .off = true,
        .syntax = "TIME or Off",
        .example = "30s",
        .help = "How often the server is asked whether it is well",
        .offset = FIELD(health_check),
    },
    {
        .name = "Retries",
        .type = FCGI_KEY_COUNT,
        .need = FCGI_KEY_OPTIONAL,
        .unit = "servers",
        .def = 3,
        .min = 0,
        .max = 15,
        .syntax = "NUMBER",
        .example = "3",
        .help =
            "Other servers that a failed request may go to; with 0 none can "
            "be executed twice",
        .offset = FIELD(retries),
    },
    {
        .name = "BufferSize",
        .type = FCGI_KEY_SIZE,
        .need = FCGI_KEY_OPTIONAL,
        .unit = "bytes",
        .def = 64 * KIB,
        .min = 4 * KIB,
        .max = 16 * KIB * KIB,
        .syntax = "SIZE",
        .example = "64k",
        .help =
            "What is held of an answer for a slow client, and of a request's "
            "body, before the rest waits",
        .offset = FIELD(buffer_size),
    },
    {
        .name = "MaxBodySize",
        .type = FCGI_KEY_SIZE,
        .need = FCGI_KEY_OPTIONAL,
        .unit = "bytes",
        .def = 0,
        .min = 0,
        .max = 4095 * KIB * KIB,
        .syntax = "SIZE",
        .example = "100m",
        .help = "Most that the body of a request may have; above, 413; 0: no "
                "limit",
        .offset = FIELD(max_body_size),
    },
    {
        .name = "ClientBodyTimeout",
        .type = FCGI_KEY_TIME,
        .need = FCGI_KEY_OPTIONAL,
        .unit = "ms",
        .def = 60 * SECOND,
        .min = 1,
        .max = DAY,
        .syntax = "TIME",
        .example = "60s",
        .help = "How long a client may go without sending more of its "
                "request's body; then, 408",
        .offset = FIELD(client_body_timeout),
    },
    {
        .name = "ChunkedBody",
        .type = FCGI_KEY_TEXT,
        .need = FCGI_KEY_OPTIONAL,
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
        .type = FCGI_KEY_SIZE,
        .need = FCGI_KEY_OPTIONAL,
        .unit = "bytes",
        .def = 256 * KIB * KIB,
        .min = 64 * KIB,
        .max = 4095 * KIB * KIB,
        .syntax = "SIZE",
        .example = "256m",
        .help = "Most that ChunkedBody Spool puts into a file; above, 413",
        .offset = FIELD(max_spool_size),
    },
    {
        .name = "ResolveInterval",
        .type = FCGI_KEY_TIME,
        .need = FCGI_KEY_OPTIONAL,
        .unit = "ms",
        .def = 30 * SECOND,
        .min = 1 * SECOND,
        .max = DAY,
        .syntax = "TIME",
        .example = "30s",
        .help = "How often the name in ServerAddr is looked up again",
        .offset = FIELD(resolve_interval),
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
