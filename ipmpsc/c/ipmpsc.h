/* The C interface, for C and for other languages. This header includes those of its parts.
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
 *  * IPMPSC_INTERNAL           - a fault of this library, which the text describes
 * A failed function changes nothing of the caller's but its outputs: a handle that it would have
 * made is NULL. No function throws a C++ exception, and none changes errno. A callback returns: it
 * does not leave by longjmp. Its C++ exceptions of any type become IPMPSC_UNKNOWN.
 *
 * Ownership. A function with an output `x** out` makes a handle. The caller owns it and gives it
 * back with the function that its comment names. That function takes the address of the caller's
 * pointer and sets it to NULL, so a second call has no effect, and neither has one with NULL.
 * Handles keep alive what they need: a channel may be freed before its sender, a sender before its
 * loan, a receiver before its leases. Pointers to bytes belong to the handle that gave them. The
 * library copies every string and structure that it is given.
 *
 * Threads. A channel may be used by several threads at the same time. Any other handle, together
 * with its loans or leases, is for one thread at a time. The members of a wait set belong together
 * with it. Functions whose names end in `_interrupt` are for any thread and for signal handlers.
 * Error texts are per thread.
 *
 * Fork. A sender, a receiver, a loan or a lease does not work in a forked child, where it returns
 * IPMPSC_FAILED_PRECONDITION. The child may free it, and attaches anew. A child of a fork that
 * happened while another thread was inside this library may only call exec or _exit.
 *
 * Structures. The caller sets `size` to the size of the structure; the other fields that are zero
 * have the default. So `ipmpsc_sender_options options = {sizeof options};` is complete. Later
 * versions add fields at the end. A library that is older than the program refuses a field that it
 * does not know, unless it is zero. So it does with reserved fields of options. */
#ifndef IPMPSC_C_IPMPSC_H_
#define IPMPSC_C_IPMPSC_H_

#include "ipmpsc/c/base.h"
#include "ipmpsc/c/channel.h"
#include "ipmpsc/c/post_mortem.h"
#include "ipmpsc/c/receiver.h"
#include "ipmpsc/c/sender.h"
#include "ipmpsc/c/snapshot.h"
#include "ipmpsc/c/tap.h"
#include "ipmpsc/c/wait_set.h"

#endif /* IPMPSC_C_IPMPSC_H_ */
