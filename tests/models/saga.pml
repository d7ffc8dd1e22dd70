/* The transfer saga between two shards (protocol 5.5): one transfer of one unit, a source shard and a destination shard,
 * and several processes that each believe, for a while, that they own one of them.
 *
 * How the world is modelled
 *   - The database is a set of global variables; a commit is one atomic step behind the fence "my epoch is the epoch on
 *     record". Taking a shard over is an increment of its epoch, by anybody, at any time: no lease and no clock has a say.
 *   - The network is a set of messages that were sent at least once. Each may arrive any number of times, at any later
 *     moment, or never: this covers loss, duplication, reordering and delay.
 *   - A process may die at any moment, also between a commit and hearing of it, and forgets everything. A deposed owner
 *     acts on what it remembers until one of its commits meets the fence.
 *
 * What must hold after every step is in `check_invariants`; its names I3 … I7 are those of the protocol. Each -D… below
 * breaks one rule; tests/models/run knows which of them must be caught.
 */

#ifndef SOURCE_OWNERS
#define SOURCE_OWNERS 2
#endif
#ifndef DESTINATION_OWNERS
#define DESTINATION_OWNERS 2
#endif
#ifndef EPOCHS
#define EPOCHS 3
#endif

#define AMOUNT 1

mtype = { none, reserved, under_review, cancelling, settled, released, credited, refused };

/* --- What is durable ---------------------------------------------------------------------------------------------- */

byte source_epoch = 0, destination_epoch = 0;
mtype saga = none;         /* the saga's row, at the source */
mtype decision = none;     /* the decision register, at the destination: written once */
byte available = AMOUNT;   /* the source wallet */
byte held = 0;
byte captured = 0;
byte received = 0;         /* the destination wallet */
byte credits = 0;          /* how often it was credited */
byte refusals = 0;
bool to_be_reviewed = false; /* in the record that began it */
bool approved = false;       /* an officer's word, in a record of its own */

/* --- What was sent, and what a client was told -------------------------------------------------------------------- */

bool credit_sent = false, cancel_sent = false;
bool credited_sent = false, refused_sent = false;
bool told_success = false, told_failure = false;

inline check_invariants() {
  assert(credits <= 1 && credits + refusals <= 1);              /* I3: one decision, one credit */
  assert(saga != settled || decision == credited);              /* I4: captured only against a credit */
  assert(saga != released || decision == refused);              /* I4: given back only against a refusal */
  assert(!told_success || decision == credited);                /* I6 */
  assert(!told_failure || saga == released);                    /* I6 */
  assert(!to_be_reviewed || approved || decision != credited);  /* I9: nothing is credited before an officer's word */
  assert(available + held + captured == AMOUNT);                /* I2: the source wallet adds up */
  assert((saga == settled && received == AMOUNT && available + held == 0) ||                          /* I7: no money */
         (saga != settled && decision == credited && received == AMOUNT && held == AMOUNT) ||        /* made or lost; */
         (decision != credited && received == 0 && available + held == AMOUNT))                      /* I5 within it */
}

/* --- The source: coordinator of the saga -------------------------------------------------------------------------- */

#ifdef NO_SOURCE_FENCE
#define source_fence_of_outcome true
#else
#define source_fence_of_outcome (epoch == source_epoch)
#endif

/* Dying, giving up, or meeting the fence: nothing remembered survives. */
inline source_forgets() { owner = false; epoch = 0; known = none }

inline acquire_source() {
  atomic { !owner && source_epoch < EPOCHS ->
    source_epoch++; epoch = source_epoch; known = saga; owner = true; check_invariants() }
}

inline source_dies() { atomic { owner -> source_forgets() } }

inline reserve() {
  atomic { owner && known == none ->
    if
    :: epoch == source_epoch ->
         if
         :: saga == none && available >= AMOUNT ->
              if
              :: saga = reserved
              :: saga = under_review; to_be_reviewed = true
              fi;
              available = available - AMOUNT; held = held + AMOUNT;
              if :: known = saga :: source_forgets() fi   /* committed; it may die before it hears so */
         :: else -> known = saga
         fi
    :: else -> source_forgets()
    fi;
    check_invariants() }
}

inline send_credit() { atomic { owner && known == reserved -> credit_sent = true } }

/* An officer lets it go on: a step like any other, sent on only when it is durable. */
inline approve() {
  atomic { owner && known == under_review ->
    if
    :: epoch == source_epoch -> saga = reserved; approved = true; if :: known = reserved :: source_forgets() fi
    :: else -> source_forgets()
    fi;
    check_invariants() }
}

/* An officer's no, an operator's cancellation and the end of time are one: from here on the destination is asked. */
inline record_cancelling() {
  atomic { owner && (known == reserved || known == under_review) ->
    if
    :: epoch == source_epoch -> saga = cancelling; if :: known = cancelling :: source_forgets() fi
    :: else -> source_forgets()
    fi;
    check_invariants() }
}

inline send_cancel() { atomic { owner && known == cancelling -> cancel_sent = true } }

