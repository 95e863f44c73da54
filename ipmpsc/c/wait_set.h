/* Wait sets of the C interface: wait for many receivers, senders and descriptors at once.
 *
 *   ipmpsc_wait_set* set = NULL;
 *   ipmpsc_ready ready[16];
 *   size_t count = 0;
 *   if (ipmpsc_wait_set_create(NULL, &set) != IPMPSC_OK ||
 *       ipmpsc_wait_set_add_receiver(set, receiver, 0) != IPMPSC_OK ||
 *       ipmpsc_wait_set_add_fd(set, socket, EPOLLIN, 1) != IPMPSC_OK) {
 *     return failed();
 *   }
 *   while (ipmpsc_wait_set_wait(set, IPMPSC_FOREVER, ready, 16, &count) == IPMPSC_OK) {
 *     for (size_t i = 0; i < count; ++i) handle(&ready[i]);
 *   }
 *   ipmpsc_wait_set_free(&set);
 *
 * wait_set.h of C++ says more. docs/waiting.md explains how it sleeps. */
#ifndef IPMPSC_C_WAIT_SET_H_
#define IPMPSC_C_WAIT_SET_H_

#include <stddef.h>
#include <stdint.h>

#include "ipmpsc/c/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How a wait set sleeps for many channels at once (wait_options.h, `WaitMechanism`). */
enum {
  IPMPSC_MECHANISM_AUTOMATIC = 0,
  IPMPSC_MECHANISM_IO_URING = 1,
  IPMPSC_MECHANISM_HELPER_THREAD = 2,
  IPMPSC_MECHANISM_POLLING = 3
};

/* The options of a wait set. */
typedef struct ipmpsc_wait_set_options {
  size_t size;       /* of this structure in bytes */
  int32_t mechanism; /* IPMPSC_MECHANISM_...; for tests and comparisons */
  int32_t reserved;  /* 0 */
} ipmpsc_wait_set_options;

/* A member that need not be waited for. This structure is an element of an array, so it has no
 * `size` and never grows. */
typedef struct ipmpsc_ready {
  uint64_t tag;      /* as it was added */
  uint32_t events;   /* of a descriptor: EPOLLIN and so on; else 0 */
  uint32_t reserved; /* 0 */
} ipmpsc_ready;

/* The mechanism of a wait set, and counts since it was made. */
typedef struct ipmpsc_wait_set_statistics {
  size_t size;        /* of this structure in bytes, set by the caller */
  int32_t mechanism;  /* in use: IPMPSC_MECHANISM_..., not IPMPSC_MECHANISM_AUTOMATIC */
  int32_t reserved;   /* 0 */
  uint64_t members;   /* receivers, senders and descriptors */
  uint64_t sleeps;    /* of `ipmpsc_wait_set_wait` */
  uint64_t wakes;     /* of members by the mechanism */
  uint64_t looks;     /* at members */
  uint64_t unwatched; /* times that the kernel refused to watch: such a member is late by 1 ms */
} ipmpsc_wait_set_statistics;

/* Makes an empty set. `options` may be NULL. The caller frees `*out` with `ipmpsc_wait_set_free`.
 *
 * Errors:
 *  * INVALID_ARGUMENT   - an unknown mechanism
 *  * UNIMPLEMENTED      - the kernel does not have or forbids the mechanism that `options` demand
 *  * RESOURCE_EXHAUSTED - no descriptors, memory or threads are left */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status
ipmpsc_wait_set_create(const ipmpsc_wait_set_options* options, ipmpsc_wait_set** out);

/* Frees a set. Its members stay usable. A member that is freed before leaves the set. */
IPMPSC_API void ipmpsc_wait_set_free(ipmpsc_wait_set** set);

