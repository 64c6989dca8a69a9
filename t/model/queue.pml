/* SPDX-License-Identifier: Apache-2.0
 *
 * Whose turn it is, for Spin: clients of two kinds of requests, for ever, before
 * two connections. Whoever waits is served, be the others ever so many; and a
 * kind that has half of the connections does not keep the other kind from one.
 *
 * `runs` counts a request when its worker begins it, some time after the
 * connection was given to it.
 */
/* of: src/backend/queue.c has_half fcgi_queue_next fcgi_queue_add
 *     fcgi_queue_remove fcgi_queue_runs fcgi_queue_ran
 * sum: 588a1cdbf4bb */
#define CLIENTS 4
#define OPEN 2
#define KIND(c) ((c) / 2)

#ifndef MISTAKE
#define MISTAKE 0
#endif
#define REST_LAST (MISTAKE == 1)  /* the rest has what nobody else wants */
#define LAST_FIRST (MISTAKE == 2) /* who came last is the first */

byte order[CLIENTS];     /* of those that wait, as they came */
byte n_waiting, in_use;
bool in_rest[CLIENTS], waits[CLIENTS], given[CLIENTS];
byte running[2];

#define HAS_HALF(kind) (2 * running[kind] >= OPEN)

/* fcgi_queue_next(), and takes it out. */
inline next(client) {
    d_step {
        first = CLIENTS;
        rest = CLIENTS;
        i = n_waiting;
        do
        :: i > 0 ->
            i--;
            if
            :: in_rest[order[i]] -> rest = i
            :: else -> first = i
            fi
        :: else -> break
        od;
        if
        :: first == CLIENTS -> i = rest
        :: first != CLIENTS && rest == CLIENTS -> i = first
        :: else ->
            if
            :: rest < first && !HAS_HALF(KIND(order[rest])) && !REST_LAST ->
                i = rest
            :: else -> i = first
            fi
        fi;
        if
        :: LAST_FIRST -> i = n_waiting - 1
        :: else
        fi;
        client = order[i];
        do
        :: i < n_waiting - 1 -> order[i] = order[i + 1]; i++
        :: else -> break
        od;
        order[i] = 0;
        n_waiting--;
        i = 0;
        first = 0;
        rest = 0
    }
}

active [CLIENTS] proctype client() {
    byte i, first, rest, to;

again:
    atomic {
        if
        :: n_waiting == 0 && in_use < OPEN -> in_use++; given[_pid] = true
        :: else ->
            in_rest[_pid] = HAS_HALF(KIND(_pid));
            order[n_waiting] = _pid;
            n_waiting++;
            waits[_pid] = true
        fi
    }
    atomic { given[_pid] -> given[_pid] = false; running[KIND(_pid)]++ }
    atomic {
        running[KIND(_pid)]--;
        if
        :: n_waiting > 0 ->
            next(to);
            in_rest[to] = false;
            waits[to] = false;
            given[to] = true;
            to = 0
        :: else -> in_use--
        fi
    }
    goto again
}

ltl served { [] (waits[0] -> <> !waits[0]) }
