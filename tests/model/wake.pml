// Waking: the receiver sleeps until its head is committed, senders sleep until there is space, and
// nobody sleeps through what it waits for.
//
// The processors delay stores (x86: each has a queue of them, in order; loads do not wait for it).
// A step of its own lets the oldest one out at any time. What is left of the dead comes out, too.
// Claims are CAS and fetch_or is locked, so both wait until the own queue is empty, and so do the
// futex calls. The ring is drawn together to its positions, and the recovery scan to what ring.pml
// shows of it: the receiver steps over what the dead have claimed, and over nothing else.
//
//   SENDERS, EACH  how many senders, and how many messages each of them sends
//   CAPACITY       messages in the ring
//   DEATHS         everybody may die before any step; then sleeps are bounded. Without, they are
//                  not: whoever is not woken sleeps for ever
//   FULL_BARRIERS  wakers run a full barrier and sleepers no membarrier

#ifndef SENDERS
#define SENDERS 2
#endif
#ifndef EACH
#define EACH 1
#endif
#ifndef CAPACITY
#define CAPACITY 1
#endif
#define ALL (SENDERS * EACH)
#define RECEIVER SENDERS
#define PARTICIPANTS (SENDERS + 1)

// The words of the segment. A position counts messages, from 1, so that 0 is no position.
#define NONE 0
byte claim_position = 1;
byte release_position = 1;
bool stamped[ALL + 1];
byte receiver_wait = 0;     // position that the receiver waits for
bool senders_wait = false;  // bit 0
byte wakes = 0;             // the other bits of senders_wait

// A store on its way: which word, and its value.
mtype = { Stamp, Release, ReceiverWait };
chan stores[PARTICIPANTS] = [2] of { mtype, byte };

// The kernel's.
bool receiver_sleeps = false;
bool sender_sleeps[SENDERS];
bool alive[PARTICIPANTS] = true;

// What the reference knows.
byte owner[ALL + 1] = 255;  // of a claim
byte finished = 0;          // senders that have nothing more to do, or are dead
byte head = 1;

#define OWN_STORES_ARE_OUT(me) (len(stores[me]) == 0)

#ifdef DEATHS
#define MAY_DIE :: goto died
#define BOUNDED_SLEEP_IS_OVER true
#ifdef MUTATE_NO_BOUNDED_SLEEP
#undef BOUNDED_SLEEP_IS_OVER
#define BOUNDED_SLEEP_IS_OVER false
#endif
#else
#define MAY_DIE
#define BOUNDED_SLEEP_IS_OVER false
#endif

active proctype Memory() {
  mtype word;
  byte value;
  byte i;
end_memory:
  do
  :: atomic {
       if
       :: stores[0]?word,value
#if SENDERS > 1
       :: stores[1]?word,value
#endif
#if SENDERS > 2
       :: stores[2]?word,value
#endif
       :: stores[RECEIVER]?word,value
       fi;
       if
       :: word == Stamp -> stamped[value] = true
       :: word == Release -> release_position = value
       :: word == ReceiverWait -> receiver_wait = value
       fi;
       word = 0;
       value = 0
     }
  od
}

// The waker's barrier.
#ifdef FULL_BARRIERS
#ifdef MUTATE_NO_WAKER_BARRIER
#define WAKER_BARRIER(me) true
#else
#define WAKER_BARRIER(me) OWN_STORES_ARE_OUT(me)
#endif
#else
#define WAKER_BARRIER(me) true
#endif

// The sleeper's: its own store is out, then every other participant passes a full barrier once. The
// dead and those that do not run have passed one.
#ifdef MUTATE_NO_SLEEPER_BARRIER
#define SLEEPER_BARRIER(me) skip
#else
#ifdef FULL_BARRIERS
#define SLEEPER_BARRIER(me) if :: OWN_STORES_ARE_OUT(me) MAY_DIE fi
#else
#define SLEEPER_BARRIER(me)                                         \
  if :: OWN_STORES_ARE_OUT(me) MAY_DIE fi;                          \
  barrier = 0;                                                      \
  do                                                                \
  :: atomic { barrier < PARTICIPANTS && OWN_STORES_ARE_OUT(barrier) -> barrier++ } \
  :: atomic { barrier == PARTICIPANTS -> barrier = 0; break }       \
  MAY_DIE                                                           \
  od
#endif
#endif

#define HAS_SPACE (claim_position - release_position < CAPACITY)

