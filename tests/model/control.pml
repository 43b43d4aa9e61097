/* SPDX-License-Identifier: Apache-2.0 */
/*
 * [S-15] [S-17] [S-21] The control machine of toolstack/control/machine.hpp, without its numbers: REQUESTS
 * requests come at any moment, among them the instant at which the time of rest is over, the start, and the
 * stop. Events reach the machine through one queue, as they do in xvmd; the alarm may be in it already when
 * it is armed anew. One service lives at a time, may die at any moment (DIES times), and answers what it is given.
 *
 * Asserted: one service at a time; no stop with a request under way or with a client attached; each request ends
 * once; in order. A request that never ends is a state in which its requester waits for ever: spin calls it
 * an invalid end state.
 *
 * Variants, by -D:  DIES=1            the service may be killed, once, at any moment
 *                   CLIENT            a client attaches and goes
 *                   OLD_ALARMS        an alarm that was on its way counts
 *                   START_ANYWAY      a request that finds it starting starts it again
 *                   FORGETS           requests that came while it stopped are not looked at when it is gone
 *                   DELIVERS_LATE     an answer counts though its request was refused
 *                   IGNORES_CLIENTS   the time of rest runs with a client attached
 */
#ifndef REQUESTS
#define REQUESTS 3
#endif
#ifndef DIES
#define DIES 0
#endif

mtype = { off, starting, running, stopping };
mtype = { request, ready, answer, gone, alarm, attach, detach };

chan events = [12] of { mtype, byte };		/* to the machine; with a number */
chan given = [REQUESTS] of { byte };		/* to the service */
chan waiting = [REQUESTS] of { byte };
mtype state = off;
byte services = 0;
byte life = 0;			/* of which service; answers of a dead one reach nobody */
bool told_to_stop = false;
byte deaths = 0;
byte under_way = 0;		/* one at a time: the window is 1 */
bool has_one = false;
byte ends[REQUESTS + 1];
byte last_forwarded = 0;
byte clients = 0;
byte armed = 0;			/* number of the alarm; 0: none */
byte alarms = 0;
bool all_came = false;

inline arm()
{
	alarms = (alarms % 250) + 1;
	armed = alarms
}

inline start()
{
	state = starting;
	assert(services == 0);
	services++;
	told_to_stop = false;
	arm();
	run service()
}

inline finish(id)
{
	ends[id]++;
	assert(ends[id] == 1)
}

inline rest()
{
	if
#ifndef IGNORES_CLIENTS
	:: clients > 0 -> armed = 0
#endif
	:: else -> arm()
	fi
}

inline forward()
{
	if
	:: !has_one && nempty(waiting) ->
		waiting?under_way;
		has_one = true;
		assert(under_way > last_forwarded);
		last_forwarded = under_way;
		armed = 0;	/* a service of this model answers or dies */
		given!under_way
	:: else
	fi
}

proctype service()
{
	byte id;
	events!ready, 0;
end:
	do
	:: given?id -> events!answer, id
	:: told_to_stop -> break
	:: deaths < DIES -> deaths++; break
	od;
	/* What it was given dies with it. */
	do
	:: given?id
	:: empty(given) -> break
	od;
	services--;
	events!gone, 0
}

/* Any alarm that is armed goes off sometime, or is put off: which of the two is a race. */
proctype clock()
{
	byte number;
end:
	do
	:: atomic { armed != 0 && armed != number && len(events) < 4 -> number = armed; events!alarm, number }
	od
}

proctype users()
{
	byte id = 1;
	do
	:: id <= REQUESTS -> events!request, id; id++
	:: else -> break
	od;
	all_came = true
}

proctype client()
{
	events!attach, 0;
	events!detach, 0
}

proctype machine()
{
	byte number;
end:
	do
	:: atomic { events?request, number ->
		waiting!number;
		if
		:: state == off -> start()
#ifdef START_ANYWAY
		:: state == starting -> start()
#endif
		:: state == running -> forward()
		:: else
		fi }
	:: atomic { events?attach, _ ->
		clients++;
		if
		:: state == off -> start()
		:: state == running && !has_one ->
#ifndef IGNORES_CLIENTS
			armed = 0
#else
			skip
#endif
		:: else
		fi }
	:: atomic { events?detach, _ ->
		clients--;
		if
		:: state == running && !has_one -> rest()
		:: else
		fi }
	:: atomic { events?ready, _ ->
		if
		:: state == starting ->
			state = running;
			forward();
			if
			:: !has_one -> rest()
			:: else
			fi
		:: else
		fi }
	:: atomic { events?answer, number ->
		if
#ifndef DELIVERS_LATE
		:: has_one && number == under_way ->
#else
		:: true ->
#endif
			has_one = false;
			finish(number);
			if
			:: state == running ->
				forward();
				if
				:: !has_one -> rest()
				:: else
				fi
			:: else
			fi
		:: else
		fi }
	:: atomic { events?gone, _ ->
		if
		:: state == starting ->	/* told to all that wait */
			do
			:: waiting?number -> finish(number)
			:: empty(waiting) -> break
			od
		:: else
		fi;
		if
		:: has_one -> has_one = false; finish(under_way)
		:: else
		fi;
		state = off;
		armed = 0;
#ifndef FORGETS
		if
		:: nempty(waiting) -> start()
		:: else
		fi
#endif
		}
	:: atomic { events?alarm, number ->
		if
#ifndef OLD_ALARMS
		:: number == armed && state == running ->
#else
		:: state == running ->
#endif
			assert(!has_one);
			assert(clients == 0);
			armed = 0;
			state = stopping;
			told_to_stop = true
		:: else
		fi }
	od
}

/* Everybody is answered, and what nobody uses is off. */
proctype judge()
{
	byte id = 1;
	all_came;
	do
	:: id <= REQUESTS -> ends[id] == 1; id++
	:: else -> break
	od;
#ifndef CLIENT
	state == off && services == 0
#endif
}

init {
	atomic {
		run clock();
		run machine();
		run users();
#ifdef CLIENT
		run client();
#endif
		run judge()
	}
}
