/* Receivers of the C interface and their leases. receiver.h of C++ says more. */
#ifndef IPMPSC_C_RECEIVER_H_
#define IPMPSC_C_RECEIVER_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipmpsc/c/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a receiver starts (options.h, `ReceiverStart`). */
enum {
  IPMPSC_START_OLDEST = 0, /* at the oldest message that is not released */
  IPMPSC_START_NOW = 1     /* passes over all messages that were claimed before it attached */
};

/* The options of a receiver. */
typedef struct ipmpsc_receiver_options {
  size_t size;              /* of this structure in bytes */
  const char* name;         /* shown by errors and tools; cut to 64 bytes; NULL: the program's */
  int64_t timeout;          /* ns to wait for a living receiver to go */
  bool end_without_senders; /* receiving returns OUT_OF_RANGE when all senders are gone */
  bool require_path;    /* receiving returns ABORTED once the channel's file has left its path */
  bool reserved[6];     /* false */
  int32_t start;        /* IPMPSC_START_... */
  int32_t reserved_too; /* 0 */
} ipmpsc_receiver_options;

/* Becomes the channel's receiver. `options` may be NULL. The caller frees `*out` with
 * `ipmpsc_receiver_free`.
 *
 * Errors: as `Receiver::Attach` in receiver.h; INVALID_ARGUMENT - an unknown start. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_receiver_attach(
    const ipmpsc_channel* channel, const ipmpsc_receiver_options* options, ipmpsc_receiver** out);
/* Detaches, once the last lease is released too. */
IPMPSC_API void ipmpsc_receiver_free(ipmpsc_receiver** receiver);

/* One message in the ring. The library fills the first `size` bytes of the structure. */
typedef struct ipmpsc_message {
  size_t size;          /* of this structure in bytes, set by the caller */
  const void* data;     /* 16-byte aligned; never written, and valid until the lease is released */
  size_t data_size;     /* in bytes */
  uint64_t position;    /* in the order of all records; never repeats */
  uint64_t sequence;    /* in channels with timestamps, from 1 on; else 0 */
  int64_t sent_at;      /* in channels with timestamps: ns since 1970; else 0 */
  uint16_t sender;      /* slot of the sender */
  uint16_t reserved[3]; /* 0 */
} ipmpsc_message;

/* Take the next message: `try` if one is there, the other waits for it. `message` may be NULL. The
 * caller releases `*out` with `ipmpsc_lease_release`. Several leases may be held and released in
 * any order. Senders get the space back up to the oldest one that is held.
 *
 * Errors of each function that receives, as of class `Receiver` in receiver.h:
 *  * OUT_OF_RANGE        - all messages have been received, and the channel is closed; or, with
 *                          `end_without_senders`, all senders are gone
 *  * ABORTED             - all messages have been received, and the channel was replaced; or, with
 *                          `require_path`, its file is gone
 *  * DATA_LOSS           - some process damaged the channel
 *  * FAILED_PRECONDITION - the receiver was inherited through fork, or it has lost its lock
 *  * UNAVAILABLE         - `try`: there is no message now
 *  * DEADLINE_EXCEEDED   - the other: no message came until the timeout
 *  * CANCELLED           - the other: `ipmpsc_receiver_interrupt` was called */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_try_receive(ipmpsc_receiver* receiver,
                                                            ipmpsc_lease** out,
                                                            ipmpsc_message* message);
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_receive(ipmpsc_receiver* receiver, int64_t timeout,
                                                        ipmpsc_lease** out,
                                                        ipmpsc_message* message);

/* The same, but take the newest message and release those before it unread, for values of which
 * only the latest counts. `ipmpsc_receiver_skipped` counts the others. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_try_receive_latest(ipmpsc_receiver* receiver,
                                                                   ipmpsc_lease** out,
                                                                   ipmpsc_message* message);
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_receive_latest(ipmpsc_receiver* receiver,
                                                               int64_t timeout, ipmpsc_lease** out,
                                                               ipmpsc_message* message);

/* Fills `*message` with the message of a lease.
 *
 * Errors: INVALID_ARGUMENT - a NULL, or no `size`. */
IPMPSC_API ipmpsc_status ipmpsc_lease_message(const ipmpsc_lease* lease, ipmpsc_message* message);

/* Gives the message back, frees the lease and sets `*lease` to NULL. */
IPMPSC_API void ipmpsc_lease_release(ipmpsc_lease** lease);

/* Handles one message of a drain. The bytes are the callback's during the call only. Returns false
 * to end the drain behind this message. */
typedef bool (*ipmpsc_handle_message)(void* context, const ipmpsc_message* message);

/* Calls `handle` for each message that is there, at most `max_messages`, and does not wait.
 * `*count` is how many were handled. `count` may be NULL. A message is handled and released when
 * the callback returns.
 *
 * Errors: as `ipmpsc_try_receive`, but only if there was no message to handle; UNKNOWN -
 * `handle` is C++ code that threw: its message and those before it are handled, and `*count`
 * includes them. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_drain(ipmpsc_receiver* receiver,
                                                      size_t max_messages,
                                                      ipmpsc_handle_message handle, void* context,
                                                      size_t* count);

/* Returns how many messages this receiver has passed over: the backlog of IPMPSC_START_NOW, and
 * older ones than those of `ipmpsc_receive_latest`. `*bytes`, which may be NULL, are those of their
 * payloads. 0 for NULL. */
IPMPSC_API uint64_t ipmpsc_receiver_skipped(const ipmpsc_receiver* receiver, uint64_t* bytes);

/* Returns how many messages the senders of a lossy channel have dropped since it was created; in
 * other channels, and for NULL, 0. */
IPMPSC_API uint64_t ipmpsc_receiver_dropped(const ipmpsc_receiver* receiver);

/* Ends a call of this receiver that sleeps, or else the next one that is about to, with CANCELLED.
 * One call ends one wait. May be called in any thread and in signal handlers while the receiver is
 * not freed. NULL has no effect. */
IPMPSC_API void ipmpsc_receiver_interrupt(ipmpsc_receiver* receiver);

/* Sets `*fd` to a descriptor for an event loop, which the receiver owns. It becomes readable when
 * `ipmpsc_try_receive` has a result. Follow "drain, arm, wait": receive until UNAVAILABLE, then
 * call `ipmpsc_receiver_arm`, and wait if that returns true. `*fd` is -1 after an error.
 *
 * Errors:
 *  * FAILED_PRECONDITION - the receiver is in a wait set, or was inherited through fork
 *  * RESOURCE_EXHAUSTED  - no descriptors are left */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_receiver_fd(ipmpsc_receiver* receiver, int* fd);
/* Makes the descriptor unreadable until the next message, end or error. Returns false if there is
 * one already, or if `ipmpsc_receiver_fd` fails: receive first. False for NULL. */
IPMPSC_API bool ipmpsc_receiver_arm(ipmpsc_receiver* receiver);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* IPMPSC_C_RECEIVER_H_ */
