/* SPDX-License-Identifier: Apache-2.0
 *
 * The learned limit, for Spin: clients that ask for ever, or for a while, and an
 * application of PROCESSES, each of which holds the connection that it has
 * accepted until that is closed. Whoever waits, in our queue or in the application's backlog, is
 * served in the end: nobody starves, and nothing comes to a standstill.
 *
 * Time is what may pass: that 20 ms are over, or a pause, or 250 ms, is an event
 * that comes some time. A number of requests that is waited for is counted down.
 * TELLS: whether connections tell that they are accepted (a Unix socket).
 */
/* of: src/backend/limit.c fcgi_limit_may_open enough fcgi_limit_begin
 *     served fcgi_limit_proven fcgi_limit_gone fcgi_limit_is_stuck
 *     fcgi_limit_wants_idle fcgi_limit_is_one_too_many fcgi_limit_failed
 *     fcgi_limit_finish fcgi_limit_look fcgi_limit_is_overdue
 *     fcgi_limit_order fcgi_limit_take_order
 *     fcgi_limit_passed fcgi_limit_passed_gone
 * of: src/backend/server.c is_stuck set_standing one_too_many_waits
 *     fcgi_server_conn_begin fcgi_server_conn_accepted
 *     fcgi_server_conn_answered may_open
 * sum: 8c4571c97bad */
#ifndef PROCESSES
#define PROCESSES 1
#endif
#ifndef TELLS
#define TELLS 1
#endif
#ifndef MISTAKE
#define MISTAKE 0
#endif
#define KEEPS_ALL (MISTAKE == 1)   /* a finished one is kept, whoever waits */
#define KEEPS_IDLE (MISTAKE == 2)  /* no idle one is closed for one that waits */
#define LOSES_SLOTS (MISTAKE == 3) /* the slot of a closed one is not freed */

#ifndef CLIENTS
#define CLIENTS 3
#endif
#define CONNS 3
#define WINDOW_MOST 2
#define IN_VAIN_MOST 1
#define MOST_SINCE (ENOUGH(CONNS) << IN_VAIN_MOST)
#define NOBODY 7

mtype = { CLOSED, FRESH, PASSED, PROVEN };

/* struct fcgi_limit */
byte learned = 1, window = 1, proven, closed, in_vain;
byte since_close; /* requests that were finished since then, to MOST_SINCE */
bool ordered; /* any number of them */
bool paused, moves; /* until `again`; something finished since the last look */

/* connections */
mtype standing[CONNS] = CLOSED;
bool accepted[CONNS], idle[CONNS], old[CONNS];
byte need[CONNS];             /* requests until the others did enough */
byte others[CONNS];           /* that were served side by side then */
byte owner[CONNS] = NOBODY;      /* whose request is on it */
chan fresh = [CONNS] of { byte };   /* by their age */
chan passed = [CONNS] of { byte };
chan backlog = [CONNS] of { byte };
byte used;                    /* processes */
byte open;

chan queue = [CLIENTS] of { byte };
bool waits[CLIENTS];          /* for its answer */

#define MAY_OPEN \
    (open < CONNS && \
     (open < learned || (!paused && open - learned < window)))
#define ENOUGH(conns) (2 * (conns) + 2)
#define N_IDLE (idle[0] + idle[1] + idle[2])
#define N_OPEN \
    ((standing[0] != CLOSED) + (standing[1] != CLOSED) + (standing[2] != CLOSED))
#define IS_STUCK(c, late) \
    (old[c] && ((TELLS && !(late)) || \
        need[c] <= 2 * (others[c] > open -> others[c] - open : 0)))
#define SERVED (proven + closed < open -> proven + closed : open)

/* fcgi_limit_proven() and gone(), of set_standing(). */
inline now_proven() {
    proven++;
    if
    :: closed > 0 -> closed--; in_vain = 0
    :: else -> old[0] = false; old[1] = false; old[2] = false
    fi;
    if
    :: proven > learned ->
        learned = proven;
        if
        :: window < WINDOW_MOST -> window++
        :: else
        fi;
        paused = false
    :: else
    fi
}