/* Add a member. The tag is the caller's. A receiver is ready for its messages and errors, and stays
 * ready when its channel has ended, so remove it then. A sender is ready when a message of
 * `payload_size` bytes would find space, or fail for another reason. A descriptor is ready for
 * `events` (EPOLLIN and so on); remove it before you close it.
 *
 * Errors of each function with a member:
 *  * ALREADY_EXISTS      - it is in this or another set, or has a descriptor of its own by
 *                          `ipmpsc_receiver_fd` or `ipmpsc_sender_fd`
 *  * INVALID_ARGUMENT    - such a message can never fit; epoll does not take the descriptor
 *  * RESOURCE_EXHAUSTED  - the kernel's limit of epoll watches is reached
 *  * FAILED_PRECONDITION - the set or the member was inherited through fork */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_wait_set_add_receiver(ipmpsc_wait_set* set,
                                                                      ipmpsc_receiver* receiver,
                                                                      uint64_t tag);
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_wait_set_add_sender(ipmpsc_wait_set* set,
                                                                    ipmpsc_sender* sender,
                                                                    size_t payload_size,
                                                                    uint64_t tag);
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_wait_set_add_fd(ipmpsc_wait_set* set, int fd,
                                                                uint32_t events, uint64_t tag);

/* Remove a member.
 *
 * Errors: NOT_FOUND - it is not in this set; FAILED_PRECONDITION - the set was inherited through
 * fork. */
IPMPSC_API ipmpsc_status ipmpsc_wait_set_remove_receiver(ipmpsc_wait_set* set,
                                                         ipmpsc_receiver* receiver);
IPMPSC_API ipmpsc_status ipmpsc_wait_set_remove_sender(ipmpsc_wait_set* set, ipmpsc_sender* sender);
IPMPSC_API ipmpsc_status ipmpsc_wait_set_remove_fd(ipmpsc_wait_set* set, int fd);

/* Waits until a member is ready, and fills `ready` from its beginning, at most `capacity` elements
 * and at most 1024. `*count` is how many: 0 if the timeout passed, and after an error. A member is
 * reported again as long as it is ready. With n members, each ready one is reported after at most
 * n - 1 others. A receiver may be reported for a discarded record: then `ipmpsc_try_receive`
 * returns UNAVAILABLE.
 *
 * Errors:
 *  * CANCELLED           - `ipmpsc_wait_set_interrupt` was called
 *  * INVALID_ARGUMENT    - `capacity` is 0
 *  * FAILED_PRECONDITION - the set was inherited through fork */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_wait_set_wait(ipmpsc_wait_set* set, int64_t timeout,
                                                              ipmpsc_ready* ready, size_t capacity,
                                                              size_t* count);

/* Sets `*fd` to a descriptor for an outer loop, always the same, which the set owns. It is readable
 * from an event on until an `ipmpsc_wait_set_wait` whose `*count` is 0, so call that with timeout 0
 * until it is, and then wait for the descriptor. `*fd` is -1 after an error.
 *
 * Errors: RESOURCE_EXHAUSTED - no descriptors are left; FAILED_PRECONDITION - the set was inherited
 * through fork. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_wait_set_fd(ipmpsc_wait_set* set, int* fd);

/* Ends a running wait of this set, or the next one, with CANCELLED. One call ends one wait. May be
 * called in any thread and in signal handlers while the set is not freed. NULL has no effect. */
IPMPSC_API void ipmpsc_wait_set_interrupt(ipmpsc_wait_set* set);

/* Fills `*statistics`, for diagnostics.
 *
 * Errors: INVALID_ARGUMENT - a NULL, or no `size`. */
IPMPSC_API ipmpsc_status ipmpsc_wait_set_get_statistics(const ipmpsc_wait_set* set,
                                                        ipmpsc_wait_set_statistics* statistics);

/* Returns why each better mechanism is not used, or "". "" for NULL. The string belongs to the set
 * and is valid until its next call. */
IPMPSC_API const char* ipmpsc_wait_set_refused(ipmpsc_wait_set* set);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* IPMPSC_C_WAIT_SET_H_ */