proctype Sender(byte me) {
  byte claim;
  byte sent;
  byte word;
  byte barrier;
  bool must_wake;

claiming:
  if
  :: atomic {
       sent < EACH && HAS_SPACE && OWN_STORES_ARE_OUT(me) ->
       claim = claim_position;
       claim_position++;
       owner[claim] = me
     }
  :: atomic { sent < EACH && !HAS_SPACE -> goto wait_for_space }
  :: atomic { sent == EACH -> finished++; goto end_sender }
  MAY_DIE
  fi;

#if defined(MUTATE_NO_WAKER_BARRIER) && !defined(FULL_BARRIERS)
  // The compiler is free to look first.
  if
  :: must_wake = (receiver_wait == claim)
  MAY_DIE
  fi;
#endif
  if
  :: stores[me]!Stamp,claim
  MAY_DIE
  fi;
  if
  :: WAKER_BARRIER(me)
  MAY_DIE
  fi;
#if !defined(MUTATE_NO_WAKER_BARRIER) || defined(FULL_BARRIERS)
  if
  :: must_wake = (receiver_wait == claim)
  MAY_DIE
  fi;
#endif
  if
  :: must_wake ->
     if
     :: stores[me]!ReceiverWait,0
     MAY_DIE
     fi;
     // FutexWakeOne.
     if
     :: atomic { OWN_STORES_ARE_OUT(me) -> receiver_sleeps = false; must_wake = false }
     MAY_DIE
     fi
  :: else
  fi;
  atomic { claim = 0; sent++; goto claiming };

wait_for_space:
  if
  :: atomic { OWN_STORES_ARE_OUT(me) -> senders_wait = true; word = wakes }
  MAY_DIE
  fi;
  SLEEPER_BARRIER(me);
  if
  :: atomic { HAS_SPACE -> word = 0; goto claiming }
  :: atomic { !HAS_SPACE -> skip }
  MAY_DIE
  fi;
  // FutexWait.
  if
  :: atomic { senders_wait && wakes == word -> sender_sleeps[me] = true }
  :: atomic { !(senders_wait && wakes == word) -> word = 0; goto claiming }
  MAY_DIE
  fi;
  if
  :: atomic { !sender_sleeps[me] || BOUNDED_SLEEP_IS_OVER -> sender_sleeps[me] = false; word = 0; goto claiming }
  MAY_DIE
  fi;

#ifdef DEATHS
died:
  atomic { alive[me] = false; sender_sleeps[me] = false; finished++ };
#endif
end_sender:
  atomic { claim = 0; sent = 0; word = 0; barrier = 0; must_wake = false }
}

#ifdef DEATHS
bool receiver_died = false;
#undef MAY_DIE
#define MAY_DIE :: atomic { !receiver_died -> receiver_died = true; goto successor }
#endif

active proctype Receiver() {
  byte barrier;
  bool must_wake;
  byte seen;

#ifdef DEATHS
  goto receiving;
successor:
  // It comes after what the dead one had on its way.
  atomic {
    OWN_STORES_ARE_OUT(RECEIVER) ->
    receiver_sleeps = false; barrier = 0; must_wake = false; seen = 0;
    head = release_position
  };
  if
  :: stores[RECEIVER]!ReceiverWait,0
  MAY_DIE
  fi;
#endif

receiving:
  if
  :: atomic { head == ALL + 1 -> goto end_receiver }
  // Takes it; or steps over what its owner, being dead, has no store on its way for.
  :: atomic { head <= ALL && stamped[head] -> head++ }
#ifdef DEATHS
  :: atomic {
       head < claim_position && !stamped[head] && !alive[owner[head]] &&
       OWN_STORES_ARE_OUT(owner[head]) -> head++
     }
  // Nobody is left who could send.
  :: atomic { head == claim_position && finished == SENDERS -> goto end_receiver }
  :: atomic { head <= ALL && !stamped[head] &&
              !(head < claim_position && !alive[owner[head]] &&
                OWN_STORES_ARE_OUT(owner[head])) &&
              !(head == claim_position && finished == SENDERS) -> goto sleep }
#else
  :: atomic { head <= ALL && !stamped[head] -> goto sleep }
#endif
  MAY_DIE
  fi;

  // Releases.
#if defined(MUTATE_NO_WAKER_BARRIER) && !defined(FULL_BARRIERS)
  if
  :: must_wake = senders_wait
  MAY_DIE
  fi;
#endif
  if
  :: stores[RECEIVER]!Release,head
  MAY_DIE
  fi;
  if
  :: WAKER_BARRIER(RECEIVER)
  MAY_DIE
  fi;
#if !defined(MUTATE_NO_WAKER_BARRIER) || defined(FULL_BARRIERS)
  if
  :: must_wake = senders_wait
  MAY_DIE
  fi;
#endif
  if
  :: must_wake ->
     if
     :: atomic { OWN_STORES_ARE_OUT(RECEIVER) -> assert(senders_wait); senders_wait = false; wakes++ }
     MAY_DIE
     fi;
     // FutexWakeAll.
     if
     :: atomic {
          must_wake = false;
          sender_sleeps[0] = false;
#if SENDERS > 1
          sender_sleeps[1] = false;
#endif
#if SENDERS > 2
          sender_sleeps[2] = false;
#endif
          goto receiving
        }
     MAY_DIE
     fi
  :: else -> goto receiving
  fi;

sleep:
  if
  :: stores[RECEIVER]!ReceiverWait,head
  MAY_DIE
  fi;
  SLEEPER_BARRIER(RECEIVER);
  if
  :: atomic { stamped[head] -> goto withdraw }
  :: atomic { !stamped[head] -> skip }
  MAY_DIE
  fi;
  // FutexWait.
  if
  :: atomic { OWN_STORES_ARE_OUT(RECEIVER) && receiver_wait == head -> receiver_sleeps = true }
  :: atomic { OWN_STORES_ARE_OUT(RECEIVER) && receiver_wait != head -> goto withdraw }
  MAY_DIE
  fi;
  if
  :: atomic { !receiver_sleeps || BOUNDED_SLEEP_IS_OVER -> receiver_sleeps = false }
#ifdef DEATHS
  // Nothing will come any more.
  :: atomic { head == claim_position && finished == SENDERS -> goto end_receiver }
#endif
  MAY_DIE
  fi;
withdraw:
  if
  :: atomic { stores[RECEIVER]!ReceiverWait,0; goto receiving }
  MAY_DIE
  fi;

end_receiver:
  true
}

init {
  byte i;
  atomic {
    do
    :: i < SENDERS -> run Sender(i); i++
    :: else -> break
    od
  }
}

// Every sender has sent or is dead, and the receiver has got to the end.
ltl all_get_on { <>[] (finished == SENDERS && head == claim_position && release_position == head) }
