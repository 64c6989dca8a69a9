/* SPDX-License-Identifier: Apache-2.0
 *
 * How connections change hands between workers, for Spin.
 *
 * Two workers, one server, four requests: what fcgi_server_take(), give(),
 * free_slot(), cancel(), idle_gone(), conn_check() and reclaimed() do under the
 * lock is one step here; what happens between two of them may be mixed with
 * what the other worker does. Messages lie in a worker's mailbox.
 *
 * What is open to chance: when a request comes, is cancelled or finished;
 * whether its connection is kept; when an idle one dies; when one that waits has
 * an idle one closed.
 *
 * Shown: there are never more connections than MaxConnections; a slot is never
 * lost nor used twice; when nothing can happen any more, each request was served
 * or cancelled, and nobody waits.
 *
 * Each MISTAKE must be found: model.t tries them.
 */
/* of: src/backend/server.c fcgi_server_take fcgi_server_cancel fcgi_server_give
 *     fcgi_server_free_slot fcgi_server_idle_gone fcgi_server_reclaimed
 *     fcgi_server_conn_check fcgi_server_look fcgi_server_grant grant
 *     next_in_queue enqueue
 * of: src/backend/worker.c take_promised pack on_request unpack on_delivery
 *     fcgi_worker_cancel on_idle_dead fcgi_worker_release on_reclaim on_look
 *     fcgi_worker_checkout free_slot deliver
 * sum: 65d41a2ba797 */
#ifndef MOST
#define MOST 1 /* MaxConnections */
#endif
#define REQUESTS 4
#define WORKERS 2

#ifndef MISTAKE
#define MISTAKE 0
#endif
#define FORGETS_DEAD (MISTAKE == 1)    /* a claimed one that died is not noted */
#define TELLS_NO_MORE (MISTAKE == 2)   /* whoever is granted a slot is not told */
#define CANCELS_SENT (MISTAKE == 3)    /* a checkout on its way is just freed */
#define CLAIMS_TWICE (MISTAKE == 4)    /* who claims does not count idle down */
#define TELLS_NOBODY (MISTAKE == 5)    /* a reclaim is not sent */
#define KEEPS_BESIDE (MISTAKE == 6)    /* a finished one ignores the queue */
#define NEVER_LOOKS (MISTAKE == 7)     /* nobody looks after the queue */

#define HOME(r) ((r) % WORKERS)

mtype = { REQUEST, DELIVERY, RECLAIM };
mtype = { NEW, QUEUED, SENT, RUNS, DONE };

byte open;                  /* slots that are taken */
byte idle[WORKERS];         /* idle and not claimed */
byte reclaimed[WORKERS];
byte kept[WORKERS];         /* idle ones that there are, claimed or not */
byte reserved_dead[WORKERS];
mtype state[REQUESTS] = NEW;
bool has_slot[REQUESTS];    /* the checkout brings one, or its request runs */
bool has_conn[REQUESTS];    /* ... and an open connection is on it */
bool wanted[REQUESTS];      /* somebody waits for the checkout */
byte closing;               /* closed, and its slot not freed yet */
byte deaths = 2, checks = 2, cancels = 1;

chan queue = [REQUESTS] of { byte };
chan mail[WORKERS] = [8] of { mtype, byte };

#define SLOTS_HELD \
    (kept[0] + kept[1] + reserved_dead[0] + reserved_dead[1] + closing + \
     has_slot[0] + has_slot[1] + has_slot[2] + has_slot[3])
#define CONNECTIONS \
    (kept[0] + kept[1] + has_conn[0] + has_conn[1] + has_conn[2] + has_conn[3])

/* In one step with what it checks. */
inline check() {
    assert(open <= MOST);
    assert(open == SLOTS_HELD);
    assert(CONNECTIONS <= MOST)
}

/* Under the lock: grant(). */
inline grant(to) {
    to = REQUESTS;
    if
    :: open < MOST && len(queue) > 0 ->
        queue ? to;
        open++;
        state[to] = SENT;
        has_slot[to] = true
    :: open == MOST || len(queue) == 0
    fi
}

/* deliver(): to whoever waits; `to` may be nobody. */
inline deliver(to) {
    if
    :: to < REQUESTS && !TELLS_NO_MORE -> mail[HOME(to)] ! DELIVERY, to
    :: to >= REQUESTS || TELLS_NO_MORE
    fi;
    to = 0
}

/* A connection was closed, or a slot is not used. */
inline free_slot(to) {
    atomic {
        closing--;
        open--;
        grant(to);
        check()
    }
    deliver(to)
}

/* The same of one that failed before it was accepted: nobody is granted it. */
inline free_failed(to) {
    atomic { closing--; open--; to = 0; check() }
}

/* take_promised(): what is left of an idle connection that was claimed. */
inline take_promised(w, was_there) {
    if
    :: reserved_dead[w] > 0 -> reserved_dead[w]--; was_there = false
    :: else -> assert(kept[w] > 0); kept[w]--; was_there = true
    fi
}

/* fcgi_worker_release() of a connection that is open: `r` has it no more. */
inline release(w, r, to) {
    atomic {
        has_slot[r] = false;
        has_conn[r] = false;
        if
        :: len(queue) > 0 && !KEEPS_BESIDE -> /* GIVE_HANDOFF */
            queue ? to;
            state[to] = SENT;
            has_slot[to] = true;
            has_conn[to] = true
        :: len(queue) == 0 || KEEPS_BESIDE ->   /* GIVE_KEEP */
            idle[w]++;
            kept[w]++;
            to = REQUESTS
        :: true -> closing++; to = REQUESTS + 1 /* GIVE_CLOSE, or it broke */
        :: true -> closing++; to = REQUESTS + 2 /* it never was accepted */
        fi;
        check()
    }
    if
    :: to == REQUESTS + 1 -> free_slot(to)
    :: to == REQUESTS + 2 -> free_failed(to)
    :: else -> deliver(to)
    fi
}

