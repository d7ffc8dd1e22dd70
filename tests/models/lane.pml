/* The commit lane with speculation (protocol 5.3, 5.6): one transfer of one unit between two shards. A process may own
 * either shard or both. When it owns both, its wallets go ahead of the database: reserve, credit and settle may all wait
 * in the lane at once, and any prefix of them may be what the next commit carries. When it owns one, it talks to the other
 * owner by messages.
 *
 * The database, the network, dying and taking over are modelled as in saga.pml. New here: a commit whose answer is lost
 * leaves the process in doubt, and a process in doubt forgets everything it speculated.
 *
 * What must hold after every step is in `check_invariants`. Each -D… below breaks one rule; tests/models/run knows which.
 */

#ifndef PROCESSES
#define PROCESSES 2
#endif
#ifndef EPOCHS
#define EPOCHS 3
#endif

mtype = { none, reserved, settled, released, credited, refused };

/* --- What is durable ---------------------------------------------------------------------------------------------- */

byte source_epoch = 0, destination_epoch = 0;
mtype saga = none;
mtype decision = none;
byte credits = 0, settlements = 0, releases = 0;
bool available = 1, held = 0, captured = 0; /* the source wallet */
bool received = 0;                          /* the destination wallet */

/* --- What was sent, and what a client was told -------------------------------------------------------------------- */

bool credit_sent = 0, cancel_sent = 0;
bool credited_sent = 0, refused_sent = 0;
bool told_success = 0;

inline check_invariants() {
  assert(credits <= 1 && settlements <= 1 && releases <= 1 && settlements + releases <= 1);  /* I3 */
  assert(decision != credited || saga == reserved || saga == settled);                       /* I5 */
  assert(saga != settled || decision == credited);                                           /* I4 */
  assert(saga != released || decision == refused);                                           /* I4 */
  assert(!told_success || (decision == credited && saga == settled));                        /* I6 */
  assert(available + held + captured == 1);                                                  /* I2 */
  assert(available + held + received - (decision == credited && saga != settled -> 1 : 0) == 1) /* I7 */
}

/* --- What a process does ------------------------------------------------------------------------------------------ */

#define owns_source (source_held_in != 0)
#define owns_destination (destination_held_in != 0)
#define source_fence (owns_source && source_held_in == source_epoch)
#define destination_fence (owns_destination && destination_held_in == destination_epoch)

/* Dying, meeting the fence, or being in doubt about a commit: all speculation goes. */
inline forget_everything() {
  source_held_in = 0; destination_held_in = 0;
  known_saga = none; known_decision = none;
  reserve_waits = 0; credit_waits = 0; settle_waits = 0
}

inline acquire_source() {
  atomic { !owns_source && source_epoch < EPOCHS && !credit_waits ->
    source_epoch++; source_held_in = source_epoch; known_saga = saga }
}

inline acquire_destination() {
  atomic { !owns_destination && destination_epoch < EPOCHS && !reserve_waits && !settle_waits ->
    destination_epoch++; destination_held_in = destination_epoch; known_decision = decision }
}

inline die() { atomic { (owns_source || owns_destination) -> forget_everything() } }

/* The wallets decide on speculative state; their events enter the lane. */
inline reserve() {
  atomic { owns_source && known_saga == none && !reserve_waits -> known_saga = reserved; reserve_waits = 1 }
}

inline credit_locally() { /* perhaps before the reservation is durable */
  atomic { owns_source && owns_destination && known_saga == reserved && known_decision == none ->
    known_decision = credited; credit_waits = 1 }
}

inline settle_locally() {
  atomic { owns_source && owns_destination && known_saga == reserved && known_decision == credited && !settle_waits ->
    known_saga = settled; settle_waits = 1 }
}

/* To another node goes only what is durable. */
inline send_credit() {
#ifdef SEND_BEFORE_DURABLE
  atomic { owns_source && known_saga == reserved -> credit_sent = 1 }
#else
  atomic { owns_source && known_saga == reserved && !reserve_waits -> credit_sent = 1 }
#endif
}

inline send_cancel() {
  atomic { owns_source && known_saga == reserved && !reserve_waits && !owns_destination -> cancel_sent = 1 }
}

inline credit_on_message() {
  atomic { owns_destination && known_decision == none && credit_sent -> known_decision = credited; credit_waits = 1 }
}

inline record_refusal() {
  atomic { owns_destination && known_decision == none && (credit_sent || cancel_sent) ->
    if
    :: destination_fence ->
         if
         :: decision == none -> decision = refused; if :: known_decision = refused :: forget_everything() fi
         :: else -> known_decision = decision
         fi
    :: else -> forget_everything()
    fi;
    check_invariants() }
}

