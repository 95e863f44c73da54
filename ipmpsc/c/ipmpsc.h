/* The C interface: channels, senders, receivers, taps and snapshots, for C and for other languages.
 *
 *   ipmpsc_channel* channel = NULL;
 *   ipmpsc_sender* sender = NULL;
 *   if (ipmpsc_channel_open("/dev/shm/quotes", NULL, &channel) != IPMPSC_OK ||
 *       ipmpsc_sender_attach(channel, NULL, &sender) != IPMPSC_OK ||
 *       ipmpsc_send(sender, "hello", 5, IPMPSC_SECOND) != IPMPSC_OK) {
 *     fprintf(stderr, "%s\n", ipmpsc_error_text());
 *   }
 *   ipmpsc_sender_free(&sender);
 *   ipmpsc_channel_free(&channel);
 *
 * The library is libipmpsc_c.so. The functions do what the C++ functions of the same names do
 * (channel.h, sender.h, receiver.h, tap.h), whose comments say more. docs/c.md has examples, and
 * the rules by which this interface changes.
 *
 * Errors. A function that can fail returns an `ipmpsc_status`. After a failure
 * `ipmpsc_error_text()` says what happened and what to do. Beside the codes in its list, each such
 * function returns
 *  * IPMPSC_INVALID_ARGUMENT   - a pointer that must not be NULL is NULL; or `size` of a structure
 *                                is not set
 *  * IPMPSC_RESOURCE_EXHAUSTED - no memory is left
 * A failed function changes nothing of the caller's but its outputs: a handle that it would have
 * made is NULL. No function throws a C++ exception.
 *
 * Ownership. A function with an output `x** out` makes a handle. The caller owns it and gives it
 * back with the function that its comment names. That function takes the address of the caller's
 * pointer and sets it to NULL, so a second call has no effect, and neither has one with NULL.
 * Handles keep alive what they need: a channel may be freed before its sender, a sender before its
 * loan, a receiver before its leases. Pointers to bytes belong to the handle that gave them. The
 * library copies every string and structure that it is given.
 *
 * Threads. A channel may be used by several threads at the same time. Any other handle, together
 * with its loans or leases, is for one thread at a time. Error texts are per thread.
 *
 * Fork. A sender, a receiver, a loan or a lease does not work in a forked child, where it returns
 * IPMPSC_FAILED_PRECONDITION. The child may free it, and attaches anew. A child of a fork that
 * happened while another thread was inside this library may only call exec or _exit.
 *
 * Structures. The caller sets `size` to the size of the structure; the other fields that are zero
 * have the default. So `ipmpsc_sender_options options = {sizeof options};` is complete. Later
 * versions add fields at the end. A library that is older than the program refuses a field that it
 * does not know, unless it is zero. */
#ifndef IPMPSC_C_IPMPSC_H_
#define IPMPSC_C_IPMPSC_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An attribute of the functions that the library exports. */
#if defined(__GNUC__)
#define IPMPSC_API __attribute__((visibility("default")))
#define IPMPSC_MUST_USE __attribute__((warn_unused_result)) /* its result must be used */
#else
#define IPMPSC_API
#define IPMPSC_MUST_USE
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Status codes. The numbers are those of absl::StatusCode and of gRPC. */
typedef int32_t ipmpsc_status;
enum {
  IPMPSC_OK = 0,
  IPMPSC_CANCELLED = 1,
  IPMPSC_UNKNOWN = 2,
  IPMPSC_INVALID_ARGUMENT = 3,
  IPMPSC_DEADLINE_EXCEEDED = 4,
  IPMPSC_NOT_FOUND = 5,
  IPMPSC_ALREADY_EXISTS = 6,
  IPMPSC_PERMISSION_DENIED = 7,
  IPMPSC_RESOURCE_EXHAUSTED = 8,
  IPMPSC_FAILED_PRECONDITION = 9,
  IPMPSC_ABORTED = 10,
  IPMPSC_OUT_OF_RANGE = 11,
  IPMPSC_UNIMPLEMENTED = 12,
  IPMPSC_INTERNAL = 13,
  IPMPSC_UNAVAILABLE = 14,
  IPMPSC_DATA_LOSS = 15
};

/* Timeouts are in nanoseconds, from the call on. Zero and negative ones mean: do not wait. */
#define IPMPSC_MILLISECOND INT64_C(1000000)
#define IPMPSC_SECOND INT64_C(1000000000) /* a timeout of one second */
#define IPMPSC_FOREVER INT64_MAX          /* a wait without an end */

typedef struct ipmpsc_channel ipmpsc_channel;   /* a channel that is open */
typedef struct ipmpsc_sender ipmpsc_sender;     /* a sender that is attached */
typedef struct ipmpsc_loan ipmpsc_loan;         /* space of a message that is being written */
typedef struct ipmpsc_receiver ipmpsc_receiver; /* the receiver, attached */
typedef struct ipmpsc_lease ipmpsc_lease;       /* a message that was received and is kept */
typedef struct ipmpsc_tap ipmpsc_tap;           /* a reader that takes no part */
typedef struct ipmpsc_snapshot ipmpsc_snapshot; /* what a channel held at one moment */

