/* Status codes, timeouts, and the handles of the C interface. ipmpsc.h has its rules. */
#ifndef IPMPSC_C_BASE_H_
#define IPMPSC_C_BASE_H_

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

typedef struct ipmpsc_channel ipmpsc_channel;         /* a channel that is open */
typedef struct ipmpsc_sender ipmpsc_sender;           /* a sender that is attached */
typedef struct ipmpsc_loan ipmpsc_loan;               /* space of a message that is being written */
typedef struct ipmpsc_receiver ipmpsc_receiver;       /* the receiver, attached */
typedef struct ipmpsc_lease ipmpsc_lease;             /* a message that was received and is kept */
typedef struct ipmpsc_tap ipmpsc_tap;                 /* a reader that takes no part */
typedef struct ipmpsc_snapshot ipmpsc_snapshot;       /* what a channel held at one moment */
typedef struct ipmpsc_wait_set ipmpsc_wait_set;       /* a wait for many ends at once */
typedef struct ipmpsc_post_mortem ipmpsc_post_mortem; /* a channel whose programs are dead */

/* Returns the version of the library, for instance "0.1.0". It is never freed. */
IPMPSC_API const char* ipmpsc_version(void);

/* Returns the name of a code, for instance "DEADLINE_EXCEEDED", and "UNKNOWN" for other numbers. It
 * is never freed. */
IPMPSC_API const char* ipmpsc_status_name(ipmpsc_status status);

/* Returns the text of this thread's last call that failed. It is valid until the thread's next call
 * that fails, and empty if that failure has no text: polling calls that find nothing have none. It
 * may contain bytes of other processes' names, escaped. Never NULL. */
IPMPSC_API const char* ipmpsc_error_text(void);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* IPMPSC_C_BASE_H_ */
