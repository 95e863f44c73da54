/* Taps of the C interface: look without taking part. tap.h of C++ says more. */
#ifndef IPMPSC_C_TAP_H_
#define IPMPSC_C_TAP_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipmpsc/c/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a tap begins (tap.h, `TapStart`). */
enum { IPMPSC_TAP_NOW = 0, IPMPSC_TAP_OLDEST_UNRELEASED = 1, IPMPSC_TAP_OLDEST_KEPT = 2 };

/* The options of a tap. */
typedef struct ipmpsc_tap_options {
  size_t size;      /* of this structure in bytes */
  int32_t start;    /* IPMPSC_TAP_... */
  int32_t reserved; /* 0 */
} ipmpsc_tap_options;

/* One message of a tap. The bytes are a copy that belongs to the tap, valid until its next call. */
typedef struct ipmpsc_tap_message {
  size_t size;          /* of this structure in bytes, set by the caller */
  const void* data;     /* the bytes; never NULL */
  size_t data_size;     /* in bytes */
  uint64_t position;    /* in the order of all records */
  uint64_t sequence;    /* in channels with timestamps; else 0 */
  int64_t sent_at;      /* in channels with timestamps: ns since 1970; else 0 */
  uint64_t lost_before; /* bytes lost between the message before and this one */
  uint16_t sender;      /* slot of the sender */
  uint16_t reserved[3]; /* 0 */
} ipmpsc_tap_message;

/* The losses of a tap since it was opened. Bytes are with headers and padding, and exact. */
typedef struct ipmpsc_tap_loss {
  size_t size;             /* of this structure in bytes, set by the caller */
  uint64_t bytes;          /* overwritten before they were read */
  uint64_t messages;       /* in these bytes */
  uint64_t overtakings;    /* times that senders overtook the tap */
  uint64_t holes;          /* claims of senders that died before they committed */
  uint64_t hole_bytes;     /* of the holes */
  bool messages_are_exact; /* else `messages` is an estimate */
  bool reserved[7];        /* false */
} ipmpsc_tap_loss;

/* Opens the channel at `path` read-only and begins to read beside its receiver. `options` may be
 * NULL. The caller frees `*out` with `ipmpsc_tap_free`.
 *
 * Errors: as `Channel::OpenReadOnly` in channel.h; INVALID_ARGUMENT - an unknown start. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_tap_open(const char* path,
                                                         const ipmpsc_tap_options* options,
                                                         ipmpsc_tap** out);
/* Looks at an open channel, which may be an anonymous one. The caller frees `*out` with
 * `ipmpsc_tap_free`.
 *
 * Errors: INVALID_ARGUMENT - an unknown start. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_tap_over(const ipmpsc_channel* channel,
                                                         const ipmpsc_tap_options* options,
                                                         ipmpsc_tap** out);
/* Frees a tap. */
IPMPSC_API void ipmpsc_tap_free(ipmpsc_tap** tap);

/* Return the next message of a tap: `try` if one is there, the other waits for it.
 *
 * Errors, as of class `Tap` in tap.h:
 *  * UNAVAILABLE       - `try`: there is none now
 *  * DEADLINE_EXCEEDED - the other: none came until the timeout
 *  * OUT_OF_RANGE      - the channel is closed, and all messages have been read
 *  * ABORTED           - the channel was replaced, and all messages have been read
 *  * DATA_LOSS         - the channel is damaged */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_tap_try_next(ipmpsc_tap* tap,
                                                             ipmpsc_tap_message* message);
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_tap_next(ipmpsc_tap* tap, int64_t timeout,
                                                         ipmpsc_tap_message* message);

/* Returns the position of the next record or of the next search, and 0 for NULL. */
IPMPSC_API uint64_t ipmpsc_tap_position(const ipmpsc_tap* tap);

/* Fills `*loss`.
 *
 * Errors: INVALID_ARGUMENT - a NULL, or no `size`. */
IPMPSC_API ipmpsc_status ipmpsc_tap_get_loss(const ipmpsc_tap* tap, ipmpsc_tap_loss* loss);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* IPMPSC_C_TAP_H_ */