/* fcgi_worker_checkout() */
inline take(w, r) {
    atomic {
        wanted[r] = true;
        if
        :: idle[w] > 0 ->
            idle[w]--;
            kept[w]--;
            state[r] = RUNS;
            has_slot[r] = true;
            has_conn[r] = true
        :: idle[w] == 0 && idle[1 - w] > 0 ->
            if
            :: CLAIMS_TWICE
            :: else -> idle[1 - w]--
            fi;
            state[r] = SENT
        :: idle[0] + idle[1] == 0 && len(queue) == 0 && open < MOST ->
            open++;
            state[r] = RUNS;
            has_slot[r] = true;
            has_conn[r] = true
        :: idle[0] + idle[1] == 0 && (len(queue) > 0 || open == MOST) ->
            state[r] = QUEUED;
            queue ! r
        fi;
        check()
    }
    if
    :: state[r] == SENT && !has_slot[r] -> mail[1 - w] ! REQUEST, r
    :: else
    fi
}

inline cancel(r) {
    atomic {
        cancels--;
        if
        :: state[r] == QUEUED -> queue ?? eval(r); state[r] = DONE
        :: state[r] == SENT && CANCELS_SENT ->
            state[r] = DONE;
            has_slot[r] = false;
            has_conn[r] = false
        :: state[r] == SENT && !CANCELS_SENT
        fi;
        wanted[r] = false
    }
}

/* on_delivery() */
inline delivered(w, r, to) {
    if
    :: state[r] == SENT && wanted[r] -> atomic {
            state[r] = RUNS;
            has_conn[r] = true;
            check()
        }
    :: state[r] == SENT && !wanted[r] && has_conn[r] ->
        state[r] = DONE;
        release(w, r, to)
    :: state[r] == SENT && !wanted[r] && !has_conn[r] ->
        atomic { state[r] = DONE; has_slot[r] = false; closing++; check() }
        free_slot(to)
    :: state[r] != SENT /* a mistake's */
    fi
}

active [WORKERS] proctype worker() {
    byte r, n, to;
    bool was_there;

end:
    do
    /* Requests of this worker. */
    :: atomic { state[_pid] == NEW -> r = _pid } take(_pid, r)
    :: atomic { state[_pid + 2] == NEW -> r = _pid + 2 }
        take(_pid, r)
    :: atomic { state[_pid] == RUNS -> r = _pid; state[r] = DONE }
        release(_pid, r, to)
    :: atomic { state[_pid + 2] == RUNS ->
            r = _pid + 2; state[r] = DONE }
        release(_pid, r, to)
    :: atomic { cancels > 0 && wanted[_pid] &&
            (state[_pid] == QUEUED || state[_pid] == SENT) -> r = _pid }
        cancel(r)
    /* on_look() */
    :: atomic { len(queue) > 0 && open < MOST && !NEVER_LOOKS &&
            (state[_pid] == QUEUED || state[_pid + 2] == QUEUED) ->
            grant(to); check() }
        deliver(to)
    /* Its mailbox. */
    :: mail[_pid] ? REQUEST, r ->
        atomic {
            take_promised(_pid, was_there);
            has_slot[r] = true;
            has_conn[r] = was_there;
            check()
        }
        mail[HOME(r)] ! DELIVERY, r
    :: mail[_pid] ? DELIVERY, r -> delivered(_pid, r, to)
    :: mail[_pid] ? RECLAIM, _ ->
        atomic { n = reclaimed[_pid]; reclaimed[_pid] = 0 }
        do
        :: n > 0 ->
            atomic { take_promised(_pid, was_there); closing++; check() }
            free_slot(to);
            n--
        :: else -> break
        od
    /* An idle connection is closed by its application. */
    :: atomic { kept[_pid] > 0 && deaths > 0 ->
            deaths--;
            kept[_pid]--;
            if
            :: idle[_pid] > 0 -> idle[_pid]--; closing++; n = 1
            :: else ->
                if
                :: FORGETS_DEAD
                :: else -> reserved_dead[_pid]++
                fi;
                n = 0
            fi;
            check()
        }
        if
        :: n == 1 -> free_slot(to); n = 0
        :: else
        fi
    /* A connection waits: an idle one of either worker is closed for it. */
    :: atomic { checks > 0 && idle[0] + idle[1] > 0 ->
            checks--;
            if
            :: idle[0] > 0 -> n = 0
            :: idle[1] > 0 -> n = 1
            fi;
            idle[n]--;
            reclaimed[n]++;
            to = reclaimed[n]
        }
        if
        :: to == 1 && !TELLS_NOBODY -> mail[n] ! RECLAIM, 0
        :: else
        fi;
        n = 0;
        to = 0
    od
}

/* Nothing can happen any more. */
active proctype outcome() {
    byte i;

end:
    timeout ->
    atomic {
        i = 0;
        do
        :: i < REQUESTS -> assert(state[i] == DONE); i++
        :: else -> break
        od;
        assert(empty(queue) && empty(mail[0]) && empty(mail[1]));
        assert(closing == 0 && reserved_dead[0] + reserved_dead[1] == 0);
        assert(reclaimed[0] + reclaimed[1] == 0);
        assert(idle[0] == kept[0] && idle[1] == kept[1]);
        assert(open == kept[0] + kept[1])
    }
}
