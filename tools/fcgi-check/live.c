/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check --live: asks every server for its limits (FCGI_GET_VALUES), all
 * at once, which runs no script.
 */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "loop/loop.h"
#include "probe/failure.h"
#include "probe/member.h"
#include "probe/probe.h"

/* Sockets that are open at the same time. */
#define AT_ONCE 64U

struct live {
    struct check_run *run;
    struct check_servers *servers;
    struct fcgi_loop *loop;
    struct fcgi_probe_options options;
    struct fcgi_probe_handlers handlers;
    struct fcgi_target_list targets; /* a name's members each */
    struct fcgi_probe *probes;
    char **failures; /* in words; NULL: it answered */
    size_t next, busy;
};

static void start_some(struct live *live);

static void on_done(struct fcgi_probe *probe)
{
    struct live *live = probe->user;
    size_t i = (size_t)(probe - live->probes);
    char text[FCGI_FAILURE_TEXT];

    if (!fcgi_failure_is_answer(probe->result.failure)) {
        live->failures[i] =
            check_dup(fcgi_failure_text(probe, text, sizeof(text)));
    }
    fcgi_probe_close(probe);
    live->busy--;
    start_some(live);
}

static void start_some(struct live *live)
{
    while (live->next < live->targets.count && live->busy < AT_ONCE) {
        struct fcgi_probe *probe = &live->probes[live->next];

        fcgi_probe_init(probe, live->loop,
                        &live->targets.items[live->next].endpoint,
                        &live->options, &live->handlers);
        probe->user = live;
        live->next++;
        live->busy++;
        fcgi_probe_start(probe);
    }
}

/* Which key has the address. */
static struct check_place address_place(const struct live *live,
                                        const struct fcgi_server_config *server)
{
    return check_servers_place(live->servers, server,
                               server->endpoint.kind == FCGI_ENDPOINT_UNIX
                                   ? "ServerPath"
                                   : "ServerAddr");
}

static void tell(struct live *live)
{
    struct check_run *run = live->run;

    for (size_t i = 0; i < live->targets.count; i++) {
        const struct fcgi_target *target = &live->targets.items[i];
        const struct fcgi_server_config *server =
            &live->servers->config->servers[target->origin];
        struct check_place place = address_place(live, server);
        char address[FCGI_ENDPOINT_TEXT];

        fcgi_endpoint_text(&target->endpoint, address, sizeof(address));
        run->answers =
            check_grow(run->answers, run->n_answers, sizeof(*run->answers));
        run->answers[run->n_answers++] =
            (struct check_answer){.file = check_dup(place.file),
                                  .line = place.line,
                                  .server = check_dup(server->name),
                                  .address = check_dup(address),
                                  .failure = live->failures[i],
                                  .ns = live->probes[i].result.total};
        if (live->failures[i]) {
            check_report(run, FCGI_CHECK_NO_ANSWER, place,
                         "the server '%s'%s%s%s does not answer: %s",
                         server->name, target->is_member ? " (" : "",
                         target->is_member ? address : "",
                         target->is_member ? ")" : "", live->failures[i]);
        }
    }
}

static void find_targets(struct live *live)
{
    const struct fcgi_config *config = live->servers->config;
    bool failed = false;

    for (size_t i = 0; i < config->n_servers; i++)
        failed |= fcgi_target_append(&live->targets, config->servers[i].name,
                                     &config->servers[i].endpoint, i) < 0;
    if (failed || fcgi_members_expand(&live->targets, AF_UNSPEC,
                                      live->options.timeout) < 0)
        check_no_memory();
}

void check_live(struct check_run *run, struct check_servers *servers)
{
    struct live live = {.run = run,
                        .servers = servers,
                        .loop = fcgi_loop_new(),
                        .options = {.kind = FCGI_PROBE_VALUES,
                                    .timeout = run->options->timeout},
                        .handlers = {.on_done = on_done}};
    size_t n;

    if (!live.loop) {
        fcgi_check_report(&run->diags, FCGI_CHECK_UNREADABLE, servers->file, 0,
                          0, 0, "cannot ask the servers: %s", strerror(errno));
        return;
    }
    find_targets(&live);
    n = live.targets.count;
    live.probes = check_alloc(n * sizeof(*live.probes));
    live.failures = check_alloc(n * sizeof(*live.failures));
    start_some(&live);
    while (live.busy)
        fcgi_loop_wait(live.loop, -1);
    tell(&live);
    fcgi_target_list_free(&live.targets);
    fcgi_loop_free(live.loop);
}
