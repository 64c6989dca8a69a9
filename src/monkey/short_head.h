/* SPDX-License-Identifier: Apache-2.0
 *
 * The head that Monkey's core is given in place of a client's, where a request
 * of ours has to pass through it because another plugin must see it.
 *
 * It says what other plugins act upon, and nothing that the core would stumble
 * over: the method, the path alone, the host by the name that the virtual host
 * has, whether the connection persists, Authorization and Referer. The core is
 * told of no body: that stays behind with the gate. Pure; any thread.
 */
#ifndef FCGI_MONKEY_SHORT_HEAD_H
#define FCGI_MONKEY_SHORT_HEAD_H

#include "http/head.h"
#include "monkey/abi.h"

#define fcgi_monkey_short_head FCGI_MONKEY_NAME(short_head)

/*
 * Writes the head for a request with the decoded path `path` to the virtual
 * host named `host`; `keep` is whether the connection may persist. Returns its
 * length; 0 where `size` bytes do not hold it.
 */
size_t fcgi_monkey_short_head(char *buf, size_t size,
                              const struct fcgi_http_head *head,
                              struct fcgi_text host, struct fcgi_text path,
                              bool keep);

#endif
