/* Helpers of the tests of the C interface: expectations, and channels with their ends. */
#ifndef IPMPSC_TESTS_C_EXPECT_H_
#define IPMPSC_TESTS_C_EXPECT_H_

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "ipmpsc/c/ipmpsc.h"

#ifdef __cplusplus
#define STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#define STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

static int failures = 0;

#define EXPECT(condition)                                                     \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      ++failures;                                                             \
    }                                                                         \
  } while (0)

/* For what the test cannot go on without. */
#define REQUIRE(condition)                                                        \
  do {                                                                            \
    if (!(condition)) {                                                           \
      fprintf(stderr, "%s:%d: not so: %s (%s)\n", __FILE__, __LINE__, #condition, \
              ipmpsc_error_text());                                               \
      exit(1);                                                                    \
    }                                                                             \
  } while (0)

#define EXPECT_CODE(call, code)                                                 \
  do {                                                                          \
    const ipmpsc_status status_ = (call);                                       \
    if (status_ != (code)) {                                                    \
      fprintf(stderr, "%s:%d: %s returns %s (%s)\n", __FILE__, __LINE__, #call, \
              ipmpsc_status_name(status_), ipmpsc_error_text());                \
      ++failures;                                                               \
    }                                                                           \
  } while (0)

#define TEXT_HAS(part) (strstr(ipmpsc_error_text(), (part)) != NULL)

/* One page of records. */
static inline ipmpsc_channel* small_channel(void) {
  ipmpsc_channel_options options;
  ipmpsc_channel* channel = NULL;
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.capacity = 4096;
  options.max_senders = 2;
  REQUIRE(ipmpsc_channel_create_anonymous(&options, &channel) == IPMPSC_OK);
  return channel;
}

/* Sends until there is no space in a small channel, and returns how many messages were sent. */
static inline int fill(ipmpsc_sender* sender) {
  int sent = 0;
  while (ipmpsc_try_send(sender, "full", 4) == IPMPSC_OK) REQUIRE(++sent <= 1000);
  return sent;
}

static inline ipmpsc_sender* sender_of(const ipmpsc_channel* channel) {
  ipmpsc_sender* sender = NULL;
  REQUIRE(ipmpsc_sender_attach(channel, NULL, &sender) == IPMPSC_OK);
  return sender;
}

static inline ipmpsc_receiver* receiver_of(const ipmpsc_channel* channel) {
  ipmpsc_receiver* receiver = NULL;
  REQUIRE(ipmpsc_receiver_attach(channel, NULL, &receiver) == IPMPSC_OK);
  return receiver;
}

/* Receives the next message, compares it and gives it back. */
static inline void expect_message(ipmpsc_receiver* receiver, const char* text) {
  ipmpsc_lease* lease = NULL;
  ipmpsc_message message;
  memset(&message, 0xff, sizeof message);
  message.size = sizeof message;
  EXPECT_CODE(ipmpsc_receive(receiver, 10 * IPMPSC_SECOND, &lease, &message), IPMPSC_OK);
  if (lease == NULL) return;
  EXPECT(message.size == sizeof message);
  EXPECT(message.data_size == strlen(text));
  EXPECT(message.data_size == strlen(text) && memcmp(message.data, text, strlen(text)) == 0);
  EXPECT(message.reserved[0] == 0 && message.reserved[2] == 0);
  ipmpsc_lease_release(&lease);
  EXPECT(lease == NULL);
}

/* Whether a child that ran `failures` tests ended well. */
static inline void expect_child_passed(pid_t child) {
  int status = -1;
  EXPECT(waitpid(child, &status, 0) == child);
  EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#endif /* IPMPSC_TESTS_C_EXPECT_H_ */
