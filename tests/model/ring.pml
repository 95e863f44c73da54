// The ring: claims, commits, the recovery scan, slot reuse, release and handover.
//
// Each access to a word by which participants meet is a step of its own, in the order of the code
// (producer.h, sender_core.cc, consumer.h, receiver_core.cc, orphan_scan.cc), and everybody may die
// before each of them. README.md says what is drawn together or left out, and why that is right.
//
// Sizes and positions are counted in cells of 64 bytes: a record is one cell for its header and the
// first 48 bytes of its payload, and one for each 64 bytes more. Lap 0 is history: its stamps lie
// everywhere when the ring begins, at the start of lap 1.
//
//   SLOTS      senders' slots; each has one process that is one owner after the other
//   CAPACITY   cells in the ring
//   LAPS       how often the positions go round
//   LARGEST    the largest claim, in cells
//   BATCHES    claims of several cells may hold a record in each
//   CLOSE      somebody may set the end bit of the claim word at any time
//   TURN       somebody may set the turn bit at any time, and senders that meet it do any of what
//              the turn's own word may tell them: claim and clear it, claim and keep it, clear it,
//              wait. turn.pml has that word
//   FIRST_LOOK newcomers look at a slot before they lock it; without, they lock any slot at any
//              time, which is worse for everybody
//   ONE_OWNER  each slot has one owner only: more senders in fewer states
//   LIVE       for the search for survivors that wait for ever: the receiver dies once at most, and
//              releases what it has before it looks closer

#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef CAPACITY
#define CAPACITY 3
#endif
#ifndef LAPS
#define LAPS 2
#endif
#ifndef LARGEST
#define LARGEST 2
#endif

#define START CAPACITY
#define END (CAPACITY * (LAPS + 1))

// A cell holds the stamp of a position, or payload of the record at a position.
#ifdef MUTATE_STAMP_WITHOUT_LAP
#define STAMP(position) (1 + (position) % CAPACITY)
#else
#define STAMP(position) (position)
#endif
#define PAYLOAD(position) (64 + (position))

#define NO_INTENT 0
#define MESSAGE 1
#define DISCARDED 2
#define IN_BATCH 3

// Sets of positions.
#define BIT(position) (1 << ((position) - START))
#define BELOW(position) (BIT(position) - 1)
#define HAS(set, position) ((position) >= START && ((set) & BIT(position)) != 0)

// The segment.
byte claim_position = START;  // the claim word is this and the next two
bool end_bit = false;
bool turn_bit = false;
byte release_position = START;
byte intent_position[SLOTS];
byte intent_size[SLOTS];
byte stamp[CAPACITY];   // or payload
byte length[CAPACITY];  // of the record that has its header here, in cells
byte kind[CAPACITY];

// The kernel's.
bool lock[SLOTS];

// The receiver's own.
byte head = START;

// The state that the reference knows, and no participant does. It has nothing below the release
// position.
byte open[SLOTS];      // position that the slot's living owner has claimed and not committed, or 0
short claimed = 0;     // where claims begin
short given_back = 0;  // where the committed rests of loans begin that were published shorter
short committed = 0;   // committed claims
short discarded = 0;   // those of them that are no messages
short in_batch = 0;    // records behind the first of a committed batch
bool is_taken_for_ended = false;
short passed = 0;      // records that this receiver has taken or stepped over

#define IS_STAMPED(position) (stamp[(position) % CAPACITY] == STAMP(position))

// Whether a claim begins here that is committed.
#ifdef BATCHES
#define IS_COMMITTED_CLAIM(position) \
  (IS_STAMPED(position) && kind[(position) % CAPACITY] != IN_BATCH)
#else
#define IS_COMMITTED_CLAIM(position) IS_STAMPED(position)
#endif
#ifdef MUTATE_IN_BATCH_IS_A_BOUNDARY
#define IS_BOUNDARY_BY_STAMP(position) IS_STAMPED(position)
#else
#define IS_BOUNDARY_BY_STAMP(position) IS_COMMITTED_CLAIM(position)
#endif
#ifdef MUTATE_REUSE_BY_ANY_STAMP
#define IS_SETTLED(position) IS_STAMPED(position)
#else
#define IS_SETTLED(position) IS_COMMITTED_CLAIM(position)
#endif

