// Waking: the receiver sleeps on the claim word until something is claimed, and then until its head
// is committed. Senders sleep until there is space. Nobody sleeps through what it waits for.
//
// The processors delay stores (x86: each has a queue of them, in order; loads do not wait for it).
// A step of its own lets the oldest one out at any time. What is left of the dead comes out, too.
// CAS and fetch_or are locked, so they wait until the own queue is empty, and so do the futex calls.
// The ring is drawn together to its positions, and the recovery scan to what ring.pml shows of it:
// the receiver steps over what the dead have claimed, and over nothing else.
//
//   SENDERS, EACH  how many senders, and how many messages each of them sends
//   CAPACITY       messages in the ring; with room for all of them, nobody waits for space
//   DEATHS         everybody may die before any step; then the sleeps that have a bound in the code
//                  have one here. Without, they have none: a lost wake is a sleep for ever
//   CLOSE          somebody may close the channel at any time
//   CLOSER_DIES    the closing process may die between the end bit and its wakes
//   CLOSING_BIT    the closing process says that it will close, and wakes, before it closes
//   TURNS          the turn bit of the claim word is set and cleared once, at any time
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
#if CAPACITY < ALL
#define WAITS_FOR_SPACE
#endif

// The words of the segment. A position counts messages, from 1, so that 0 is no position.
#define NONE 0
byte claim_position = 1;  // the claim word is this and the next three
bool end_bit = false;
bool closing_bit = false;
bool turn_bit = false;
byte release_position = 1;
bool stamped[ALL + 2];
byte announced = 0;         // epoch of the receiver's announcement that it sleeps on the claim word
byte receiver_wait = 0;     // position that the receiver waits for, claimed and unfinished
bool senders_wait = false;  // bit 0
byte wakes = 0;             // the other bits of senders_wait

// A store on its way: which word, and its value.
mtype = { Stamp, Release, Announce, ReceiverWait };
chan stores[PARTICIPANTS] = [2] of { mtype, byte };

// The kernel's.
bool sleeps_on_claim = false;   // the receiver
bool sleeps_on_commit = false;  // the receiver, too
bool sender_sleeps[SENDERS];
bool alive[PARTICIPANTS] = true;

// The knowledge of the reference.
byte owner[ALL + 2] = 255;  // of a claim
byte finished = 0;          // senders that have nothing more to do, or are dead
bool is_taken_for_ended = false;
byte head = 1;
byte epoch = 0;

#define OWN_STORES_ARE_OUT(me) (len(stores[me]) == 0)

// A look at the clock that finds nothing changes nothing, so it is no step: a bounded sleep ends
// early only where there is something to find. So all who wait for ever end in a state without a
// next step.
#ifdef DEATHS
#define MAY_DIE :: goto died
#define BOUNDED_SLEEP_IS_OVER(what) (what)
#ifdef MUTATE_NO_BOUNDED_SLEEP
#undef BOUNDED_SLEEP_IS_OVER
#define BOUNDED_SLEEP_IS_OVER(what) false
#endif
#else
#define MAY_DIE
#define BOUNDED_SLEEP_IS_OVER(what) false
#endif

