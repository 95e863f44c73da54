/* Senders of the C interface, their loans and batches. sender.h of C++ says more. */
#ifndef IPMPSC_C_SENDER_H_
#define IPMPSC_C_SENDER_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipmpsc/c/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The options of a sender. */
typedef struct ipmpsc_sender_options {
  size_t size;           /* of this structure in bytes */
  const char* name;      /* shown by errors and tools; cut to 64 bytes; NULL: the program's */
  bool require_receiver; /* sends return UNAVAILABLE while no living receiver is attached */
  bool require_path;     /* sends return ABORTED once the channel's file has left its path */
  bool reserved[6];      /* false */
  int64_t timeout;       /* ns to wait for a free slot if all have an owner */
} ipmpsc_sender_options;

/* Takes a free sender slot. `options` may be NULL. The caller frees `*out` with
 * `ipmpsc_sender_free`.
 *
 * Errors: as `Sender::Attach` in sender.h. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_sender_attach(const ipmpsc_channel* channel,
                                                              const ipmpsc_sender_options* options,
                                                              ipmpsc_sender** out);
/* Detaches. An open loan stays usable. */
IPMPSC_API void ipmpsc_sender_free(ipmpsc_sender** sender);

/* Returns the number of the slot, 0 to max_senders - 1, and 0 for NULL. */
IPMPSC_API uint16_t ipmpsc_sender_slot(const ipmpsc_sender* sender);

/* Send a message of `size` bytes. `data` may be NULL if `size` is 0. `try` does not wait; `send`
 * waits for space; `when_empty` waits until all earlier messages have been released.
 *
 * Errors of each function that sends, as of class `Sender` in sender.h:
 *  * INVALID_ARGUMENT    - the message is longer than `ipmpsc_channel_max_payload`
 *  * FAILED_PRECONDITION - a loan of this sender is open; the channel is closed; the sender was
 *                          inherited through fork
 *  * ABORTED             - the channel was replaced; or, with `require_path`, its file is gone
 *  * UNAVAILABLE         - with `require_receiver`: there is no living receiver
 *  * DATA_LOSS           - some process damaged the channel
 *  * RESOURCE_EXHAUSTED  - `try`: the ring is full; in a lossy channel each of them: the message is
 *                          dropped and counted
 *  * DEADLINE_EXCEEDED   - the others: the ring was full, or not empty, until the timeout
 *  * CANCELLED           - the others: `ipmpsc_sender_interrupt` was called; nothing is sent */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_try_send(ipmpsc_sender* sender, const void* data,
                                                         size_t size);
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_send(ipmpsc_sender* sender, const void* data,
                                                     size_t size, int64_t timeout);
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_send_when_empty(ipmpsc_sender* sender,
                                                                const void* data, size_t size,
                                                                int64_t timeout);

/* The bytes of one message of a batch. */
typedef struct ipmpsc_bytes {
  const void* data; /* may be NULL if size is 0 */
  size_t size;      /* in bytes */
} ipmpsc_bytes;

/* Send `count` messages in one step: the receiver gets them together and in order, and if this
 * process dies, all of them or none. `messages` may be NULL if `count` is 0.
 *
 * Errors: as `ipmpsc_try_send` and `ipmpsc_send`; INVALID_ARGUMENT - they can never fit
 * together. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_try_send_batch(ipmpsc_sender* sender,
                                                               const ipmpsc_bytes* messages,
                                                               size_t count);
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_send_batch(ipmpsc_sender* sender,
                                                           const ipmpsc_bytes* messages,
                                                           size_t count, int64_t timeout);

/* Writes message `i` of a batch: `size` bytes at `data`, which belong to the ring and are the
 * callback's only during the call. Returns false to give the whole batch up. */
typedef bool (*ipmpsc_write_message)(void* context, size_t i, void* data, size_t size);

/* Send a batch of messages of `sizes`, each of which `write` fills in place.
 *
 * Errors: as `ipmpsc_try_send_batch` and `ipmpsc_send_batch`; CANCELLED - `write` returned false,
 * so no message was sent; UNKNOWN - `write` is C++ code that threw, and no message was sent. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_try_write_batch(ipmpsc_sender* sender,
                                                                const size_t* sizes, size_t count,
                                                                ipmpsc_write_message write,
                                                                void* context);
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_write_batch(ipmpsc_sender* sender,
                                                            const size_t* sizes, size_t count,
                                                            ipmpsc_write_message write,
                                                            void* context, int64_t timeout);

/* Claim a record of `size` bytes to be filled in place: one loan at a time. `*data` are its bytes,
 * not zeroed, 16-byte aligned, and the caller's until the loan is settled. No message that was
 * claimed later is received before that. `data` may be NULL. The caller settles `*out` with
 * `ipmpsc_loan_publish` or `ipmpsc_loan_discard`.
 *
 * Errors: as `ipmpsc_try_send`, `ipmpsc_send` and `ipmpsc_send_when_empty`. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_try_claim(ipmpsc_sender* sender, size_t size,
                                                          ipmpsc_loan** out, void** data);
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_claim(ipmpsc_sender* sender, size_t size,
                                                      int64_t timeout, ipmpsc_loan** out,
                                                      void** data);
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_claim_when_empty(ipmpsc_sender* sender, size_t size,
                                                                 int64_t timeout, ipmpsc_loan** out,
                                                                 void** data);

/* Return the bytes of an open loan, their number, and the record's place in the order of all
 * records. For NULL: NULL, 0 and 0. */