inline settle() {
  atomic { owner && (known == reserved || known == cancelling) && credited_sent ->
    if
    :: source_fence_of_outcome ->
         saga = settled; held = held - AMOUNT; captured = captured + AMOUNT;
         if :: known = settled; told_success = true :: source_forgets() fi
    :: !(source_fence_of_outcome) -> source_forgets()
    fi;
    check_invariants() }
}

inline release() {
  atomic { owner && (known == reserved || known == cancelling) && refused_sent ->
    if
    :: source_fence_of_outcome ->
         saga = released; held = held - AMOUNT; available = available + AMOUNT;
         if :: known = released; told_failure = true :: source_forgets() fi
    :: !(source_fence_of_outcome) -> source_forgets()
    fi;
    check_invariants() }
}

inline tell_success() { atomic { owner && known == settled -> told_success = true; check_invariants() } }
inline tell_failure() { atomic { owner && known == released -> told_failure = true; check_invariants() } }

/* Giving the money back without proof: what RELEASE_ON_TIMEOUT and RELEASE_ON_QUERY do. */
inline release_without_proof() {
  if
  :: epoch == source_epoch -> saga = released; held = held - AMOUNT; available = available + AMOUNT; known = released
  :: else -> source_forgets()
  fi;
  check_invariants()
}

proctype Source() {
  bool owner = false;
  byte epoch = 0;
  mtype known = none; /* what it remembers of the saga */
  do
  :: acquire_source()
  :: source_dies()
  :: reserve()
  :: send_credit()
  :: approve()
  :: record_cancelling()
  :: send_cancel()
  :: settle()
  :: release()
  :: tell_success()
  :: tell_failure()
#ifdef RELEASE_ON_TIMEOUT
  :: atomic { owner && (known == reserved || known == cancelling) -> release_without_proof() }
#endif
#ifdef RELEASE_ON_QUERY
  :: atomic { owner && known == cancelling && decision == none -> release_without_proof() }
#endif
#ifdef ACKNOWLEDGE_RESERVED
  :: atomic { owner && known == reserved -> told_success = true; check_invariants() }
#endif
#ifdef SEND_DURING_REVIEW
  :: atomic { owner && known == under_review -> credit_sent = true }
#endif
#ifdef APPROVAL_IN_MEMORY
  :: atomic { owner && known == under_review -> known = reserved }
#endif
#ifdef CANCEL_INTENT_IN_MEMORY
  :: atomic { owner && known == reserved -> known = cancelling }
#endif
  od
}

/* --- The destination: it decides, once ---------------------------------------------------------------------------- */

#ifdef NO_DESTINATION_FENCE
#define destination_fence true
#else
#define destination_fence (epoch == destination_epoch)
#endif

#ifdef REGISTER_UNCHECKED
#define register_free true
#else
#define register_free (decision == none)
#endif

inline destination_forgets() { owner = false; epoch = 0; known = none }

inline acquire_destination() {
  atomic { !owner && destination_epoch < EPOCHS ->
    destination_epoch++; epoch = destination_epoch; known = decision; owner = true }
}

inline destination_dies() { atomic { owner -> destination_forgets() } }

inline credit() {
  atomic { owner && credit_sent && known == none ->
    if
    :: destination_fence ->
         if
         :: register_free ->
              decision = credited; received = received + AMOUNT; credits++;
              if :: known = credited :: destination_forgets() fi
         :: !(register_free) -> known = decision
         fi
    :: !(destination_fence) -> destination_forgets()
    fi;
    check_invariants() }
}

/* A business refusal of a CREDIT, or the tombstone that a CANCEL leaves: the same row. */
inline record_refusal() {
  atomic { owner && (credit_sent || cancel_sent) && known == none ->
    if
    :: destination_fence ->
#ifdef NO_TOMBSTONE
         refused_sent = true
#else
         if
         :: register_free ->
              decision = refused; refusals++;
              if :: known = refused :: destination_forgets() fi
         :: !(register_free) -> known = decision
         fi
#endif
    :: !(destination_fence) -> destination_forgets()
    fi;
    check_invariants() }
}

inline answer_credited() {
  atomic { owner && known == credited && (credit_sent || cancel_sent) -> credited_sent = true }
}

inline answer_refused() {
  atomic { owner && known == refused && (credit_sent || cancel_sent) -> refused_sent = true }
}

proctype Destination() {
  bool owner = false;
  byte epoch = 0;
  mtype known = none; /* what it remembers of the decision */
  do
  :: acquire_destination()
  :: destination_dies()
  :: credit()
  :: record_refusal()
  :: answer_credited()
  :: answer_refused()
#ifdef ANSWER_BEFORE_DURABLE
  :: atomic { owner && known == none && credit_sent -> credited_sent = true }
#endif
  od
}

init {
  byte i;
  atomic {
    for (i : 1 .. SOURCE_OWNERS) { run Source() }
    for (i : 1 .. DESTINATION_OWNERS) { run Destination() }
  }
}
