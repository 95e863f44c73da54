/* Channels of the C interface: create, open, close and pass them. channel.h of C++ says more. */
#ifndef IPMPSC_C_CHANNEL_H_
#define IPMPSC_C_CHANNEL_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipmpsc/c/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The behavior of `ipmpsc_channel_create` when the path is taken (options.h, `ExistPolicy`). */
enum {
  IPMPSC_EXIST_FAIL = 0,
  IPMPSC_EXIST_OPEN = 1,
  IPMPSC_EXIST_REPLACE = 2,
  IPMPSC_EXIST_OPEN_OR_REPLACE = 3
};

/* The fate of a message for which a channel has no space (options.h, `OnFull`). */
enum {
  IPMPSC_ON_FULL_WAIT = 0,       /* its sender waits, as long as it wants to */
  IPMPSC_ON_FULL_DROP_NEWEST = 1 /* a lossy channel: it is dropped and counted, no sender waits */
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
  int32_t on_full;         /* IPMPSC_ON_FULL_... */
  bool accept_smaller;     /* opens a channel that has less than these options ask for */
  bool reserved_too[3];    /* false */
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
 * Errors: as `Channel::Create` in channel.h; INVALID_ARGUMENT - also an unknown
 * exist_policy or on_full. */
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
 * has closed it; `id` is 32 hexadecimal digits, or "" without memory for them; the description may
 * contain any bytes. `on_full` returns IPMPSC_ON_FULL_.... The receiver has released all messages
 * before `released_position`, and holds and reads nothing there any more. */
IPMPSC_API int32_t ipmpsc_channel_state(const ipmpsc_channel* channel);
IPMPSC_API bool ipmpsc_channel_has_receiver(const ipmpsc_channel* channel);
IPMPSC_API bool ipmpsc_channel_has_sender(const ipmpsc_channel* channel);
IPMPSC_API const char* ipmpsc_channel_path(const ipmpsc_channel* channel);
IPMPSC_API const char* ipmpsc_channel_id(const ipmpsc_channel* channel);
IPMPSC_API int ipmpsc_channel_fd(const ipmpsc_channel* channel);
IPMPSC_API uint64_t ipmpsc_channel_capacity(const ipmpsc_channel* channel);
IPMPSC_API size_t ipmpsc_channel_max_payload(const ipmpsc_channel* channel);
IPMPSC_API uint32_t ipmpsc_channel_max_senders(const ipmpsc_channel* channel);
IPMPSC_API int32_t ipmpsc_channel_on_full(const ipmpsc_channel* channel);
IPMPSC_API uint64_t ipmpsc_channel_released_position(const ipmpsc_channel* channel);
IPMPSC_API const void* ipmpsc_channel_description(const ipmpsc_channel* channel, size_t* size);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* IPMPSC_C_CHANNEL_H_ */