#ifdef MUTATE_REUSE_WHEN_STEPPED_OVER
#define GIVEN_UP_BEFORE head
#else
#define GIVEN_UP_BEFORE release_position
#endif
#ifdef MUTATE_NO_SLOT_REUSE_RULE
#define IS_REUSABLE(slot) true
#else
#define IS_REUSABLE(slot)                                                     \
  (intent_position[slot] == NO_INTENT || IS_SETTLED(intent_position[slot]) || \
   intent_position[slot] < GIVEN_UP_BEFORE || intent_position[slot] >= claim_position)
#endif

// A sender may write to the cell only while it is neither held by the receiver nor beyond a lap.
#define ASSERT_WRITABLE(position) \
  assert((position) >= release_position && (position) < release_position + CAPACITY)

// The words stay; the kernel drops the lock. What the sender knew is gone.
#ifdef BATCHES
#define FORGET_BATCH is_batch = false; more = 0
#else
#define FORGET_BATCH skip
#endif
#ifdef TURN
#define FORGET_TURN saw_turn = false
#else
#define FORGET_TURN skip
#endif
#define FORGET_CLAIM                                          \
  claim = 0; size = 0; used = 0; has_intent = false;          \
  FORGET_BATCH; FORGET_TURN; open[me] = 0
#define SENDER_DIES atomic { lock[me] = false; FORGET_CLAIM; goto end_dead }

// A load of the claim word, by a sender. With the end bit in it, its position is final.
#ifdef TURN
#define LOAD_CLAIM_WORD claim = claim_position; saw_turn = turn_bit
#define WORD_IS_AS_SEEN (claim_position == claim && turn_bit == saw_turn && !HAS_END)
#else
#define LOAD_CLAIM_WORD claim = claim_position
#define WORD_IS_AS_SEEN (claim_position == claim && !HAS_END)
#endif
#ifdef MUTATE_END_BESIDE_THE_CLAIM
#define HAS_END false
#else
#define HAS_END end_bit
#endif

#ifdef CLOSE
active proctype Closer() {
end_closer:
  // One fetch_or, whether it closes or replaces.
  end_bit = true
}
#endif

#ifdef TURN
active proctype Turns() {
end_turns:
  do
  :: atomic { !turn_bit -> turn_bit = true }
  od
}
#endif

#ifdef FIRST_LOOK
bool looked[SLOTS];  // some newcomer has found the slot reusable and goes for its lock

active proctype Newcomers() {
end_newcomers:
  do
  :: atomic { !looked[0] && IS_REUSABLE(0) -> looked[0] = true }
#if SLOTS > 1
  :: atomic { !looked[1] && IS_REUSABLE(1) -> looked[1] = true }
#endif
#if SLOTS > 2
  :: atomic { !looked[2] && IS_REUSABLE(2) -> looked[2] = true }
#endif
  od
}
#endif

