/* Post-mortems of the C interface: read what a channel's programs left behind when all died.
 *
 *   ipmpsc_post_mortem* found = NULL;
 *   ipmpsc_post_mortem_message message = {sizeof message};
 *   if (ipmpsc_post_mortem_open("/dev/shm/quotes", &found) != IPMPSC_OK) return failed();
 *   while (ipmpsc_post_mortem_next(found, &message) == IPMPSC_OK) {
 *     show(message.data, message.data_size, message.released ? "received" : "not received");
 *   }
 *   ipmpsc_post_mortem_free(&found);
 *
 * post_mortem.h of C++ says more. docs/looking.md has the uses. */
#ifndef IPMPSC_C_POST_MORTEM_H_
#define IPMPSC_C_POST_MORTEM_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipmpsc/c/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One message of a post-mortem. The bytes are a copy that belongs to the post-mortem, valid until
 * its next call. */
typedef struct ipmpsc_post_mortem_message {
  size_t size;          /* of this structure in bytes, set by the caller */
  const void* data;     /* the payload */
  size_t data_size;     /* in bytes */
  uint64_t position;    /* in the order of all records */
  uint64_t sequence;    /* in channels with timestamps; else 0 */
  int64_t sent_at;      /* in channels with timestamps: ns since 1970; else 0 */
  uint64_t lost_before; /* bytes lost between the message before and this one */
  uint16_t sender;      /* slot of the sender */
  bool released;        /* a receiver had released it; else the next receiver gets it */
  bool reserved[5];     /* false */
} ipmpsc_post_mortem_message;

/* A claim of a sender that died before it committed. */
typedef struct ipmpsc_orphan {
  size_t size;       /* of this structure in bytes, set by the caller */
  uint64_t position; /* in the order of all records */
  uint64_t bytes;    /* with headers and padding */
  uint16_t sender;   /* slot of the sender, if `has_sender` */
  bool has_sender;   /* it is known until the claim is released */
  bool released;     /* a receiver had stepped over it; several in a row may count as one then */
  bool reserved[4];  /* false */
} ipmpsc_orphan;

/* Copies the file at `path`, which takes as much memory as the file has, and changes nothing of it.
 * The caller frees `*out` with `ipmpsc_post_mortem_free`.
 *
 * Errors: as `ipmpsc_channel_open_read_only`; and
 *  * FAILED_PRECONDITION - a participant is alive, or the kernel does not say: use a tap
 *  * DATA_LOSS           - also if the file is truncated while it is read
 *  * RESOURCE_EXHAUSTED  - also if there is no memory for the copy */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_post_mortem_open(const char* path,
                                                                 ipmpsc_post_mortem** out);
/* Frees a post-mortem. */
IPMPSC_API void ipmpsc_post_mortem_free(ipmpsc_post_mortem** post_mortem);

/* Fills `*message` with the next message, from the oldest one on: first those that the last
 * receiver had released and that are not overwritten, then those that were not released.
 *
 * Errors: OUT_OF_RANGE - that was the last one; DATA_LOSS - the channel is damaged at this place,
 * and no more messages can be read. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status
ipmpsc_post_mortem_next(ipmpsc_post_mortem* post_mortem, ipmpsc_post_mortem_message* message);

/* Returns the number of orphans among the records that were read so far, and 0 for NULL. */
IPMPSC_API size_t ipmpsc_post_mortem_orphans(const ipmpsc_post_mortem* post_mortem);

/* Fills `*orphan` with orphan `i`: 0 to `ipmpsc_post_mortem_orphans` - 1.
 *
 * Errors: INVALID_ARGUMENT - a NULL, or no `size`; OUT_OF_RANGE - there is no orphan `i`. */
IPMPSC_API ipmpsc_status ipmpsc_post_mortem_orphan(const ipmpsc_post_mortem* post_mortem, size_t i,
                                                   ipmpsc_orphan* orphan);

/* Takes a snapshot of the state in which the programs left the channel: `died` says who was
 * attached at the end. The caller frees `*out` with `ipmpsc_snapshot_free`. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status
ipmpsc_post_mortem_snapshot(const ipmpsc_post_mortem* post_mortem, ipmpsc_snapshot** out);

/* Hands out the copy, for its description. Ends cannot be attached to it. The caller frees `*out`
 * with `ipmpsc_channel_free`, before or after the post-mortem. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status
ipmpsc_post_mortem_channel(const ipmpsc_post_mortem* post_mortem, ipmpsc_channel** out);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* IPMPSC_C_POST_MORTEM_H_ */
