/* SPDX-License-Identifier: Apache-2.0
 *
 * A request's target (RFC 9112, 3.2): its four forms, the host that it names,
 * where its path ends and its query begins, and the path decoded (RFC 3986).
 * Pure functions over spans: no I/O, no allocation, any thread.
 *
 * A target is made of visible characters, without '#': a fragment is never
 * sent, and some servers cut it off. Bytes from 0x80 are taken as they stand,
 * as are those that RFC 3986 wants encoded and browsers send all the same (such
 * as '|' and '{').
 */
#ifndef FCGI_HTTP_TARGET_H
#define FCGI_HTTP_TARGET_H

#include "http/chars.h"

enum fcgi_http_form {
    FCGI_HTTP_ORIGIN,    /* /path?query */
    FCGI_HTTP_ABSOLUTE,  /* http://host/path?query, or https */
    FCGI_HTTP_AUTHORITY, /* host:port, of CONNECT alone */
    FCGI_HTTP_ASTERISK,  /* "*", of OPTIONS alone */
};

/* Host and port, as the field Host and an absolute target have them. */
struct fcgi_http_authority {
    struct fcgi_text whole;
    struct fcgi_text host; /* [IPv6] in its brackets; no dot at its end */
    struct fcgi_text port; /* digits, up to 65535; empty where there is none */
};

struct fcgi_http_target {
    enum fcgi_http_form form;
    struct fcgi_text whole;
    struct fcgi_http_authority authority; /* absent but for two of the forms */
    struct fcgi_text path;  /* as received, begins with '/'; else absent */
    bool has_query;         /* there was a '?' */
    struct fcgi_text query; /* what follows it; may be empty */
};

/*
 * Reads `host [":" port]`. Strict, because the name chooses a virtual host and
 * is handed to applications: letters, digits, '-', '_', '~', and single dots
 * between them and at the end, or an IPv6 address in brackets. No user, no
 * '%', none of the delimiters (such as ',') that a URI's grammar would allow,
 * and no empty host (RFC 9110, 4.2.1).
 */
bool fcgi_http_authority_read(struct fcgi_text text,
                              struct fcgi_http_authority *out);

/*
 * Reads the target of a request with the given method. An absolute target that
 * has no path has the path "/" (RFC 9110, 4.2.3). Returns false for what is to
 * be answered 400: no form, one that the method does not take, another scheme.
 */
bool fcgi_http_target_read(struct fcgi_text method, struct fcgi_text target,
                           struct fcgi_http_target *out);

/* A path decoded. */
struct fcgi_http_path {
    size_t length;
    bool has_dots;    /* segments "." or ".." were resolved */
    bool has_empties; /* it has a "//" */
};

/*
 * Decodes a path once, and resolves the segments "." and ".." (RFC 3986,
 * 5.2.4) of what comes out of that, so that `%2e%2e%2f` is "../", as it is for
 * a file system. `out` has room for the raw path's length, which the decoded
 * one never exceeds, and may be where the raw path is.
 *
 * Returns NULL, or, for what is to be answered 400, the reason (static text):
 *   - the path does not begin with '/';
 *   - a '%' without two hexadecimal digits behind it, or "%00";
 *   - a ".." that leaves the root;
 *   - a ".." behind an empty segment: "/a//../b" is "/a/b" for RFC 3986, and
 *     "/b" for a file system.
 *
 * Empty segments stay: for RFC 3986 "/a//b" is another path than "/a/b". Who
 * compares paths with those of a configuration, where a file system sees no
 * difference, has to look at `has_empties`. A backslash is a character like
 * others, and so are a '+' and decoded control bytes: who writes a path into a
 * line of text has to quote it.
 */
const char *fcgi_http_path_decode(struct fcgi_text raw, char *out,
                                  struct fcgi_http_path *path);

#endif
