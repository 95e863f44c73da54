// The turn: how a sender that needs much space gets it beside senders that need little, and that
// nobody waits for ever for a turn whose holder is dead.
//
// The ring is drawn together to how much of it is in use: what is claimed is released some time, by
// the receiver or its successor. A CAS of the claim word fails here only where the turn bit has
// changed; ring.pml has the rest. Sender 0 needs BIG cells, every other one needs one.
//
//   SENDERS   how many
//   CAPACITY  cells in the ring
//   BIG       cells that sender 0 needs
//   EACH      how many claims each of them tries; 0: no end of them, for the search for a sender
//             that never gets its space. Then only sender 0 takes the turn
//   LATE      how often a turn runs out although its holder lives and still tries. A clock that did
//             so for ever could let two senders change the turn bit in turn, each between the other's
//             look and CAS, and neither would claim; each round of that takes 10 ms

#ifndef SENDERS
#define SENDERS 2
#endif
#ifndef CAPACITY
#define CAPACITY 3
#endif
#ifndef BIG
#define BIG 2
#endif
#ifndef EACH
#define EACH 2
#endif

#ifndef LATE
#if EACH == 0
#define LATE 0
#else
#define LATE 1
#endif
#endif

#define NOBODY 0

// The claim word.
byte in_use = 0;
bool turn_bit = true;  // perhaps left by the dead

// The turn's own word: slot + 1, what that sender needs, and whether the end has passed.
byte turn = NOBODY;
byte need = 0;
bool is_over = false;

// The knowledge of the reference.
bool is_trying[SENDERS];
byte finished = 0;  // senders that have made all their tries

#ifdef MUTATE_TURN_NEVER_RUNS_OUT
#define IS_OF_NOBODY (turn == NOBODY)
#else
#ifdef MUTATE_BIT_ALONE_HOLDS
#define IS_OF_NOBODY (turn != NOBODY && is_over)
#else
#define IS_OF_NOBODY (turn == NOBODY || is_over)
#endif
#endif

active proctype Clock() {
#if LATE > 0
  byte late;
#endif
end_clock:
  do
  :: atomic { turn != NOBODY && !is_over && !is_trying[turn - 1] -> is_over = true }
#if LATE > 0
  :: atomic { turn != NOBODY && !is_over && late < LATE -> late++; is_over = true }
#endif
  od
}

active proctype Receiver() {
end_receiver:
  do
  :: atomic { in_use > 0 -> in_use-- }
  od
}

proctype Sender(byte me) {
  byte size = (me == 0 -> BIG : 1);
  byte tries;
  byte beside;    // what another needs
  bool saw_turn;  // in the claim word

idle:
  if
  :: atomic { EACH == 0 || tries < EACH -> is_trying[me] = true }
#if EACH > 0
  :: atomic { tries == EACH -> finished++; goto end_sender }
#else
  :: goto idle  // nobody has to send
#endif
  fi;

look:
  if
  :: atomic { true -> saw_turn = turn_bit; beside = 0 }
  :: goto stop
  fi;
  if
  :: atomic { !saw_turn -> skip }
  :: atomic { saw_turn && turn == me + 1 -> skip }
  :: atomic { saw_turn && turn != me + 1 && IS_OF_NOBODY -> goto clear }
  :: atomic {
       saw_turn && turn != me + 1 && !IS_OF_NOBODY ->
#ifdef MUTATE_NO_ROOM_IS_KEPT
       skip
#else
       beside = (turn == NOBODY -> CAPACITY : need)
#endif
     }
  :: goto stop
  fi;

  // The CAS.
  if
  :: atomic {
       turn_bit == saw_turn && in_use + size + beside <= CAPACITY ->
       in_use = in_use + size;
       if
       :: saw_turn && turn == me + 1 -> turn_bit = false
       :: else
       fi;
       goto stop
     }
  :: atomic { turn_bit != saw_turn -> goto look }
  :: atomic { in_use + size + beside > CAPACITY -> skip }
  :: goto stop
  fi;

  // Full, or another's turn. A sender that has waited in vain often enough takes the turn, perhaps
  // again; one that only tries never does.
#ifndef MUTATE_NO_TURN
  if
#if EACH == 0
  :: atomic { me != 0 -> goto look }
#else
  :: goto look
#endif
  :: atomic {
       (EACH > 0 || me == 0) && (turn == me + 1 || turn == NOBODY || is_over) ->
       turn = me + 1; need = size; is_over = false
     }
  :: atomic { turn != me + 1 && turn != NOBODY && !is_over -> goto look }
  :: goto stop
  fi;
  // fetch_or.
  if
  :: turn_bit = true
  :: goto stop
  fi;
#endif
  goto look;

clear:
  if
  :: atomic { turn_bit == saw_turn -> turn_bit = false; goto look }
  :: atomic { turn_bit != saw_turn -> goto look }
  :: goto stop
  fi;

stop:
  // It has claimed, gives up, or dies, and then its turn stays.
  if
  :: atomic {
       if
       :: turn == me + 1 -> turn = NOBODY; need = 0; is_over = false
       :: else
       fi
     }
  :: skip
  fi;
  atomic {
    is_trying[me] = false; saw_turn = false; beside = 0;
    if
    :: EACH > 0 -> tries++
    :: else
    fi;
    goto idle
  };

end_sender:
  atomic { tries = 0; size = 0 }
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

#if EACH > 0
// Nobody waits for ever.
ltl everybody_gets_on { <>[] (finished == SENDERS) }
#else
// The one that needs much gets it, however often the others send.
ltl the_big_one_gets_on { []<> !is_trying[0] }
#endif