proctype Sender(byte me) {
  byte claim;  // claim position as last seen
  byte size;   // of the claim
  byte used;   // of it, when committed, or 0: not known yet
  bool has_intent;
#ifdef TURN
  bool saw_turn;  // in the claim word, as last seen
#endif
#ifdef BATCHES
  bool is_batch;  // `used` is then the length of its first record
  byte more;      // records of it that are still to be stamped before the first
#endif
#ifdef ONE_OWNER
  bool had_owner;
#endif

end_dead:
#if defined(FIRST_LOOK) && !defined(MUTATE_NO_LOOK_BEFORE_LOCK)
  atomic { looked[me] -> looked[me] = false; lock[me] = true };
#elif defined(ONE_OWNER)
  atomic { !had_owner -> had_owner = true; lock[me] = true };
#else
  lock[me] = true;
#endif

  // TakeSlot.
  if
#ifdef MUTATE_NO_LOOK_AFTER_LOCK
  :: atomic { true -> skip }
#else
  :: atomic { IS_REUSABLE(me) -> skip }
#endif
#if !defined(MUTATE_NO_LOOK_AFTER_LOCK) && !defined(ONE_OWNER)
  :: atomic { !IS_REUSABLE(me) -> lock[me] = false; goto end_dead }
#endif
  :: SENDER_DIES
  fi;
  if
  :: atomic { intent_position[me] = NO_INTENT }
  :: SENDER_DIES
  fi;

idle:
  if
  :: atomic {
       claim_position < END && !end_bit ->
       if
       :: size = 1
       :: LARGEST > 1 -> size = 2
       :: LARGEST > 2 -> size = 3
       fi;
       LOAD_CLAIM_WORD
     }
  :: atomic { intent_position[me] = NO_INTENT; goto detached }
#ifdef LIVE
  :: goto idle  // nobody has to send
#endif
  :: SENDER_DIES
  fi;

claiming:
  if
  :: atomic {
#ifndef MUTATE_NO_SPACE_CHECK
       // A claim position below the release position is an old one: the CAS will tell.
       (claim < release_position || claim + size <= release_position + CAPACITY) &&
#endif
       claim + size <= END ->
#ifdef MUTATE_INTENT_AFTER_CAS
       goto cas
#else
       intent_size[me] = size
#endif
     }
#ifndef MUTATE_NO_SPACE_CHECK
  :: atomic {
       claim >= release_position && claim + size > release_position + CAPACITY ->
       if
       :: !end_bit -> LOAD_CLAIM_WORD; goto claiming
       :: goto give_up
       fi
     }
#endif
#ifdef TURN
  // Clears the bit: the turn has run out, or is nobody's.
#ifdef MUTATE_TURN_CLEARED_BY_STORE
  :: atomic {
       saw_turn ->
       claim_position = claim; turn_bit = false; end_bit = false; saw_turn = false; goto claiming
     }
#else
  :: atomic { saw_turn && WORD_IS_AS_SEEN -> turn_bit = false; saw_turn = false; goto claiming }
#endif
  // Lets another claim, or has lost the CAS that clears it.
  :: atomic {
       saw_turn ->
       if
       :: !end_bit -> LOAD_CLAIM_WORD; goto claiming
       :: goto give_up
       fi
     }
#endif
  :: atomic { claim + size > END -> goto give_up }  // the model's end
  :: SENDER_DIES
  fi;
  if
  :: atomic { intent_position[me] = claim; has_intent = true }
  :: SENDER_DIES
  fi;
cas:
  if
  :: atomic {
       WORD_IS_AS_SEEN ->
       assert(!is_taken_for_ended);
       claim_position = claim + size;
#ifdef TURN
       if
       :: saw_turn -> turn_bit = false; saw_turn = false  // its own
       :: saw_turn -> saw_turn = false                    // beside another's
       :: !saw_turn
       fi;
#endif
       open[me] = claim;
       claimed = claimed | BIT(claim);
       has_intent = false;
#ifndef MUTATE_INTENT_AFTER_CAS
       if
       :: size == 1 -> goto commit
       :: else
       fi
#endif
     }
  :: atomic {
       !WORD_IS_AS_SEEN ->
       if
       :: !end_bit -> LOAD_CLAIM_WORD; goto claiming
       :: goto give_up  // lost too often, or the channel has ended
       fi
     }
  :: SENDER_DIES
  fi;

#ifdef MUTATE_INTENT_AFTER_CAS
  if
  :: atomic {
       intent_size[me] = size;
       intent_position[me] = claim;
       if
       :: size == 1 -> goto commit
       :: else
       fi
     }
  :: SENDER_DIES
  fi;
#endif

#ifdef MUTATE_STAMP_BEFORE_PAYLOAD
  if
  :: atomic {
       length[claim % CAPACITY] = size;
       kind[claim % CAPACITY] = MESSAGE;
       stamp[claim % CAPACITY] = STAMP(claim);
       committed = committed | BIT(claim)
     }
  :: SENDER_DIES
  fi;
#endif

  if
  :: atomic {
       ASSERT_WRITABLE(claim + 1);
       stamp[(claim + 1) % CAPACITY] = PAYLOAD(claim);
       if
       :: size == 2 -> goto what_becomes_of_it
       :: else
       fi
     }
#ifdef BATCHES
#ifdef MUTATE_FIRST_OF_BATCH_FIRST
  :: atomic { is_batch = true; used = 1; more = size - 1; goto commit }
#else
  :: atomic { is_batch = true; used = 1; more = size - 1; goto batch }
#endif
#if LARGEST > 2
  :: atomic {
       size == 3 ->
       ASSERT_WRITABLE(claim + 1);
       stamp[(claim + 1) % CAPACITY] = PAYLOAD(claim);
       is_batch = true; used = 2; more = 1; goto batch
     }
#endif
#endif
  :: SENDER_DIES
  fi;
#if LARGEST > 2
  if
  :: atomic {
       ASSERT_WRITABLE(claim + 2);
       stamp[(claim + 2) % CAPACITY] = PAYLOAD(claim)
     }
  :: SENDER_DIES
  fi;
#endif

  goto what_becomes_of_it;

#ifdef BATCHES
  // The records behind the first, from the last on.
#define STAMP_BEHIND_THE_FIRST(place, size_of_it, kind_of_it)      \
       ASSERT_WRITABLE(place);                                     \
       stamp[(place) % CAPACITY] = STAMP(place);                   \
       length[(place) % CAPACITY] = size_of_it;                    \
       kind[(place) % CAPACITY] = kind_of_it
batch:
  if
  :: atomic { STAMP_BEHIND_THE_FIRST(claim + size - 1, 1, IN_BATCH); more-- }
#if LARGEST > 2
  // One of two cells.
  :: atomic {
       more == 2 ->
       ASSERT_WRITABLE(claim + 2);
       stamp[(claim + 2) % CAPACITY] = PAYLOAD(claim + 1);
       STAMP_BEHIND_THE_FIRST(claim + 1, 2, IN_BATCH);
       more = 0
     }
  // The rest of the claim is given back.
  :: atomic {
       more == 2 ->
       STAMP_BEHIND_THE_FIRST(claim + 2, 1, DISCARDED);
       given_back = given_back | BIT(claim + 2);
       more = 1
     }
#endif
  :: SENDER_DIES
  fi;
#if LARGEST > 2
  if
  :: atomic { more == 1 -> STAMP_BEHIND_THE_FIRST(claim + 1, 1, IN_BATCH); more = 0 }
  :: atomic { more == 0 -> skip }
  :: SENDER_DIES
  fi;
#endif
#ifdef MUTATE_FIRST_OF_BATCH_FIRST
  atomic { FORGET_CLAIM; goto idle };
#endif
  goto commit;
#endif

what_becomes_of_it:
#ifdef MUTATE_STAMP_BEFORE_PAYLOAD
  atomic { FORGET_CLAIM; goto idle };
#endif
  if
#ifndef MUTATE_MESSAGE_BEFORE_ITS_REST
  // Published shorter: the rest first.
#define COMMIT_REST                                          \
       ASSERT_WRITABLE(claim + used);                        \
       stamp[(claim + used) % CAPACITY] = STAMP(claim + used); \
       length[(claim + used) % CAPACITY] = size - used;      \
       kind[(claim + used) % CAPACITY] = DISCARDED;          \
       given_back = given_back | BIT(claim + used)
  :: atomic { used = 1; COMMIT_REST }
#if LARGEST > 2
  :: atomic { size == 3 -> used = 2; COMMIT_REST }
#endif
#endif
  :: goto commit
  :: SENDER_DIES
  fi;

commit:
  if
  :: atomic {
       assert(open[me] == claim && HAS(claimed, claim) && !is_taken_for_ended);
       ASSERT_WRITABLE(claim);
       stamp[claim % CAPACITY] = STAMP(claim);
       committed = committed | BIT(claim);
       if
#ifdef BATCHES
       // All of it, or, where its writer fails, nothing.
       :: is_batch ->
          length[claim % CAPACITY] = used;
          kind[claim % CAPACITY] = MESSAGE;
          more = used;
          do
          :: more < size ->
             if
#ifdef MUTATE_FIRST_OF_BATCH_FIRST
             :: true
#else
             :: IS_STAMPED(claim + more) && kind[(claim + more) % CAPACITY] == IN_BATCH
#endif
                -> in_batch = in_batch | BIT(claim + more)
             :: else
             fi;
             more++
          :: else -> break
          od
#ifdef MUTATE_FIRST_OF_BATCH_FIRST
          ; more = size - 1; open[me] = 0; goto batch
#endif
       :: is_batch ->
          length[claim % CAPACITY] = size;
          kind[claim % CAPACITY] = DISCARDED;
          discarded = discarded | BIT(claim)
#define IS_ONE_RECORD !is_batch &&
#else
#define IS_ONE_RECORD
#endif
       :: IS_ONE_RECORD used == 0 ->
          length[claim % CAPACITY] = size; kind[claim % CAPACITY] = MESSAGE
       :: IS_ONE_RECORD used == 0 ->
          length[claim % CAPACITY] = size;
          kind[claim % CAPACITY] = DISCARDED;
          discarded = discarded | BIT(claim)
       :: IS_ONE_RECORD used != 0 -> length[claim % CAPACITY] = used; kind[claim % CAPACITY] = MESSAGE
#ifdef MUTATE_MESSAGE_BEFORE_ITS_REST
       :: size > 1 ->
          used = 1;
          length[claim % CAPACITY] = used;
          kind[claim % CAPACITY] = MESSAGE;
          open[me] = 0;
          goto rest
#endif
       fi;
       FORGET_CLAIM;
       goto idle
     }
  :: SENDER_DIES
  fi;
#ifdef MUTATE_MESSAGE_BEFORE_ITS_REST
rest:
  if
  :: atomic {
       // Nobody may have stepped into it meanwhile, so this is no assertion about the sender.
       stamp[(claim + used) % CAPACITY] = STAMP(claim + used);
       length[(claim + used) % CAPACITY] = size - used;
       kind[(claim + used) % CAPACITY] = DISCARDED;
       given_back = given_back | BIT(claim + used);
       FORGET_CLAIM;
       goto idle
     }
  :: SENDER_DIES
  fi;
#endif

give_up:
  if
#ifdef MUTATE_KEEP_INTENT_ON_GIVING_UP
  :: atomic { true -> FORGET_CLAIM; goto idle }
#else
  :: atomic {
       if
       :: has_intent -> intent_position[me] = NO_INTENT
       :: else
       fi;
       FORGET_CLAIM;
       goto idle
     }
#endif
  :: SENDER_DIES
  fi;

detached:
  SENDER_DIES
}

