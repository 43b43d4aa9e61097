/* SPDX-License-Identifier: Apache-2.0 */
/*
 * [R-7] [R-8] The wake protocol of libvmshare/ring/wake.hpp on x86: every store goes into its processor's store
 * buffer first and reaches memory later, in order (TSO).
 *
 * One producer publishes N slots, one consumer takes them, sleeping whenever it sees the queue empty.
 * A lost wake-up is a state in which the consumer waits for an event, slots are queued and nobody can
 * take a step: spin calls it an invalid end state.
 *
 * No read needs forwarding from the reader's own buffer: the producer never reads prod, and
 * writes the flag by a locked instruction only; the consumer never reads the flag.
 *
 * Variants, by -D:  NO_F1 NO_F2 NO_RECHECK          what is left out
 *                   CLAIM                           SLEEPING -> WAKING before a send
 *                   ONE_SEND_PER_SLEEP              asserts sends <= arms
 *                   LOSES_EDGES                     a send to a masked channel leaves no pending bit
 *                   UNMASK_LATE                     unmasked after the re-check instead of before
 *                   FLAG_FIRST                      the producer reads the flag before it publishes
 */
#ifndef N
#define N 5
#endif
#define SLEEPING 0
#define RUNNING 1
#define WAKING 2

#define PROD 0
#define FLAG 1

byte prod = 0;
byte flag = SLEEPING;
chan producer_buffer = [2] of { byte, byte };
chan consumer_buffer = [2] of { byte, byte };

bool pending = false;	/* the event channel */
bool masked = false;
byte sends = 0;
byte arms = 1;		/* a ring at rest is armed */

proctype drain(chan buffer)
{
	byte where, value;
end:
	do
	:: atomic {
		buffer?where, value ->
		if
		:: where == PROD -> prod = value
		:: where == FLAG -> flag = value
		fi
	}
	od
}

inline send()
{
	atomic {
		sends++;
#ifdef ONE_SEND_PER_SLEEP
		assert(sends <= arms);
#endif
#ifdef LOSES_EDGES
		if
		:: masked -> skip
		:: else -> pending = true
		fi
#else
		pending = true
#endif
	}
}

proctype producer()
{
	byte p = 0;
	byte seen;
	bool claimed;

	do
	:: p < N ->
#ifdef FLAG_FIRST
		seen = flag;
#endif
		p++;
		if	/* a batch of one or two */
		:: p < N -> p++
		:: skip
		fi;
		producer_buffer!PROD, p;
#ifndef NO_F1
		empty(producer_buffer);
#endif
#ifndef FLAG_FIRST
		seen = flag;
#endif
		if
		:: seen != SLEEPING -> skip
		:: else ->
#ifdef CLAIM
			atomic {	/* a locked instruction drains its processor's buffer */
				empty(producer_buffer) ->
				claimed = (flag == SLEEPING);
				if
				:: claimed -> flag = WAKING
				:: else -> skip
				fi
			}
			if
			:: claimed -> send()
			:: else -> skip
			fi
#else
			send()
#endif
		fi
	:: else -> break
	od
}

proctype consumer()
{
	byte c = 0;
	byte seen;

sleep:
	if
	:: c < N -> atomic { pending && !masked -> pending = false; masked = true }
	:: else ->
end:		atomic { pending && !masked -> pending = false; masked = true }
	fi;
	consumer_buffer!FLAG, RUNNING;
take:
	seen = prod;
	if
	:: seen != c ->
		assert(seen > c);
		c++;
		goto take
	:: else -> skip
	fi;
#ifndef UNMASK_LATE
	masked = false;
#endif
	arms++;
	consumer_buffer!FLAG, SLEEPING;
#ifndef NO_F2
	empty(consumer_buffer);
#endif
#ifndef NO_RECHECK
	if
	:: prod != c ->
		consumer_buffer!FLAG, RUNNING;
		goto take
	:: else -> skip
	fi;
#endif
#ifdef UNMASK_LATE
	masked = false;
#endif
	goto sleep
}

init {
	atomic {
		run drain(producer_buffer);
		run drain(consumer_buffer);
		run producer();
		run consumer()
	}
}