IPMPSC_API void* ipmpsc_loan_data(const ipmpsc_loan* loan);
IPMPSC_API size_t ipmpsc_loan_size(const ipmpsc_loan* loan);
IPMPSC_API uint64_t ipmpsc_loan_position(const ipmpsc_loan* loan);

/* Commits the first `size` bytes of the loan, frees the loan and sets `*loan` to NULL.
 *
 * Errors: INVALID_ARGUMENT - `*loan` is NULL: it was settled before; or `size` exceeds the claimed
 * size, and the loan stays open. FAILED_PRECONDITION - the loan was inherited through fork. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_loan_publish(ipmpsc_loan** loan, size_t size);

/* Gives the record back unsent, frees the loan and sets `*loan` to NULL. */
IPMPSC_API void ipmpsc_loan_discard(ipmpsc_loan** loan);

/* Returns how many messages this sender has dropped in a lossy channel; else, and for NULL, 0. */
IPMPSC_API uint64_t ipmpsc_sender_dropped(const ipmpsc_sender* sender);

/* Returns the end of the last record that this sender has claimed, and 0 for NULL. The record is
 * released when `ipmpsc_channel_released_position` has reached it. */
IPMPSC_API uint64_t ipmpsc_sender_sent_position(const ipmpsc_sender* sender);

/* Sets the number of the next message (`sequence` of `ipmpsc_message`), from which the sender goes
 * on counting. For a sender that passes on messages which have numbers already.
 *
 * Errors: INVALID_ARGUMENT - 0, or the slot has given that number or a larger one.
 * FAILED_PRECONDITION - the channel has no timestamps; a loan of this sender is open; the sender
 * was inherited through fork. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_sender_set_next_sequence(ipmpsc_sender* sender,
                                                                         uint64_t sequence);

/* Waits until the receiver has released all messages before `position`: flow control from end to
 * end. A message is not released while a lease holds it.
 *
 * Errors, as of `Sender::WaitUntilReleased` in sender.h:
 *  * DEADLINE_EXCEEDED   - not until the timeout
 *  * INVALID_ARGUMENT    - no sender has claimed up to `position` yet
 *  * FAILED_PRECONDITION - the sender was inherited through fork
 *  * UNAVAILABLE         - with `require_receiver`: there is no living receiver
 *  * ABORTED             - with `require_path`: the channel's file is gone
 *  * CANCELLED           - `ipmpsc_sender_interrupt` was called */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_wait_until_released(ipmpsc_sender* sender,
                                                                    uint64_t position,
                                                                    int64_t timeout);

/* Ends a call of this sender that sleeps, or else the next one that is about to, with CANCELLED.
 * One call ends one wait. May be called in any thread and in signal handlers while the sender is
 * not freed. NULL has no effect. */
IPMPSC_API void ipmpsc_sender_interrupt(ipmpsc_sender* sender);

/* Sets `*fd` to a descriptor for an event loop, which the sender owns. It becomes readable when a
 * message of `payload_size` bytes would find space, or fail for another reason. Follow "try, arm,
 * wait": call `ipmpsc_try_send` until it returns RESOURCE_EXHAUSTED, then `ipmpsc_sender_arm`, and
 * wait if that returns true. `*fd` is -1 after an error.
 *
 * Errors:
 *  * FAILED_PRECONDITION - the sender is in a wait set, or was inherited through fork
 *  * INVALID_ARGUMENT    - such a message can never fit
 *  * RESOURCE_EXHAUSTED  - no descriptors are left */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_sender_fd(ipmpsc_sender* sender,
                                                          size_t payload_size, int* fd);
/* Makes the descriptor unreadable until there is space. Returns false if there is space already, or
 * if there is no descriptor: send first. False for NULL. */
IPMPSC_API bool ipmpsc_sender_arm(ipmpsc_sender* sender);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* IPMPSC_C_SENDER_H_ */
