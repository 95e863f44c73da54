/* Snapshots of the C interface: what a channel holds, and who uses it. */
#ifndef IPMPSC_C_SNAPSHOT_H_
#define IPMPSC_C_SNAPSHOT_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipmpsc/c/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the owner of a slot lives, by the kernel's answer about its lock. */
enum { IPMPSC_DEAD = 0, IPMPSC_ALIVE = 1, IPMPSC_LIVENESS_UNKNOWN = 2 };

/* For what a receiver sleeps (stats.h, `ReceiverStats::Wait`). */
enum { IPMPSC_WAIT_NONE = 0, IPMPSC_WAIT_FOR_CLAIM = 1, IPMPSC_WAIT_FOR_COMMIT = 2 };

/* stats.h describes the fields of the three structures below under the same names. Times are ns
 * since 1970, and 0 if unknown. Durations are in nanoseconds. */
typedef struct ipmpsc_channel_stats {
  size_t size; /* of this structure in bytes, set by the caller */
  char id[33]; /* 32 hexadecimal digits and a NUL */
  bool timestamps;
  bool huge_pages;
  bool full_barriers;
  bool closed;
  bool replaced;
  bool damaged;
  bool senders_wait;
  int64_t created_at;
  uint64_t capacity;
  uint64_t max_payload;
  uint64_t claim_position;
  uint64_t release_position;
  uint64_t fill;
  uint64_t high_water;
  uint32_t max_senders;
  uint32_t attached_senders;
  bool has_turn; /* whether the next three fields mean something */
  bool has_oldest_open_claim;
  bool has_oldest_record;
  bool oldest_record_committed;
  uint16_t turn_sender;
  uint16_t oldest_open_claim_sender;
  uint64_t turn_bytes;
  int64_t turn_left;
  uint64_t oldest_open_claim_position;
  uint64_t oldest_open_claim_bytes;
  uint64_t oldest_record_position;
  uint64_t oldest_record_payload_bytes;
  uint16_t oldest_record_sender;
  uint16_t reserved[3];      /* 0 */
  uint64_t dropped_messages; /* in a lossy channel */
  bool drops_newest;         /* a lossy channel: IPMPSC_ON_FULL_DROP_NEWEST */
  bool stale_turn;
  bool reserved_too[6]; /* false */
} ipmpsc_channel_stats;

/* A sender of a snapshot. */
typedef struct ipmpsc_sender_stats {
  size_t size;   /* of this structure in bytes, set by the caller */
  char name[65]; /* any bytes of another process but NUL: escape them to print them */
  bool pid_is_ours;
  bool died;
  bool has_open_claim;
  int32_t liveness; /* IPMPSC_DEAD, IPMPSC_ALIVE, IPMPSC_LIVENESS_UNKNOWN */
  uint32_t pid;
  uint32_t owners;
  uint16_t slot;
  uint16_t reserved[3]; /* 0 */
  int64_t attached_at;
  uint64_t sent_messages;
  uint64_t sent_bytes;
  uint64_t last_sequence;
  uint64_t full_waits;
  int64_t waited;
  uint64_t lost_races;
  uint64_t turns;
  uint64_t refused;
  uint64_t high_water;
  uint64_t open_claim_position;
  uint64_t open_claim_bytes;
  uint64_t dropped_messages; /* in a lossy channel */
} ipmpsc_sender_stats;

/* The receiver of a snapshot. */
typedef struct ipmpsc_receiver_stats {
  size_t size;   /* of this structure in bytes, set by the caller */
  char name[65]; /* as of a sender */
  bool pid_is_ours;
  bool died;
  bool reserved; /* false */
  int32_t liveness;
  uint32_t pid;
  uint32_t epoch;
  int32_t wait;          /* IPMPSC_WAIT_... */
  uint32_t reserved_too; /* 0 */
  int64_t attached_at;
  uint64_t received_messages;
  uint64_t received_bytes;
  uint64_t discarded_records;
  uint64_t orphaned_records;
  uint64_t orphaned_bytes;
  uint64_t sleeps;
  uint64_t redelivered_bytes;
  uint64_t skipped_messages; /* of those received: passed over for newer ones */
} ipmpsc_receiver_stats;

/* Takes a snapshot of a channel. It takes no lock and writes nothing. The caller frees `*out` with
 * `ipmpsc_snapshot_free`. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_snapshot_take(const ipmpsc_channel* channel,
                                                              ipmpsc_snapshot** out);
/* Frees a snapshot. */
IPMPSC_API void ipmpsc_snapshot_free(ipmpsc_snapshot** snapshot);

/* Fill a structure from a snapshot. `i` counts the slots that have had an owner:
 * 0 to `ipmpsc_snapshot_senders` - 1.
 *
 * Errors:
 *  * INVALID_ARGUMENT - a NULL, or no `size`
 *  * OUT_OF_RANGE     - there is no sender `i`
 *  * NOT_FOUND        - the channel has had no receiver */
IPMPSC_API ipmpsc_status ipmpsc_snapshot_channel(const ipmpsc_snapshot* snapshot,
                                                 ipmpsc_channel_stats* stats);
IPMPSC_API ipmpsc_status ipmpsc_snapshot_sender(const ipmpsc_snapshot* snapshot, size_t i,
                                                ipmpsc_sender_stats* stats);
IPMPSC_API ipmpsc_status ipmpsc_snapshot_receiver(const ipmpsc_snapshot* snapshot,
                                                  ipmpsc_receiver_stats* stats);

/* Returns the path by which the channel was opened, and "" if it has none or for NULL. The string
 * belongs to the snapshot. */
IPMPSC_API const char* ipmpsc_snapshot_path(const ipmpsc_snapshot* snapshot);

/* Returns the number of slots that have had an owner, and 0 for NULL. */
IPMPSC_API size_t ipmpsc_snapshot_senders(const ipmpsc_snapshot* snapshot);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* IPMPSC_C_SNAPSHOT_H_ */