/* Returns the version of the library, for instance "0.1.0". It is never freed. */
IPMPSC_API const char* ipmpsc_version(void);

/* Returns the name of a code, for instance "DEADLINE_EXCEEDED", and "UNKNOWN" for other numbers. It
 * is never freed. */
IPMPSC_API const char* ipmpsc_status_name(ipmpsc_status status);

/* Returns the text of this thread's last call that failed. It is valid until the thread's next call
 * that fails, and empty if that failure has no text: polling calls that find nothing have none. It
 * may contain bytes of other processes' names, escaped. Never NULL. */
IPMPSC_API const char* ipmpsc_error_text(void);

/* ---- Channels ---- */

/* The behavior of `ipmpsc_channel_create` when the path is taken (options.h, `ExistPolicy`). */
enum {
  IPMPSC_EXIST_FAIL = 0,
  IPMPSC_EXIST_OPEN = 1,
  IPMPSC_EXIST_REPLACE = 2,
  IPMPSC_EXIST_OPEN_OR_REPLACE = 3
};

/* The options of a channel that is created. */
typedef struct ipmpsc_channel_options {
  size_t size;             /* of this structure in bytes */
  uint64_t capacity;       /* bytes for records, 1 to 2^46; 0: 1 MiB */
  uint32_t max_senders;    /* 1 to 4096; 0: 64 */
  uint32_t mode;           /* permission bits of the file; 0: 0600 */
  int32_t exist_policy;    /* IPMPSC_EXIST_... */
  bool prefault;           /* maps every page at creation */
  bool huge_pages;         /* asks for huge pages */
  bool timestamps;         /* messages carry the time of their commit and a sequence number */
  bool reserved;           /* false */
  const void* description; /* at most 16 MiB; NULL if description_size is 0 */
  size_t description_size; /* in bytes */
} ipmpsc_channel_options;

/* The options of opening a channel. */
typedef struct ipmpsc_open_options {
  size_t size;      /* of this structure in bytes */
  int64_t timeout;  /* ns to wait for a channel to be created at the path */
  bool prefault;    /* maps every page when opening */
  bool reserved[7]; /* false */
} ipmpsc_open_options;

/* Creates a channel at `path`. `options` may be NULL: defaults. The caller frees `*out` with
 * `ipmpsc_channel_free`.
 *
 * Errors: as `Channel::Create` in channel.h; INVALID_ARGUMENT - also an unknown exist_policy. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_channel_create(
    const char* path, const ipmpsc_channel_options* options, ipmpsc_channel** out);

/* Creates a channel under a new name in /dev/shm, which `ipmpsc_channel_path` returns. The name is
 * removed when the channel and its last end of this process are freed. The caller frees `*out` with
 * `ipmpsc_channel_free`.
 *
 * Errors: as `ipmpsc_channel_create`. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status
ipmpsc_channel_create_temp(const ipmpsc_channel_options* options, ipmpsc_channel** out);

/* Creates a channel without a name. Other processes get its descriptor, inherited or by
 * `ipmpsc_channel_send_fd`. The caller frees `*out` with `ipmpsc_channel_free`.
 *
 * Errors: INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNAVAILABLE as `ipmpsc_channel_create`. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status
ipmpsc_channel_create_anonymous(const ipmpsc_channel_options* options, ipmpsc_channel** out);

/* Opens the channel at `path`, or waits for it to be created if `options->timeout` says so. The
 * caller frees `*out` with `ipmpsc_channel_free`.
 *
 * Errors: as `Channel::Open` in channel.h. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_channel_open(const char* path,
                                                             const ipmpsc_open_options* options,
                                                             ipmpsc_channel** out);

/* Opens the channel behind a file descriptor, which stays the caller's. The caller frees `*out`
 * with `ipmpsc_channel_free`.
 *
 * Errors: as `Channel::OpenFd` in channel.h. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_channel_open_fd(int fd,
                                                                const ipmpsc_open_options* options,
                                                                ipmpsc_channel** out);

/* Opens the channel at `path` to look: for a snapshot or a tap. Needs only the permission to read.
 * The caller frees `*out` with `ipmpsc_channel_free`.
 *
 * Errors: as `Channel::OpenReadOnly` in channel.h. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_channel_open_read_only(
    const char* path, const ipmpsc_open_options* options, ipmpsc_channel** out);

/* Frees a channel's handle. The channel itself goes on. */
IPMPSC_API void ipmpsc_channel_free(ipmpsc_channel** channel);

/* Ends the channel for all participants. Messages whose send returned OK are still received.
 *
 * Errors: INVALID_ARGUMENT - `channel` is NULL. */
IPMPSC_API ipmpsc_status ipmpsc_channel_close(ipmpsc_channel* channel);