inline set_standing(c, is) {
    if
    :: standing[c] == FRESH -> fresh ?? eval(c)
    :: standing[c] == PASSED ->
        passed ?? eval(c);
        ordered = ordered && len(passed) > 0
    :: else
    fi;
    if
    :: is != CLOSED && is != FRESH &&
        (standing[c] == CLOSED || standing[c] == FRESH) -> now_proven()
    :: (is == CLOSED || is == FRESH) &&
        (standing[c] == PASSED || standing[c] == PROVEN) -> proven--
    :: else
    fi;
    standing[c] = is;
    if
    :: is == FRESH -> fresh ! c
    :: is == PASSED -> passed ! c
    :: else
    fi
}

inline failed(stuck) {
    if
    :: stuck -> learned = (SERVED > 1 -> SERVED : 1)
    :: else
    fi;
    if
    :: !paused && open > learned -> window = 1; paused = true
    :: else
    fi
}

/* A connection is made for a client. */
inline begin(client) {
    c = 0;
    do
    :: c < CONNS && standing[c] != CLOSED -> c++
    :: else -> break
    od;
    assert(c < CONNS);
    open++;
    need[c] = (proven > N_IDLE -> proven - N_IDLE : 0) +
        ENOUGH(SERVED);
    others[c] = SERVED;
    old[c] = false;
    owner[c] = client;
    set_standing(c, FRESH);
    backlog ! c;
    c = 0
}

/* grant(), of fcgi_server_free_slot() and on_look(). */
inline grant() {
    do
    :: len(queue) > 0 && MAY_OPEN -> queue ? to; begin(to)
    :: else -> break
    od;
    to = 0
}

/* The connection is closed: the application sees that at once. */
inline drop(i) {
    set_standing(i, CLOSED);
    idle[i] = false;
    owner[i] = NOBODY;
    old[i] = false;
    need[i] = 0;
    others[i] = 0;
    if
    :: accepted[i] -> accepted[i] = false; used--
    :: else -> backlog ?? eval(i)
    fi;
    if
    :: LOSES_SLOTS
    :: else -> open--
    fi;
    assert(open == N_OPEN); /* no slot is lost */
    grant()
}

/* fcgi_limit_finish(): whether the connection is to be closed. */
inline finish(stuck, close) {
    moves = true;
    to = 0;
    do
    :: to < CONNS ->
        if
        :: need[to] > 0 -> need[to]--
        :: else
        fi;
        to++
    :: else -> break
    od;
    to = 0;
    if
    :: since_close < MOST_SINCE -> since_close++
    :: else
    fi;
    close = false;
    if
    :: !stuck && open == proven -> closed = 0; in_vain = 0
    :: !stuck && open != proven
    :: stuck && closed >= open - proven &&
        since_close < ENOUGH(SERVED) << in_vain
    :: stuck && (closed < open - proven ||
        since_close >= ENOUGH(SERVED) << in_vain) ->
        if
        :: closed >= open - proven ->
            closed = 0;
            if
            :: in_vain < IN_VAIN_MOST -> in_vain++
            :: else
            fi
        :: else
        fi;
        failed(true);
        closed++;
        since_close = 0;
        close = !KEEPS_ALL
    fi;
    /* fcgi_limit_take_order() */
    if
    :: ordered && !close ->
        ordered = false;
        close = !KEEPS_ALL;
        if
        :: closed < learned -> closed++
        :: else
        fi
    :: else
    fi
}

inline look_for_stuck(stuck) {
    stuck = false;
    if
    :: len(fresh) > 0 ->
        fresh ? <to>;
        stuck = IS_STUCK(to, false)
    :: else
    fi;
    if
    :: len(passed) > 0 && !stuck ->
        passed ? <to>;
        stuck = IS_STUCK(to, true)
    :: else
    fi;
    to = 0
}