inline answer_credited() {
#ifdef ANSWER_BEFORE_DURABLE
  atomic { owns_destination && known_decision == credited && (credit_sent || cancel_sent) -> credited_sent = 1 }
#else
  atomic { owns_destination && known_decision == credited && !credit_waits && (credit_sent || cancel_sent) ->
    credited_sent = 1 }
#endif
}

inline answer_refused() {
  atomic { owns_destination && known_decision == refused && (credit_sent || cancel_sent) -> refused_sent = 1 }
}

inline settle_on_answer() {
  atomic { owns_source && known_saga == reserved && credited_sent && !settle_waits && !reserve_waits ->
    known_saga = settled; settle_waits = 1 }
}

inline release_on_answer() {
  atomic { owns_source && known_saga == reserved && refused_sent && !reserve_waits && !settle_waits ->
    if
    :: source_fence && saga == reserved -> saga = released; held = 0; available = 1; releases++; known_saga = released
    :: else -> forget_everything()
    fi;
    check_invariants() }
}

/* Which prefix of the waiting events the next commit carries; with TWO_LANES also a credit before its reservation. */
inline seal_batch() {
  with_reserve = 0; with_credit = 0; with_settle = 0;
  if
  :: reserve_waits -> with_reserve = 1;
       if
       :: credit_waits -> if :: with_credit = 1; if :: settle_waits -> if :: with_settle = 1 :: skip fi :: else fi :: skip fi
       :: else
       fi
  :: !reserve_waits && credit_waits -> with_credit = 1; if :: settle_waits -> if :: with_settle = 1 :: skip fi :: else fi
  :: !reserve_waits && !credit_waits && settle_waits -> with_settle = 1
#ifdef TWO_LANES
  :: credit_waits -> with_credit = 1
#endif
  fi
}

inline write_batch() {
  if :: with_reserve -> if :: saga == none -> saga = reserved; available = 0; held = 1 :: else fi :: else fi;
  if :: with_credit -> if :: decision == none -> decision = credited; received = 1; credits++ :: else fi :: else fi;
  if :: with_settle -> saga = settled; held = 0; captured = 1; settlements++ :: else fi
}

inline hear_of_commit() {
  reserve_waits = reserve_waits && !with_reserve;
  credit_waits = credit_waits && !with_credit;
  settle_waits = settle_waits && !with_settle;
  if :: with_settle -> told_success = 1 :: else fi
}

/* One transaction: fence every shard that the batch touches, then write. */
inline commit() {
  atomic { (reserve_waits || credit_waits || settle_waits) ->
    seal_batch();
    source_passes = source_fence;
    destination_passes = destination_fence;
#ifdef FENCE_SOURCE_ONLY
    destination_passes = 1;
#endif
#ifdef FENCE_DESTINATION_ONLY
    source_passes = 1;
#endif
    if
#ifdef COMMIT_AFTER_FAILURE
    :: true -> /* what fails is left out, the rest goes on */
         with_reserve = with_reserve && source_passes;
         with_credit = with_credit && destination_passes;
         with_settle = with_settle && source_passes;
#else
    :: (!(with_reserve || with_settle) || source_passes) && (!with_credit || destination_passes) ->
#endif
         write_batch();
         if :: hear_of_commit() :: forget_everything() fi /* the second: committed, but the answer is lost */
#ifndef COMMIT_AFTER_FAILURE
    :: else -> forget_everything() /* fenced: the lane stops */
#endif
    fi;
    check_invariants() }
}

proctype Process() {
  byte source_held_in = 0, destination_held_in = 0;            /* the epochs in which it believes to own them; 0: not */
  mtype known_saga = none, known_decision = none;              /* speculative */
  bool reserve_waits = 0, credit_waits = 0, settle_waits = 0;  /* events in the lane, not yet durable */
  bool source_passes, destination_passes, with_reserve, with_credit, with_settle;
  do
  :: acquire_source()
  :: acquire_destination()
  :: die()
  :: reserve()
  :: credit_locally()
  :: settle_locally()
  :: send_credit()
  :: send_cancel()
  :: credit_on_message()
  :: record_refusal()
  :: answer_credited()
  :: answer_refused()
  :: settle_on_answer()
  :: release_on_answer()
  :: commit()
#ifdef ACKNOWLEDGE_SPECULATIVE
  :: atomic { known_saga == settled && settle_waits -> told_success = 1; check_invariants() }
#endif
  od
}

init {
  byte i;
  atomic { for (i : 1 .. PROCESSES) { run Process() } }
}