/* Sends one byte with the channel's descriptor over a connected Unix socket.
 *
 * Errors: as `SendFd` in fd_passing.h. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_channel_send_fd(int socket,
                                                                const ipmpsc_channel* channel,
                                                                int64_t timeout);

/* Receives a descriptor from `ipmpsc_channel_send_fd` and opens its channel. `allow_unsealed` also
 * accepts a file that its sender can truncate, which kills this process (SIGBUS). The caller frees
 * `*out` with `ipmpsc_channel_free`.
 *
 * Errors: as `ReceiveFd` in fd_passing.h. */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_channel_receive_fd(int socket, int64_t timeout,
                                                                   bool allow_unsealed,
                                                                   ipmpsc_channel** out);

/* The states of a channel. */
enum {
  IPMPSC_CHANNEL_OPEN = 0,
  IPMPSC_CHANNEL_CLOSED = 1,
  IPMPSC_CHANNEL_REPLACED = 2,
  IPMPSC_CHANNEL_UNLINKED = 3 /* works, but its file is no longer at its path */
};

/* Return properties of a channel, and for NULL: -1, false, "" or 0. The strings belong to the
 * channel. `state` returns IPMPSC_CHANNEL_...; `fd` belongs to the channel and is -1 if the program
 * has closed it; `id` is 32 hexadecimal digits; the description may contain any bytes. */
IPMPSC_API int32_t ipmpsc_channel_state(const ipmpsc_channel* channel);
IPMPSC_API bool ipmpsc_channel_has_receiver(const ipmpsc_channel* channel);
IPMPSC_API bool ipmpsc_channel_has_sender(const ipmpsc_channel* channel);
IPMPSC_API const char* ipmpsc_channel_path(const ipmpsc_channel* channel);
IPMPSC_API const char* ipmpsc_channel_id(const ipmpsc_channel* channel);
IPMPSC_API int ipmpsc_channel_fd(const ipmpsc_channel* channel);
IPMPSC_API uint64_t ipmpsc_channel_capacity(const ipmpsc_channel* channel);
IPMPSC_API size_t ipmpsc_channel_max_payload(const ipmpsc_channel* channel);
IPMPSC_API uint32_t ipmpsc_channel_max_senders(const ipmpsc_channel* channel);
IPMPSC_API const void* ipmpsc_channel_description(const ipmpsc_channel* channel, size_t* size);

/* ---- Senders ---- */

/* The options of a sender. */
typedef struct ipmpsc_sender_options {
  size_t size;           /* of this structure in bytes */
  const char* name;      /* shown by errors and tools; cut to 64 bytes; NULL: the program's */
  bool require_receiver; /* sends return UNAVAILABLE while no living receiver is attached */
  bool require_path;     /* sends return ABORTED once the channel's file has left its path */
  bool reserved[6];      /* false */
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
 *  * RESOURCE_EXHAUSTED  - `try`: the ring is full
 *  * DEADLINE_EXCEEDED   - the others: the ring was full, or not empty, until the timeout */
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

/* ---- Receivers ---- */

/* The options of a receiver. */
typedef struct ipmpsc_receiver_options {
  size_t size;              /* of this structure in bytes */
  const char* name;         /* shown by errors and tools; cut to 64 bytes; NULL: the program's */
  int64_t timeout;          /* ns to wait for a living receiver to go */
  bool end_without_senders; /* receiving returns OUT_OF_RANGE when all senders are gone */
  bool require_path; /* receiving returns ABORTED once the channel's file has left its path */
  bool reserved[6];  /* false */
} ipmpsc_receiver_options;

/* Becomes the channel's receiver. `options` may be NULL. The caller frees `*out` with
 * `ipmpsc_receiver_free`.
 *
 * Errors: as `Receiver::Attach` in receiver.h. */
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
 *  * DEADLINE_EXCEEDED   - the other: no message came until the timeout */
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_try_receive(ipmpsc_receiver* receiver,
                                                            ipmpsc_lease** out,
                                                            ipmpsc_message* message);
IPMPSC_API IPMPSC_MUST_USE ipmpsc_status ipmpsc_receive(ipmpsc_receiver* receiver, int64_t timeout,
                                                        ipmpsc_lease** out,
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

/* ---- Taps: look without taking part ---- */

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

/* Fills `*loss`.
 *
 * Errors: INVALID_ARGUMENT - a NULL, or no `size`. */
IPMPSC_API ipmpsc_status ipmpsc_tap_get_loss(const ipmpsc_tap* tap, ipmpsc_tap_loss* loss);

/* ---- Snapshots: what a channel holds, and who uses it ---- */

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
  uint16_t reserved[3]; /* 0 */
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

/* Returns the number of slots that have had an owner, and 0 for NULL. */
IPMPSC_API size_t ipmpsc_snapshot_senders(const ipmpsc_snapshot* snapshot);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* IPMPSC_C_IPMPSC_H_ */