/* The application answers on its connections; what becomes of each then. */
active [CONNS] proctype connection() {
    byte to, c;
    bool stuck, close;

end:
    do
    :: atomic { owner[_pid] != NOBODY && accepted[_pid] ->
            waits[owner[_pid]] = false;
            owner[_pid] = NOBODY;
            /* fcgi_server_conn_answered() */
            do
            :: standing[_pid] == FRESH ->
                fresh ? <to>;
                if
                :: to != _pid -> set_standing(to, PASSED)
                :: else -> break
                fi
            :: else -> break
            od;
            to = 0;
            if
            :: standing[_pid] != PROVEN -> set_standing(_pid, PROVEN)
            :: else
            fi;
            grant();
            /* fcgi_server_give() */
            look_for_stuck(stuck);
            finish(stuck, close);
            if
            :: close -> drop(_pid)
            :: !close && len(queue) > 0 -> queue ? to; owner[_pid] = to; to = 0
            :: !close && len(queue) == 0 ->
                if
                :: len(fresh) > 0 -> fresh ? <to>
                :: else -> to = NOBODY
                fi;
                if
                :: to != NOBODY && open > learned && old[to] && !KEEPS_ALL ->
                    to = 0;
                    failed(false);
                    drop(_pid)
                :: else -> to = 0; idle[_pid] = true
                fi
            fi;
            stuck = false;
            close = false
        }
    od
}

/* on_wait_timer(): an idle connection is closed for one that waits; or the next
 * that is finished, for one that was passed. */
active [CONNS] proctype timer() {
    byte to, c, me;
    bool stuck;

end:
    do
    :: atomic { N_IDLE == 0 && !ordered && old[_pid - CONNS] &&
            standing[_pid - CONNS] == PASSED -> ordered = true }
    :: atomic { !KEEPS_IDLE && N_IDLE > 0 && old[_pid - CONNS] &&
            owner[_pid - CONNS] != NOBODY &&
            (standing[_pid - CONNS] == FRESH ||
             standing[_pid - CONNS] == PASSED) ->
            me = _pid - CONNS;
            stuck = IS_STUCK(me, standing[me] == PASSED);
            failed(stuck);
            if
            :: idle[0] -> drop(0)
            :: idle[1] -> drop(1)
            :: idle[2] -> drop(2)
            fi;
            me = 0;
            stuck = false
        }
    od
}

active proctype application() {
    byte to, c, i;

end:
    do
    :: atomic { len(backlog) > 0 && used < PROCESSES ->
            backlog ? i;
            accepted[i] = true;
            used++;
            if
            :: TELLS ->
                set_standing(i, PROVEN);
                grant()
            :: else
            fi;
            i = 0
        }
    od
}

active proctype look() {
    byte to, c;

end:
    do
    :: atomic { len(queue) > 0 ->
            if
            :: !TELLS && !moves && open >= learned + window &&
                window < WINDOW_MOST -> window++
            :: else
            fi;
            moves = false;
            grant()
        }
    od
}

/* Time passes. */
active proctype clock() {
end:
    do
    :: atomic { (standing[0] == FRESH || standing[0] == PASSED) && !old[0] ||
            (standing[1] == FRESH || standing[1] == PASSED) && !old[1] ||
            (standing[2] == FRESH || standing[2] == PASSED) && !old[2] ->
            old[0] = standing[0] == FRESH || standing[0] == PASSED;
            old[1] = standing[1] == FRESH || standing[1] == PASSED;
            old[2] = standing[2] == FRESH || standing[2] == PASSED
        }
    od
}

active proctype pause() {
end:
    do
    :: paused -> paused = false
    od
}

active [CLIENTS] proctype client() {
    byte c, me;

    me = _pid - 2 * CONNS - 4;
end:
    do
    :: atomic { !waits[me] ->
            waits[me] = true;
            if
            :: idle[0] -> idle[0] = false; owner[0] = me
            :: idle[1] -> idle[1] = false; owner[1] = me
            :: idle[2] -> idle[2] = false; owner[2] = me
            :: N_IDLE == 0 && len(queue) == 0 && MAY_OPEN -> begin(me)
            :: N_IDLE == 0 && (len(queue) > 0 || !MAY_OPEN) -> queue ! me
            fi
        }
    :: !waits[me] && me != 0 -> break /* it asks no more */
    od
}

ltl served { [] (waits[0] -> <> !waits[0]) }