// Once more from the release position, with nothing known.
#ifdef MUTATE_SUCCESSOR_STARTS_AT_HEAD
#define SUCCESSOR_STARTS head
#else
#define SUCCESSOR_STARTS release_position
#endif
#define FORGET_SCAN claim = 0; slot = 0; other = 0; living = false; candidate = 0; found = 0
#ifdef LIVE
bool receiver_died = false;
#define RECEIVER_DIES                                                       \
  atomic {                                                                  \
    !receiver_died -> receiver_died = true; FORGET_SCAN; passed = 0;        \
    head = SUCCESSOR_STARTS; goto receiving                                 \
  }
#else
#define RECEIVER_DIES \
  atomic { FORGET_SCAN; passed = 0; head = SUCCESSOR_STARTS; goto receiving }
#endif

// The record from `head` to `end` is done with, taken or stepped over.
#define PASS(end)                                                               \
  assert(!HAS(passed, head));                                                   \
  assert(((claimed | in_batch) & BELOW(end) & ~BELOW(head + 1)) == 0);          \
  assert((end) == claim_position || HAS(claimed | given_back | in_batch, end)); \
  passed = passed | BIT(head);                                                  \
  head = end

active proctype Receiver() {
  byte claim;      // claim position as the scan saw it
  byte slot;
  byte other;
  bool living;
  byte candidate;
  byte found;      // the smallest boundary yet, or 0
  byte next;       // only within one step

receiving:
  if
  :: atomic {
       IS_STAMPED(head) ->
       assert(HAS(claimed | given_back | in_batch, head));
       assert(length[head % CAPACITY] > 0 &&
              head + length[head % CAPACITY] <= release_position + CAPACITY);
       if
       :: kind[head % CAPACITY] == MESSAGE || kind[head % CAPACITY] == IN_BATCH ->
          assert(kind[head % CAPACITY] == MESSAGE -> HAS(committed, head) && !HAS(discarded, head)
                                                   : HAS(in_batch, head));
          next = 1;
          do
          :: next < length[head % CAPACITY] ->
             assert(stamp[(head + next) % CAPACITY] == PAYLOAD(head));  // not torn
             next++
          :: else -> break
          od
       :: kind[head % CAPACITY] == DISCARDED ->
          assert(HAS(discarded, head) || HAS(given_back, head))
       :: else -> assert(false)
       fi;
       next = head + length[head % CAPACITY];
       PASS(next);
       next = 0;
       goto receiving
     }
  :: atomic {
       // Releases the oldest record; several at once are several times this.
#ifdef LIVE
       !IS_STAMPED(head) &&
#endif
       release_position != head ->
       next = release_position + 1;
       do
       :: next < head && !HAS(passed, next) -> next++
       :: else -> break
       od;
       // A receiver that releases a message has received it.
       assert((((committed & ~discarded) | in_batch) & BELOW(next) & ~BELOW(release_position) &
               ~passed) == 0);
       claimed = claimed & ~BELOW(next);
       given_back = given_back & ~BELOW(next);
       committed = committed & ~BELOW(next);
       discarded = discarded & ~BELOW(next);
       in_batch = in_batch & ~BELOW(next);
       passed = passed & ~BELOW(next);
       // Released bytes have the worst content for the laps to come: stamps of this one, wherever
       // a record may begin. A description without a stamp is one that nobody may read.
       do
       :: release_position < next ->
          stamp[release_position % CAPACITY] = STAMP(release_position);
          length[release_position % CAPACITY] = 0;
          kind[release_position % CAPACITY] = 0;
          release_position++
       :: else -> break
       od;
       // An intent down there is as good as none to all who read it.
       next = 0;
       do
       :: next < SLOTS ->
          if
          :: intent_position[next] < release_position -> intent_position[next] = NO_INTENT
          :: else
          fi;
          next++
       :: else -> break
       od;
       next = 0;
       goto receiving
     }
  :: atomic {
       // Nothing is committed: a closer look.
#ifdef LIVE
       release_position == head &&
#endif
       !IS_STAMPED(head) -> skip
     }
  :: RECEIVER_DIES
  fi;

#ifdef MUTATE_END_IN_TWO_LOADS
  if
  :: atomic { claim_position == head && !end_bit -> skip }
  :: atomic { claim_position != head || end_bit -> goto claim_word }
  :: RECEIVER_DIES
  fi;
  if
  :: atomic { end_bit -> goto ended }
  :: atomic { !end_bit -> goto receiving }
  :: RECEIVER_DIES
  fi;
claim_word:
#endif
  if
#ifdef CLOSE
  :: atomic {
#ifdef MUTATE_END_WITHOUT_POSITION
       end_bit ->
#else
       claim_position == head && end_bit ->
#endif
#ifdef MUTATE_END_IN_TWO_LOADS
ended:
#endif
       // All that any send has said OK to is received, and nothing can come any more.
       assert(((claimed | committed | in_batch) & ~BELOW(head)) == 0);
       is_taken_for_ended = true;
       goto receiving
     }
#endif
  :: atomic {
       if
       :: claim_position == head -> goto receiving
       :: else
       fi;
       claim = claim_position;
       assert(claim > head && claim - release_position <= CAPACITY)
     }
  :: RECEIVER_DIES
  fi;
next_slot:
  if
  :: atomic { slot < SLOTS && intent_position[slot] != head -> slot++; goto next_slot }
  :: atomic { slot < SLOTS && intent_position[slot] == head -> skip }
  :: atomic { slot == SLOTS -> slot = 0; goto second_look }
  :: RECEIVER_DIES
  fi;
  if
  :: atomic { living = lock[slot] }
  :: RECEIVER_DIES
  fi;
  if
  :: atomic { intent_position[slot] != head -> living = false; slot++; goto next_slot }
  // Committed since, or it is waited for: either way from the start.
  :: atomic { intent_position[slot] == head && living -> FORGET_SCAN; goto receiving }
  :: atomic { intent_position[slot] == head && !living -> skip }
  :: RECEIVER_DIES
  fi;
  if
  :: atomic {
       candidate = head + intent_size[slot];
       if
       :: candidate == head || candidate > claim || (found != 0 &&
#ifdef MUTATE_NOT_THE_SMALLEST_BOUNDARY
          candidate <= found
#else
          candidate >= found
#endif
          ) -> candidate = 0; slot++; goto next_slot
       :: else
       fi;
#ifdef MUTATE_NO_BOUNDARY_CHECK
       found = candidate; candidate = 0; slot++; goto next_slot
#else
       if
       :: candidate == claim -> found = candidate; candidate = 0; slot++; goto next_slot
       :: else
       fi
#endif
     }
  :: RECEIVER_DIES
  fi;
#ifdef MUTATE_STAMP_BEFORE_INTENTS
  if
  :: atomic {
       IS_BOUNDARY_BY_STAMP(candidate) ->
       found = candidate; candidate = 0; slot++; goto next_slot
     }
  :: atomic { !IS_BOUNDARY_BY_STAMP(candidate) -> skip }
  :: RECEIVER_DIES
  fi;
#endif
next_intent:
  if
  :: atomic {
       other < SLOTS && intent_position[other] == candidate ->
       found = candidate; candidate = 0; other = 0; slot++; goto next_slot
     }
  :: atomic { other < SLOTS && intent_position[other] != candidate -> other++; goto next_intent }
  :: atomic {
       other == SLOTS ->
#ifndef MUTATE_STAMP_BEFORE_INTENTS
       if
       :: IS_BOUNDARY_BY_STAMP(candidate) -> found = candidate
       :: else
       fi;
#endif
       candidate = 0; other = 0; slot++; goto next_slot
     }
  :: RECEIVER_DIES
  fi;

second_look:
  if
  :: atomic {
#ifndef MUTATE_NO_SECOND_LOOK_AT_THE_STAMP
       if
       :: IS_STAMPED(head) -> FORGET_SCAN; goto receiving
       :: else
       fi;
#endif
       assert(found != 0);  // somebody owns it
       do
       :: slot < SLOTS -> assert(open[slot] != head); slot++  // nobody living is robbed
       :: else -> break
       od;
       assert(!HAS(committed | in_batch, head));  // no committed message is lost
       PASS(found);
       FORGET_SCAN;
       goto receiving
     }
  :: RECEIVER_DIES
  fi
}

init {
  byte i;
  atomic {
    do
    :: i < CAPACITY -> stamp[i] = STAMP(i); i++
    :: else -> break
    od;
    i = 0;
    do
    :: i < SLOTS -> run Sender(i); i++
    :: else -> break
    od
  }
}

#ifdef LIVE
// Claims end with the last lap; then all is received or stepped over, and its space given back.
ltl drained { <>[] (head == claim_position && release_position == claim_position) }
#endif
