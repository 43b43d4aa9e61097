/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole ring on x86 store buffers: a client with N requests, a server that answers each, two queues
 * of two slots. Both ends sleep by the wake protocol; the client also sleeps when the ring is full.
 *
 * What it adds to wake.pml: the capacity rule. Requests without an answer plus answers not given back
 * never exceed the slots, so the server never lacks room (asserted), and no index is ever impossible.
 *
 * Variants, by -D:  CLAIM            SLEEPING -> WAKING before a send
 *                   NO_CLIENT_F2 NO_SERVER_F1 ...  a fence left out at one end of one queue
 *                   LATE_RELEASE     the server shows answers before it gives back request slots
 *                   EAGER_CLIENT     the client counts an answer as room before giving its slot back
 */
#ifndef N
#define N 3
#endif
#define SLOTS 2
#define SLEEPING 0
#define RUNNING 1
#define WAKING 2

#define REQ_PROD 0
#define REQ_CONS 1
#define REQ_FLAG 2
#define RSP_PROD 3
#define RSP_CONS 4
#define RSP_FLAG 5

#ifdef EAGER_CLIENT
#define IN_FLIGHT (submitted - answered)
#else
#define IN_FLIGHT (submitted - released)
#endif

byte memory[6];
chan client_buffer = [3] of { byte, byte };
chan server_buffer = [3] of { byte, byte };
bool event[6];	/* by the flag it belongs to */

proctype drain(chan buffer)
{
	byte where, value;
end:
	do
	:: atomic { buffer?where, value -> memory[where] = value }
	od
}

/* What follows the publication of an index: the flag, the claim, the send. */
inline wake(buffer, which)
{
	if
	:: memory[which] == RUNNING || memory[which] == WAKING -> skip
	:: else ->
#ifdef CLAIM
		atomic {
			empty(buffer) ->
			if
			:: memory[which] == SLEEPING -> memory[which] = WAKING; event[which] = true
			:: else -> skip
			fi
		}
#else
		event[which] = true
#endif
	fi
}

proctype client()
{
	byte submitted = 0, answered = 0, released = 0;
	byte req_cons, seen;

submit:
	do
	:: submitted < N && IN_FLIGHT < SLOTS ->
		req_cons = memory[REQ_CONS];
		assert(req_cons <= submitted);
		if
		:: submitted - req_cons == SLOTS -> break
		:: else -> skip
		fi;
		submitted++;
		client_buffer!REQ_PROD, submitted;
#ifndef NO_CLIENT_F1
		empty(client_buffer);
#endif
		wake(client_buffer, REQ_FLAG)
	:: else -> break
	od;
take:
	seen = memory[RSP_PROD];
	if
	:: seen != answered ->
		assert(seen <= submitted);
		answered++;
		goto take
	:: else -> skip
	fi;
#ifdef EAGER_CLIENT
	if
	:: submitted < N && IN_FLIGHT < SLOTS -> goto submit
	:: else -> skip
	fi;
#endif
	if
	:: answered != released -> released = answered; client_buffer!RSP_CONS, released; goto submit
	:: else -> skip
	fi;
	client_buffer!RSP_FLAG, SLEEPING;
#ifndef NO_CLIENT_F2
	empty(client_buffer);
#endif
	if
	:: memory[RSP_PROD] != answered -> client_buffer!RSP_FLAG, RUNNING; goto take
	:: else -> skip
	fi;
	if
	:: answered < N -> atomic { event[RSP_FLAG] -> event[RSP_FLAG] = false }
	:: else ->
end:		atomic { event[RSP_FLAG] -> event[RSP_FLAG] = false }
	fi;
	client_buffer!RSP_FLAG, RUNNING;
	goto take
}

proctype server()
{
	byte taken = 0, answers = 0, rsp_cons, seen;

end:
	atomic { event[REQ_FLAG] -> event[REQ_FLAG] = false };
	server_buffer!REQ_FLAG, RUNNING;
take:
	seen = memory[REQ_PROD];
	do
	:: seen != taken ->
		rsp_cons = memory[RSP_CONS];
		assert(rsp_cons <= answers);
		assert(taken - rsp_cons < SLOTS);	/* room for its answer was kept */
		taken++
	:: seen != taken && answers != taken -> break	/* answer what was taken so far */
	:: else -> break
	od;
	if
	:: answers != taken ->
#ifndef LATE_RELEASE
		server_buffer!REQ_CONS, taken;
#endif
		answers = taken;
		server_buffer!RSP_PROD, answers;
#ifndef NO_SERVER_F1
		empty(server_buffer);
#endif
		wake(server_buffer, RSP_FLAG);
		goto take
	:: else -> skip
	fi;
#ifdef LATE_RELEASE
	server_buffer!REQ_CONS, taken;
#endif
	server_buffer!REQ_FLAG, SLEEPING;
#ifndef NO_SERVER_F2
	empty(server_buffer);
#endif
	if
	:: memory[REQ_PROD] != taken ->
		server_buffer!REQ_FLAG, RUNNING;
		goto take
	:: else -> skip
	fi;
	goto end
}

init {
	atomic {
		run drain(client_buffer);
		run drain(server_buffer);
		run client();
		run server()
	}
}