active proctype Memory() {
  mtype word;
  byte value;
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
       :: word == Announce -> announced = value
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
#ifdef FULL_BARRIERS
#define BARRIER(me) if :: OWN_STORES_ARE_OUT(me) MAY_DIE fi
#else
#define BARRIER(me)                                                 \
  if :: OWN_STORES_ARE_OUT(me) MAY_DIE fi;                          \
  barrier = 0;                                                      \
  do                                                                \
  :: atomic { barrier < PARTICIPANTS && OWN_STORES_ARE_OUT(barrier) -> barrier++ } \
  :: atomic { barrier == PARTICIPANTS -> barrier = 0; break }       \
  MAY_DIE                                                           \
  od
#endif
#ifdef MUTATE_NO_SLEEPER_BARRIER
#define SLEEPER_BARRIER(me) skip
#else
#define SLEEPER_BARRIER(me) BARRIER(me)
#endif
#ifdef MUTATE_NO_BARRIER_BEHIND_THE_ANNOUNCEMENT
#define IDLE_BARRIER(me) skip
#else
#define IDLE_BARRIER(me) BARRIER(me)
#endif

#define HAS_SPACE (claim_position - release_position < CAPACITY)

#define WAKE_ALL_SENDERS  \
  sender_sleeps[0] = false; \
  sender_sleeps[SENDERS - 1] = false; \
  sender_sleeps[SENDERS / 2] = false

#if defined(MUTATE_NO_WAKE_WHEN_FULL)
#define WORTH_A_LOOK (HAS_SPACE || end_bit)
#else
#define WORTH_A_LOOK (HAS_SPACE || end_bit || (announced != 0 && sleeps_on_claim))
#endif

proctype Sender(byte me) {
  byte claim;  // NONE: it found the ring full
  byte sent;
  byte word;
  byte seen;
  byte barrier;
  bool must_wake;

claiming:
#ifdef MUTATE_LOOK_BEFORE_THE_CLAIM
  if
  :: seen = announced
  MAY_DIE
  fi;
#endif
  if
  :: atomic {
       sent < EACH && !end_bit && HAS_SPACE && OWN_STORES_ARE_OUT(me) ->
       assert(!is_taken_for_ended);
       claim = claim_position;
       claim_position++;
       owner[claim] = me
     }
#ifdef CLOSE
  :: atomic { sent < EACH && end_bit -> seen = 0; finished++; goto end_sender }  // an error
#endif
#ifdef WAITS_FOR_SPACE
#ifdef MUTATE_NO_WAKE_WHEN_FULL
  :: atomic { sent < EACH && !end_bit && !HAS_SPACE -> goto wait_for_space }
#else
  :: atomic { sent < EACH && !end_bit && !HAS_SPACE -> claim = NONE }
#endif
#endif
  :: atomic { sent == EACH -> finished++; goto end_sender }
  MAY_DIE
  fi;

#ifndef MUTATE_WAKE_AT_COMMIT
  // The claim's CAS was a full barrier. Where the ring is full, the sender that filled it may have
  // died before its wake, so this one wakes in its place.
#ifndef MUTATE_LOOK_BEFORE_THE_CLAIM
  if
  :: atomic { true -> seen = announced }
  MAY_DIE
  fi;
#endif
  // Only the sender that has changed the claim word may clear it: a receiver that is about to sleep
  // finds the word changed, and needs no wake.
#ifdef MUTATE_CLEAR_WHEN_FULL
#define MAY_CLEAR true
#else
#define MAY_CLEAR (claim != NONE)
#endif
#define CLEAR_ANNOUNCEMENT                                  \
       if                                                   \
       :: announced == seen && MAY_CLEAR -> announced = 0   \
       :: else                                              \
       fi
  if
  :: atomic { seen == 0 -> skip }
  :: atomic { seen != 0 -> skip };
#ifdef MUTATE_CLEAR_BEFORE_THE_WAKE
     if
     :: atomic { OWN_STORES_ARE_OUT(me) -> CLEAR_ANNOUNCEMENT }
     MAY_DIE
     fi;
#endif
     // FutexWakeOne.
     if
     :: atomic { OWN_STORES_ARE_OUT(me) -> sleeps_on_claim = false }
     MAY_DIE
     fi;
#ifndef MUTATE_CLEAR_BEFORE_THE_WAKE
     if
     :: atomic { OWN_STORES_ARE_OUT(me) -> CLEAR_ANNOUNCEMENT }
     MAY_DIE
     fi;
#endif
     seen = 0
  fi;
#ifdef WAITS_FOR_SPACE
  if
  :: atomic { claim == NONE -> goto wait_for_space }
  :: atomic { claim != NONE -> skip }
  fi;
#endif
#endif

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
     :: atomic { OWN_STORES_ARE_OUT(me) -> sleeps_on_commit = false; must_wake = false }
     MAY_DIE
     fi
  :: else
  fi;
#ifdef MUTATE_WAKE_AT_COMMIT
  if
  :: atomic { OWN_STORES_ARE_OUT(me) -> must_wake = (announced != 0) }
  MAY_DIE
  fi;
  if
  :: must_wake ->
     if
     :: atomic { sleeps_on_claim = false; announced = 0; must_wake = false }
     MAY_DIE
     fi
  :: else
  fi;
#endif
  atomic { claim = 0; sent++; goto claiming };

#ifdef WAITS_FOR_SPACE
wait_for_space:
  if
  :: atomic { OWN_STORES_ARE_OUT(me) -> senders_wait = true; word = wakes }
  MAY_DIE
  fi;
  SLEEPER_BARRIER(me);
  if
  :: atomic { HAS_SPACE || end_bit -> word = 0; goto claiming }
  :: atomic { !HAS_SPACE && !end_bit -> skip }
  MAY_DIE
  fi;
  // FutexWait.
  if
  :: atomic { senders_wait && wakes == word -> sender_sleeps[me] = true }
  :: atomic { !(senders_wait && wakes == word) -> word = 0; goto claiming }
  MAY_DIE
  fi;
  // Death in its sleep is death just before it, to all others.
  if
  :: atomic {
       !sender_sleeps[me] || BOUNDED_SLEEP_IS_OVER(WORTH_A_LOOK) ->
       sender_sleeps[me] = false; word = 0; goto claiming
     }
  fi;
#endif

#ifdef DEATHS
died:
  atomic { alive[me] = false; finished++ };
#endif
end_sender:
  atomic { claim = 0; sent = 0; word = 0; seen = 0; barrier = 0; must_wake = false }
}

#ifdef DEATHS
bool receiver_died = false;
#undef MAY_DIE
#define MAY_DIE :: atomic { !receiver_died -> receiver_died = true; goto successor }
#endif

#define IS_ORPHANED                                                          \
  (head < claim_position && !stamped[head] && owner[head] < SENDERS &&       \
   !alive[owner[head]] && OWN_STORES_ARE_OUT(owner[head]))

// Nothing that is committed lies at the head or behind it.
#if SENDERS * EACH > 3
#error "ALL_IS_DELIVERED looks at three messages"
#endif
#define ALL_IS_DELIVERED                                         \
  (!stamped[head] && (head >= ALL || !stamped[head + 1]) &&      \
   (head + 1 >= ALL || !stamped[head + 2]))

active proctype Receiver() {
  byte barrier;
  bool must_wake;
  bool turn;     // the claim word's bits as last seen
  bool closing;

#ifdef DEATHS
  goto receiving;
successor:
  // It comes after what the dead one had on its way.
  atomic {
    OWN_STORES_ARE_OUT(RECEIVER) ->
    barrier = 0; must_wake = false; turn = false; closing = false;
    head = release_position
  };
  if
  :: stores[RECEIVER]!ReceiverWait,0
  MAY_DIE
  fi;
  if
  :: stores[RECEIVER]!Announce,0
  MAY_DIE
  fi;
#endif

receiving:
  if
  :: atomic { stamped[head] -> head++ }  // takes it
  :: atomic { !stamped[head] -> goto look_at_claim }
  MAY_DIE
  fi;

release:
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
#ifdef WAITS_FOR_SPACE
#if !defined(MUTATE_NO_WAKER_BARRIER) || defined(FULL_BARRIERS)
  if
  :: must_wake = senders_wait
  MAY_DIE
  fi;
#endif
  if
  :: must_wake ->
     if
     :: atomic {
          OWN_STORES_ARE_OUT(RECEIVER) ->
          if
          :: senders_wait -> senders_wait = false; wakes++
          :: else  // who closes was first
          fi
        }
     MAY_DIE
     fi;
     // FutexWakeAll.
     if
     :: atomic { must_wake = false; WAKE_ALL_SENDERS; goto receiving }
     MAY_DIE
     fi
  :: else
  fi;
#endif
  goto receiving;

look_at_claim:
  if
#ifdef CLOSE
  :: atomic {
       head == claim_position && end_bit ->
       assert(ALL_IS_DELIVERED);
       is_taken_for_ended = true;
       goto end_receiver
     }
#endif
  :: atomic { head == claim_position && !end_bit -> turn = turn_bit; closing = closing_bit; goto idle }
  // The scan: either its owner is dead, or it is waited for.
#ifdef DEATHS
  :: atomic { IS_ORPHANED -> head++; goto release }
#endif
  :: atomic { head < claim_position && !IS_ORPHANED -> goto unfinished }
  MAY_DIE
  fi;

idle:
#ifndef MUTATE_EPOCH_REPEATS
#define NEXT_EPOCH epoch++
#else
#define NEXT_EPOCH epoch = 1
#endif
  if
  :: atomic { nfull(stores[RECEIVER]) -> NEXT_EPOCH; stores[RECEIVER]!Announce,epoch }
  MAY_DIE
  fi;
  IDLE_BARRIER(RECEIVER);
#ifndef MUTATE_NO_SECOND_LOOK_AT_THE_CLAIM
  if
  :: atomic { claim_position == head && !end_bit -> turn = turn_bit; closing = closing_bit }
  :: atomic { !(claim_position == head && !end_bit) -> goto withdraw }
  MAY_DIE
  fi;
#endif
  // FutexWait, until the caller's deadline.
#ifdef MUTATE_CLOSE_BESIDE_THE_WORD
#define WORD_IS_AS_SEEN (claim_position == head && turn_bit == turn)
#else
#define WORD_IS_AS_SEEN \
  (claim_position == head && !end_bit && turn_bit == turn && closing_bit == closing)
#endif
  if
  :: atomic { OWN_STORES_ARE_OUT(RECEIVER) && WORD_IS_AS_SEEN -> sleeps_on_claim = true }
  :: atomic { OWN_STORES_ARE_OUT(RECEIVER) && !WORD_IS_AS_SEEN -> goto withdraw }
  MAY_DIE
  fi;
  // Death in its sleep is death just before it, to all others.
  if
  :: atomic { !sleeps_on_claim -> skip }
#ifdef CLOSING_BIT
  // Bounded while somebody is closing.
  :: atomic { closing && (end_bit || claim_position != head) -> sleeps_on_claim = false }
#endif
  // Nobody has a next step.
  :: atomic {
       timeout ->
       assert(ALL_IS_DELIVERED);
       assert(!end_bit);
       goto end_receiver
     }
  fi;
withdraw:
  if
  :: atomic { nfull(stores[RECEIVER]) -> turn = false; closing = false; stores[RECEIVER]!Announce,0; goto receiving }
  MAY_DIE
  fi;

unfinished:
  if
  :: stores[RECEIVER]!ReceiverWait,head
  MAY_DIE
  fi;
  SLEEPER_BARRIER(RECEIVER);
  if
  :: atomic { stamped[head] -> goto withdraw_wait }
  :: atomic { !stamped[head] -> skip }
  MAY_DIE
  fi;
  // FutexWait.
  if
  :: atomic { OWN_STORES_ARE_OUT(RECEIVER) && receiver_wait == head -> sleeps_on_commit = true }
  :: atomic { OWN_STORES_ARE_OUT(RECEIVER) && receiver_wait != head -> goto withdraw_wait }
  MAY_DIE
  fi;
  if
  :: atomic {
       !sleeps_on_commit || BOUNDED_SLEEP_IS_OVER(stamped[head] || IS_ORPHANED) ->
       sleeps_on_commit = false
     }
  fi;
withdraw_wait:
  if
  :: atomic { stores[RECEIVER]!ReceiverWait,0; goto receiving }
  MAY_DIE
  fi;

end_receiver:
  true
}

#ifdef CLOSE
active proctype Closer() {
  bool must_wake;

  if
  :: goto end_closer  // or never
  :: skip
  fi;
#ifdef CLOSING_BIT
  closing_bit = true;
  if
  :: sleeps_on_claim = false
#ifdef CLOSER_DIES
  :: goto end_closer
#endif
  fi;
#endif
  end_bit = true;
#ifndef MUTATE_CLOSE_WITHOUT_WAKE
  if
  :: sleeps_on_claim = false
#ifdef CLOSER_DIES
  :: goto end_closer
#endif
  fi;
#endif
#ifdef WAITS_FOR_SPACE
  must_wake = senders_wait;
  if
  :: must_wake ->
     atomic {
       if
       :: senders_wait -> senders_wait = false; wakes++
       :: else  // the receiver was first
       fi
     };
     atomic { WAKE_ALL_SENDERS }
  :: else
  fi;
#endif
end_closer:
  must_wake = false
}
#endif

#ifdef TURNS
active proctype Turns() {
  turn_bit = true;
  turn_bit = false
}
#endif

init {
  byte i;
  atomic {
    do
    :: i < SENDERS -> run Sender(i); i++
    :: else -> break
    od
  }
}

// Every sender has sent, failed or died.
ltl all_get_on { <>[] (finished == SENDERS) }
