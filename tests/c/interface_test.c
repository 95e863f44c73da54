/* Tests of the C interface: each function, each status code, NULL, a forked child and a killed
 * sender. interface_cxx_test.cc compiles this file as C++. */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipmpsc/c/ipmpsc.h"
#include "tests/c/expect.h"

#ifdef __cplusplus
#include <new>
#include <stdexcept>
#endif

static void test_layout(void) {
  STATIC_ASSERT(sizeof(ipmpsc_channel_options) == 56, "fields are added at the end only");
  STATIC_ASSERT(sizeof(ipmpsc_open_options) == 24, "fields are added at the end only");
  STATIC_ASSERT(sizeof(ipmpsc_sender_options) == 32, "fields are added at the end only");
  STATIC_ASSERT(sizeof(ipmpsc_receiver_options) == 40, "fields are added at the end only");
  STATIC_ASSERT(sizeof(ipmpsc_tap_options) == 16, "fields are added at the end only");
  STATIC_ASSERT(sizeof(ipmpsc_message) == 56, "fields are added at the end only");
  STATIC_ASSERT(sizeof(ipmpsc_tap_message) == 64, "fields are added at the end only");
  STATIC_ASSERT(sizeof(ipmpsc_tap_loss) == 56, "fields are added at the end only");
}

static void test_names(void) {
  int code;
  EXPECT(strlen(ipmpsc_version()) >= 5);
  EXPECT(strcmp(ipmpsc_status_name(IPMPSC_OK), "OK") == 0);
  EXPECT(strcmp(ipmpsc_status_name(IPMPSC_DATA_LOSS), "DATA_LOSS") == 0);
  EXPECT(strcmp(ipmpsc_status_name(-7), "UNKNOWN") == 0);
  EXPECT(strcmp(ipmpsc_status_name(1000), "UNKNOWN") == 0);
  for (code = 0; code <= IPMPSC_DATA_LOSS; ++code) {
    const bool is_unknown = strcmp(ipmpsc_status_name(code), "UNKNOWN") == 0;
    EXPECT(is_unknown == (code == IPMPSC_UNKNOWN));
  }
}

static bool write_x(void* context, size_t i, void* data, size_t size) {
  (void)context;
  (void)i;
  memset(data, 'x', size);
  return true;
}

static bool count_message(void* context, const ipmpsc_message* message) {
  (void)message;
  ++*(size_t*)context;
  return true;
}

static void test_null(void) {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_sender* sender = sender_of(channel);
  ipmpsc_receiver* receiver = receiver_of(channel);
  ipmpsc_channel* other = (ipmpsc_channel*)&failures;
  ipmpsc_sender* other_sender = (ipmpsc_sender*)&failures;
  ipmpsc_receiver* other_receiver = (ipmpsc_receiver*)&failures;
  ipmpsc_loan* loan = (ipmpsc_loan*)&failures;
  ipmpsc_lease* lease = (ipmpsc_lease*)&failures;
  ipmpsc_tap* tap = (ipmpsc_tap*)&failures;
  ipmpsc_snapshot* snapshot = (ipmpsc_snapshot*)&failures;
  ipmpsc_tap_loss loss;
  ipmpsc_message message;
  ipmpsc_bytes bytes = {NULL, 1};
  size_t size = 1;
  void* data = &size;

  EXPECT_CODE(ipmpsc_channel_create(NULL, NULL, &other), IPMPSC_INVALID_ARGUMENT);
  EXPECT(other == NULL && TEXT_HAS("path is NULL"));
  EXPECT_CODE(ipmpsc_channel_create("/dev/shm/x", NULL, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT(TEXT_HAS("ipmpsc_channel_create: out is NULL"));
  EXPECT_CODE(ipmpsc_channel_create_temp(NULL, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT(TEXT_HAS("ipmpsc_channel_create_temp: out is NULL"));
  EXPECT_CODE(ipmpsc_channel_create_anonymous(NULL, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_channel_open(NULL, NULL, &other), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_channel_open("/dev/shm/x", NULL, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_channel_open_fd(0, NULL, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_channel_open_fd(-1, NULL, &other), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_channel_open_read_only(NULL, NULL, &other), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_channel_open_read_only("/dev/shm/x", NULL, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_channel_close(NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_channel_send_fd(0, NULL, 0), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_channel_receive_fd(0, 0, false, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT(ipmpsc_channel_state(NULL) == -1);
  EXPECT(!ipmpsc_channel_has_receiver(NULL) && !ipmpsc_channel_has_sender(NULL));
  EXPECT(strcmp(ipmpsc_channel_path(NULL), "") == 0 && strcmp(ipmpsc_channel_id(NULL), "") == 0);
  EXPECT(ipmpsc_channel_fd(NULL) == -1 && ipmpsc_channel_capacity(NULL) == 0);
  EXPECT(ipmpsc_channel_max_payload(NULL) == 0 && ipmpsc_channel_max_senders(NULL) == 0);
  EXPECT(ipmpsc_channel_description(NULL, &size) != NULL && size == 0);
  EXPECT(ipmpsc_channel_description(channel, NULL) != NULL);

  EXPECT_CODE(ipmpsc_sender_attach(NULL, NULL, &other_sender), IPMPSC_INVALID_ARGUMENT);
  EXPECT(other_sender == NULL);
  EXPECT_CODE(ipmpsc_sender_attach(channel, NULL, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT(ipmpsc_sender_slot(NULL) == 0);
  EXPECT_CODE(ipmpsc_try_send(NULL, "x", 1), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_try_send(sender, NULL, 1), IPMPSC_INVALID_ARGUMENT);
  EXPECT(TEXT_HAS("ipmpsc_try_send: data is NULL"));
  EXPECT_CODE(ipmpsc_send(NULL, "x", 1, 0), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_send(sender, NULL, 1, 0), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_send_when_empty(NULL, "x", 1, 0), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_send_when_empty(sender, NULL, 1, 0), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_try_send_batch(NULL, NULL, 0), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_try_send_batch(sender, NULL, 1), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_send_batch(NULL, NULL, 0, 0), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_send_batch(sender, &bytes, 1, 0), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_try_write_batch(NULL, &size, 1, write_x, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_try_write_batch(sender, NULL, 1, write_x, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_write_batch(sender, &size, 1, NULL, NULL, 0), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_try_claim(NULL, 1, &loan, &data), IPMPSC_INVALID_ARGUMENT);
  EXPECT(loan == NULL && data == NULL);
  EXPECT_CODE(ipmpsc_try_claim(sender, 1, NULL, &data), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_claim(sender, 1, 0, NULL, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_claim_when_empty(sender, 1, 0, NULL, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT(ipmpsc_loan_data(NULL) == NULL && ipmpsc_loan_size(NULL) == 0);
  EXPECT(ipmpsc_loan_position(NULL) == 0);
  EXPECT_CODE(ipmpsc_loan_publish(NULL, 0), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_loan_publish(&loan, 0), IPMPSC_INVALID_ARGUMENT);

  EXPECT_CODE(ipmpsc_receiver_attach(NULL, NULL, &other_receiver), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_receiver_attach(channel, NULL, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_try_receive(NULL, &lease, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT(lease == NULL);
  EXPECT_CODE(ipmpsc_try_receive(receiver, NULL, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_receive(NULL, 0, &lease, NULL), IPMPSC_INVALID_ARGUMENT);
  message.size = 0;
  EXPECT_CODE(ipmpsc_receive(receiver, 0, &lease, &message), IPMPSC_INVALID_ARGUMENT);
  EXPECT(TEXT_HAS("set it to sizeof"));
  EXPECT_CODE(ipmpsc_lease_message(NULL, &message), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_drain(NULL, 1, count_message, &size, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_drain(receiver, 1, NULL, NULL, NULL), IPMPSC_INVALID_ARGUMENT);

  EXPECT_CODE(ipmpsc_tap_open(NULL, NULL, &tap), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_tap_open("/dev/shm/x", NULL, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_tap_over(NULL, NULL, &tap), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_tap_over(channel, NULL, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_tap_try_next(NULL, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_tap_next(NULL, 0, NULL), IPMPSC_INVALID_ARGUMENT);
  loss.size = sizeof loss;
  EXPECT_CODE(ipmpsc_tap_get_loss(NULL, &loss), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_snapshot_take(NULL, &snapshot), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_snapshot_take(channel, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_snapshot_channel(NULL, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_snapshot_sender(NULL, 0, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_snapshot_receiver(NULL, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT(ipmpsc_snapshot_senders(NULL) == 0);

  /* Freeing nothing, and freeing twice. */
  ipmpsc_channel_free(NULL);
  ipmpsc_sender_free(NULL);
  ipmpsc_receiver_free(NULL);
  ipmpsc_lease_release(NULL);
  ipmpsc_loan_discard(NULL);
  ipmpsc_tap_free(NULL);
  ipmpsc_snapshot_free(NULL);
  ipmpsc_channel_free(&channel);
  ipmpsc_channel_free(&channel);
  EXPECT(channel == NULL);
  /* The ends keep the channel alive. */
  EXPECT_CODE(ipmpsc_try_send(sender, "kept", 4), IPMPSC_OK);
  ipmpsc_sender_free(&sender);
  ipmpsc_sender_free(&sender);
  EXPECT(sender == NULL);
  expect_message(receiver, "kept");
  ipmpsc_receiver_free(&receiver);
  ipmpsc_receiver_free(&receiver);
  EXPECT(receiver == NULL);
}

static void test_options(void) {
  /* Options of a later version of this library. */
  struct {
    ipmpsc_channel_options known;
    uint64_t later;
  } longer;
  ipmpsc_channel_options options;
  ipmpsc_channel* channel = NULL;
  ipmpsc_tap_options tap_options;
  ipmpsc_tap* tap = NULL;
  size_t size = 0;

  memset(&options, 0, sizeof options);
  EXPECT_CODE(ipmpsc_channel_create_anonymous(&options, &channel), IPMPSC_INVALID_ARGUMENT);
  EXPECT(TEXT_HAS("set it to sizeof"));
  options.size = 5000;
  EXPECT_CODE(ipmpsc_channel_create_anonymous(&options, &channel), IPMPSC_INVALID_ARGUMENT);

  options.size = sizeof options;
  EXPECT_CODE(ipmpsc_channel_create_anonymous(&options, &channel), IPMPSC_OK);
  EXPECT(ipmpsc_channel_capacity(channel) == 1 << 20);
  EXPECT(ipmpsc_channel_max_senders(channel) == 64);
  ipmpsc_channel_free(&channel);

  /* An older program knows the capacity and no more. */
  options.size = offsetof(ipmpsc_channel_options, max_senders);
  options.capacity = 8192;
  options.max_senders = 7;
  EXPECT_CODE(ipmpsc_channel_create_anonymous(&options, &channel), IPMPSC_OK);
  EXPECT(ipmpsc_channel_capacity(channel) == 8192);
  EXPECT(ipmpsc_channel_max_senders(channel) == 64);
  ipmpsc_channel_free(&channel);

  memset(&longer, 0, sizeof longer);
  longer.known.size = sizeof longer;
  longer.known.description = "what it is";
  longer.known.description_size = 10;
  EXPECT_CODE(ipmpsc_channel_create_anonymous(&longer.known, &channel), IPMPSC_OK);
  EXPECT(memcmp(ipmpsc_channel_description(channel, &size), "what it is", 10) == 0 && size == 10);
  ipmpsc_channel_free(&channel);
  longer.later = 1;
  EXPECT_CODE(ipmpsc_channel_create_anonymous(&longer.known, &channel), IPMPSC_INVALID_ARGUMENT);
  EXPECT(TEXT_HAS("older than an option"));

  options.size = sizeof options;
  options.exist_policy = 4;
  EXPECT_CODE(ipmpsc_channel_create("/dev/shm/x", &options, &channel), IPMPSC_INVALID_ARGUMENT);
  EXPECT(TEXT_HAS("exist_policy"));
  options.exist_policy = 0;
  options.description = NULL;
  options.description_size = 1;
  EXPECT_CODE(ipmpsc_channel_create_anonymous(&options, &channel), IPMPSC_INVALID_ARGUMENT);
  options.description_size = 0;
  options.max_senders = 5000;
  EXPECT_CODE(ipmpsc_channel_create_anonymous(&options, &channel), IPMPSC_INVALID_ARGUMENT);

  memset(&tap_options, 0, sizeof tap_options);
  tap_options.size = sizeof tap_options;
  tap_options.start = 3;
  channel = small_channel();
  EXPECT_CODE(ipmpsc_tap_over(channel, &tap_options, &tap), IPMPSC_INVALID_ARGUMENT);
  ipmpsc_channel_free(&channel);
}

static void test_paths(void) {
  ipmpsc_channel_options options;
  ipmpsc_open_options open_options;
  ipmpsc_channel* channel = NULL;
  ipmpsc_channel* again = NULL;
  ipmpsc_sender* sender = NULL;
  ipmpsc_sender* refused = NULL;
  char path[4096];

  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.capacity = 4096;
  EXPECT_CODE(ipmpsc_channel_create_temp(&options, &channel), IPMPSC_OK);
  REQUIRE(channel != NULL && strlen(ipmpsc_channel_path(channel)) < sizeof path);
  strcpy(path, ipmpsc_channel_path(channel));
  EXPECT(ipmpsc_channel_fd(channel) > 2);
  EXPECT(strlen(ipmpsc_channel_id(channel)) == 32);
  EXPECT(ipmpsc_channel_state(channel) == IPMPSC_CHANNEL_OPEN);
  EXPECT_CODE(ipmpsc_channel_create(path, &options, &again), IPMPSC_ALREADY_EXISTS);
  EXPECT(again == NULL && TEXT_HAS(path));
  options.exist_policy = IPMPSC_EXIST_OPEN;
  EXPECT_CODE(ipmpsc_channel_create(path, &options, &again), IPMPSC_OK);
  EXPECT(strcmp(ipmpsc_channel_id(again), ipmpsc_channel_id(channel)) == 0);
  ipmpsc_channel_free(&again);
  EXPECT_CODE(ipmpsc_channel_open(path, NULL, &again), IPMPSC_OK);
  ipmpsc_channel_free(&again);
  EXPECT_CODE(ipmpsc_channel_open_fd(ipmpsc_channel_fd(channel), NULL, &again), IPMPSC_OK);
  ipmpsc_channel_free(&again);

  EXPECT_CODE(ipmpsc_channel_open_read_only(path, NULL, &again), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_sender_attach(again, NULL, &refused), IPMPSC_PERMISSION_DENIED);
  EXPECT(refused == NULL);
  ipmpsc_channel_free(&again);

  /* Replaced, so the old one is aborted. */
  sender = sender_of(channel);
  options.exist_policy = IPMPSC_EXIST_REPLACE;
  EXPECT_CODE(ipmpsc_channel_create(path, &options, &again), IPMPSC_OK);
  EXPECT(ipmpsc_channel_state(channel) == IPMPSC_CHANNEL_REPLACED);
  EXPECT_CODE(ipmpsc_try_send(sender, "x", 1), IPMPSC_ABORTED);
  ipmpsc_sender_free(&sender);
  EXPECT(unlink(path) == 0);
  EXPECT(ipmpsc_channel_state(again) == IPMPSC_CHANNEL_UNLINKED);
  ipmpsc_channel_free(&again);
  ipmpsc_channel_free(&channel);

  EXPECT_CODE(ipmpsc_channel_open(path, NULL, &again), IPMPSC_NOT_FOUND);
  memset(&open_options, 0, sizeof open_options);
  open_options.size = sizeof open_options;
  open_options.timeout = IPMPSC_MILLISECOND;
  EXPECT_CODE(ipmpsc_channel_open(path, &open_options, &again), IPMPSC_DEADLINE_EXCEEDED);
  EXPECT_CODE(ipmpsc_channel_open("/proc", NULL, &again), IPMPSC_INVALID_ARGUMENT);
}

static void test_truncated(void) {
  ipmpsc_channel* channel = NULL;
  ipmpsc_channel* again = NULL;
  REQUIRE(ipmpsc_channel_create_temp(NULL, &channel) == IPMPSC_OK);
  EXPECT(truncate(ipmpsc_channel_path(channel), 8192) == 0);
  EXPECT_CODE(ipmpsc_channel_open(ipmpsc_channel_path(channel), NULL, &again), IPMPSC_DATA_LOSS);
  ipmpsc_channel_free(&channel);
}

static void test_sending(void) {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_sender_options options;
  ipmpsc_sender* sender = NULL;
  ipmpsc_sender* second = NULL;
  ipmpsc_sender* third = NULL;
  ipmpsc_receiver* receiver = NULL;
  char big[4096];

  memset(big, 'b', sizeof big);
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.name = "a C program";
  options.require_receiver = true;
  EXPECT_CODE(ipmpsc_sender_attach(channel, &options, &sender), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_send(sender, "x", 1, IPMPSC_SECOND), IPMPSC_UNAVAILABLE);
  receiver = receiver_of(channel);
  EXPECT(ipmpsc_channel_has_receiver(channel) && ipmpsc_channel_has_sender(channel));
  usleep(2000); /* It asks again a millisecond later. */
  EXPECT_CODE(ipmpsc_send(sender, "first", 5, IPMPSC_SECOND), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_try_send(sender, NULL, 0), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_send_when_empty(sender, "x", 1, IPMPSC_MILLISECOND), IPMPSC_DEADLINE_EXCEEDED);
  EXPECT(TEXT_HAS("a C program") || strlen(ipmpsc_error_text()) > 0);
  expect_message(receiver, "first");
  expect_message(receiver, "");
  EXPECT_CODE(ipmpsc_send_when_empty(sender, "last", 4, IPMPSC_SECOND), IPMPSC_OK);
  expect_message(receiver, "last");

  EXPECT_CODE(ipmpsc_try_send(sender, big, sizeof big), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_try_send(sender, big, ipmpsc_channel_max_payload(channel)), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_try_send(sender, "x", 1), IPMPSC_RESOURCE_EXHAUSTED);
  EXPECT(strcmp(ipmpsc_error_text(), "") == 0);
  EXPECT_CODE(ipmpsc_send(sender, "x", 1, IPMPSC_MILLISECOND), IPMPSC_DEADLINE_EXCEEDED);
  EXPECT(strlen(ipmpsc_error_text()) > 0);

  second = sender_of(channel);
  EXPECT(ipmpsc_sender_slot(second) != ipmpsc_sender_slot(sender));
  EXPECT_CODE(ipmpsc_sender_attach(channel, NULL, &third), IPMPSC_RESOURCE_EXHAUSTED);
  EXPECT(third == NULL);

  EXPECT_CODE(ipmpsc_channel_close(channel), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_channel_close(channel), IPMPSC_OK);
  EXPECT(ipmpsc_channel_state(channel) == IPMPSC_CHANNEL_CLOSED);
  EXPECT_CODE(ipmpsc_try_send(sender, "x", 1), IPMPSC_FAILED_PRECONDITION);
  ipmpsc_sender_free(&second);
  ipmpsc_sender_free(&sender);
  ipmpsc_receiver_free(&receiver);
  ipmpsc_channel_free(&channel);
}

static bool write_number(void* context, size_t i, void* data, size_t size) {
  if (*(const size_t*)context == i) return false;
  memset(data, '0' + (int)i, size);
  return true;
}

static void test_batches(void) {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_sender* sender = sender_of(channel);
  ipmpsc_receiver* receiver = receiver_of(channel);
  ipmpsc_bytes messages[3];
  ipmpsc_bytes many[2];
  size_t sizes[3] = {1, 2, 3};
  size_t stop_at = 99;
  char big[3000];

  messages[0].data = "one";
  messages[0].size = 3;
  messages[1].data = NULL;
  messages[1].size = 0;
  messages[2].data = "three";
  messages[2].size = 5;
  EXPECT_CODE(ipmpsc_try_send_batch(sender, messages, 3), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_send_batch(sender, messages, 1, IPMPSC_SECOND), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_try_send_batch(sender, NULL, 0), IPMPSC_OK);
  expect_message(receiver, "one");
  expect_message(receiver, "");
  expect_message(receiver, "three");
  expect_message(receiver, "one");

  EXPECT_CODE(ipmpsc_try_write_batch(sender, sizes, 3, write_number, &stop_at), IPMPSC_OK);
  stop_at = 1;
  EXPECT_CODE(ipmpsc_write_batch(sender, sizes, 3, write_number, &stop_at, IPMPSC_SECOND),
              IPMPSC_CANCELLED);
  stop_at = 99;
  EXPECT_CODE(ipmpsc_write_batch(sender, sizes, 2, write_number, &stop_at, IPMPSC_SECOND),
              IPMPSC_OK);
  expect_message(receiver, "0");
  expect_message(receiver, "11");
  expect_message(receiver, "222");
  /* None of the one that was given up. */
  expect_message(receiver, "0");
  expect_message(receiver, "11");

  memset(big, 'b', sizeof big);
  many[0].data = many[1].data = big;
  many[0].size = many[1].size = sizeof big;
  EXPECT_CODE(ipmpsc_try_send_batch(sender, many, 2), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_try_send_batch(sender, many, 1), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_try_send_batch(sender, many, 1), IPMPSC_RESOURCE_EXHAUSTED);
  EXPECT_CODE(ipmpsc_send_batch(sender, many, 1, IPMPSC_MILLISECOND), IPMPSC_DEADLINE_EXCEEDED);

  ipmpsc_receiver_free(&receiver);
  ipmpsc_sender_free(&sender);
  ipmpsc_channel_free(&channel);
}

static void test_loans(void) {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_sender* sender = sender_of(channel);
  ipmpsc_receiver* receiver = receiver_of(channel);
  ipmpsc_loan* loan = NULL;
  ipmpsc_loan* second = NULL;
  void* data = NULL;

  EXPECT_CODE(ipmpsc_try_claim(sender, 8, &loan, &data), IPMPSC_OK);
  EXPECT(data != NULL && data == ipmpsc_loan_data(loan) && (uintptr_t)data % 16 == 0);
  EXPECT(ipmpsc_loan_size(loan) == 8 && ipmpsc_loan_position(loan) == 0);
  EXPECT_CODE(ipmpsc_try_claim(sender, 8, &second, NULL), IPMPSC_FAILED_PRECONDITION);
  EXPECT(second == NULL);
  EXPECT_CODE(ipmpsc_try_send(sender, "x", 1), IPMPSC_FAILED_PRECONDITION);
  memcpy(data, "in place", 8);
  EXPECT_CODE(ipmpsc_loan_publish(&loan, 9), IPMPSC_INVALID_ARGUMENT);
  EXPECT(loan != NULL && TEXT_HAS("stays open"));
  EXPECT_CODE(ipmpsc_loan_publish(&loan, 2), IPMPSC_OK);
  EXPECT(loan == NULL);
  EXPECT_CODE(ipmpsc_loan_publish(&loan, 2), IPMPSC_INVALID_ARGUMENT);
  expect_message(receiver, "in");

  EXPECT_CODE(ipmpsc_claim(sender, 4, IPMPSC_SECOND, &loan, NULL), IPMPSC_OK);
  ipmpsc_loan_discard(&loan);
  ipmpsc_loan_discard(&loan);
  EXPECT(loan == NULL);

  /* A loan outlives its sender. The receiver steps over what was discarded before it. */
  EXPECT_CODE(ipmpsc_claim(sender, 4, IPMPSC_SECOND, &loan, &data), IPMPSC_OK);
  ipmpsc_sender_free(&sender);
  memcpy(data, "late", 4);
  EXPECT_CODE(ipmpsc_loan_publish(&loan, 4), IPMPSC_OK);
  expect_message(receiver, "late");

  sender = sender_of(channel);
  EXPECT_CODE(ipmpsc_claim_when_empty(sender, 1, IPMPSC_SECOND, &loan, NULL), IPMPSC_OK);
  ipmpsc_loan_discard(&loan);
  EXPECT_CODE(ipmpsc_try_send(sender, "full", 4), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_claim_when_empty(sender, 1, IPMPSC_MILLISECOND, &loan, NULL),
              IPMPSC_DEADLINE_EXCEEDED);
  EXPECT(loan == NULL);
  EXPECT_CODE(ipmpsc_try_claim(sender, 4000, &loan, NULL), IPMPSC_RESOURCE_EXHAUSTED);
  EXPECT_CODE(ipmpsc_try_claim(sender, 5000, &loan, NULL), IPMPSC_INVALID_ARGUMENT);

  ipmpsc_receiver_free(&receiver);
  ipmpsc_sender_free(&sender);
  ipmpsc_channel_free(&channel);
}

static bool stop_after_two(void* context, const ipmpsc_message* message) {
  size_t* const count = (size_t*)context;
  EXPECT(message->size == sizeof *message && message->data_size == 1);
  return ++*count < 2;
}

static void test_receiving(void) {
  ipmpsc_channel_options options;
  ipmpsc_receiver_options receiver_options;
  ipmpsc_channel* channel = NULL;
  ipmpsc_sender* sender = NULL;
  ipmpsc_receiver* receiver = NULL;
  ipmpsc_receiver* second = NULL;
  ipmpsc_lease* first_lease = NULL;
  ipmpsc_lease* second_lease = NULL;
  ipmpsc_message message;
  /* A message of a later version of this library. */
  struct {
    ipmpsc_message known;
    uint64_t later;
  } longer;
  size_t handled = 0;
  size_t count = 0;

  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.capacity = 4096;
  options.timestamps = true;
  REQUIRE(ipmpsc_channel_create_anonymous(&options, &channel) == IPMPSC_OK);
  sender = sender_of(channel);
  memset(&receiver_options, 0, sizeof receiver_options);
  receiver_options.size = sizeof receiver_options;
  receiver_options.name = "the first";
  receiver_options.end_without_senders = true;
  EXPECT_CODE(ipmpsc_receiver_attach(channel, &receiver_options, &receiver), IPMPSC_OK);
  receiver_options.timeout = IPMPSC_MILLISECOND;
  EXPECT_CODE(ipmpsc_receiver_attach(channel, &receiver_options, &second), IPMPSC_ALREADY_EXISTS);
  EXPECT(second == NULL && TEXT_HAS("the first"));

  EXPECT_CODE(ipmpsc_try_receive(receiver, &first_lease, NULL), IPMPSC_UNAVAILABLE);
  EXPECT(first_lease == NULL);
  EXPECT_CODE(ipmpsc_receive(receiver, IPMPSC_MILLISECOND, &first_lease, NULL),
              IPMPSC_DEADLINE_EXCEEDED);
  EXPECT_CODE(ipmpsc_drain(receiver, 9, stop_after_two, &handled, &count), IPMPSC_UNAVAILABLE);
  EXPECT(count == 0);

  EXPECT_CODE(ipmpsc_try_send(sender, "a", 1), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_sender_set_next_sequence(NULL, 7), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_sender_set_next_sequence(sender, 1), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_sender_set_next_sequence(sender, 7), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_try_send(sender, "b", 1), IPMPSC_OK);
  message.size = sizeof message;
  EXPECT_CODE(ipmpsc_try_receive(receiver, &first_lease, &message), IPMPSC_OK);
  EXPECT(message.sequence == 1 && message.sent_at > INT64_C(1600000000000000000));
  EXPECT(message.sender == ipmpsc_sender_slot(sender) && message.position == 0);
  memset(&longer, 0xff, sizeof longer);
  longer.known.size = sizeof longer;
  EXPECT_CODE(ipmpsc_try_receive(receiver, &second_lease, &longer.known), IPMPSC_OK);
  EXPECT(longer.known.data_size == 1 && longer.known.sequence == 7 && longer.later == 0);
  /* An older program: no field behind data_size is touched. */
  memset(&message, 0x55, sizeof message);
  message.size = offsetof(ipmpsc_message, position);
  EXPECT_CODE(ipmpsc_lease_message(second_lease, &message), IPMPSC_OK);
  EXPECT(message.data_size == 1 && memcmp(message.data, "b", 1) == 0);
  EXPECT(message.position == UINT64_C(0x5555555555555555));
  ipmpsc_lease_release(&second_lease);
  ipmpsc_lease_release(&first_lease);
  ipmpsc_lease_release(&first_lease);

  EXPECT_CODE(ipmpsc_try_send(sender, "1", 1), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_try_send(sender, "2", 1), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_try_send(sender, "3", 1), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_drain(receiver, 9, stop_after_two, &handled, &count), IPMPSC_OK);
  EXPECT(count == 2 && handled == 2);
  EXPECT_CODE(ipmpsc_drain(receiver, 9, count_message, &handled, NULL), IPMPSC_OK);
  EXPECT(handled == 3);

  /* A lease outlives its receiver, which stays attached until then. */
  EXPECT_CODE(ipmpsc_try_send(sender, "kept", 4), IPMPSC_OK);
  message.size = sizeof message;
  EXPECT_CODE(ipmpsc_try_receive(receiver, &first_lease, &message), IPMPSC_OK);
  ipmpsc_receiver_free(&receiver);
  EXPECT(memcmp(message.data, "kept", 4) == 0);
  EXPECT_CODE(ipmpsc_receiver_attach(channel, NULL, &second), IPMPSC_ALREADY_EXISTS);
  ipmpsc_lease_release(&first_lease);
  receiver_options.timeout = 0;
  EXPECT_CODE(ipmpsc_receiver_attach(channel, &receiver_options, &second), IPMPSC_OK);
  ipmpsc_sender_free(&sender);
  EXPECT_CODE(ipmpsc_receive(second, IPMPSC_SECOND, &first_lease, NULL), IPMPSC_OUT_OF_RANGE);
  ipmpsc_receiver_free(&second);
  ipmpsc_channel_free(&channel);
}

static void test_damaged(void) {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_sender* sender = sender_of(channel);
  ipmpsc_receiver* receiver = receiver_of(channel);
  ipmpsc_lease* lease = NULL;
  ipmpsc_snapshot* snapshot = NULL;
  ipmpsc_channel_stats stats;
  /* The claim position, 2^40 bytes ahead of all that were released: docs in ipmpsc/DESIGN.md. */
  const uint64_t nonsense = UINT64_C(1) << 40;
  EXPECT(pwrite(ipmpsc_channel_fd(channel), &nonsense, sizeof nonsense, 4096 + 128) ==
         (ssize_t)sizeof nonsense);
  EXPECT_CODE(ipmpsc_send(sender, "x", 1, IPMPSC_SECOND), IPMPSC_DATA_LOSS);
  EXPECT_CODE(ipmpsc_receive(receiver, IPMPSC_SECOND, &lease, NULL), IPMPSC_DATA_LOSS);
  EXPECT_CODE(ipmpsc_snapshot_take(channel, &snapshot), IPMPSC_OK);
  stats.size = sizeof stats;
  EXPECT_CODE(ipmpsc_snapshot_channel(snapshot, &stats), IPMPSC_OK);
  EXPECT(stats.damaged);
  ipmpsc_snapshot_free(&snapshot);
  ipmpsc_receiver_free(&receiver);
  ipmpsc_sender_free(&sender);
  ipmpsc_channel_free(&channel);
}

static void test_tap(void) {
  ipmpsc_channel* channel = NULL;
  ipmpsc_sender* sender = NULL;
  ipmpsc_tap* tap = NULL;
  ipmpsc_tap* opened = NULL;
  ipmpsc_tap_options options;
  ipmpsc_tap_message message;
  ipmpsc_tap_loss loss;
  int i;

  REQUIRE(ipmpsc_channel_create_temp(NULL, &channel) == IPMPSC_OK);
  sender = sender_of(channel);
  EXPECT_CODE(ipmpsc_try_send(sender, "before", 6), IPMPSC_OK);
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.start = IPMPSC_TAP_OLDEST_UNRELEASED;
  EXPECT_CODE(ipmpsc_tap_over(channel, &options, &tap), IPMPSC_OK);
  message.size = sizeof message;
  EXPECT_CODE(ipmpsc_tap_next(tap, 10 * IPMPSC_SECOND, &message), IPMPSC_OK);
  EXPECT(message.data_size == 6 && memcmp(message.data, "before", 6) == 0);
  EXPECT(message.position == 0 && message.lost_before == 0);
  EXPECT(message.sender == ipmpsc_sender_slot(sender));
  EXPECT_CODE(ipmpsc_tap_try_next(tap, &message), IPMPSC_UNAVAILABLE);
  EXPECT_CODE(ipmpsc_tap_next(tap, IPMPSC_MILLISECOND, &message), IPMPSC_DEADLINE_EXCEEDED);
  loss.size = sizeof loss;
  EXPECT_CODE(ipmpsc_tap_get_loss(tap, &loss), IPMPSC_OK);
  EXPECT(loss.bytes == 0 && loss.overtakings == 0 && loss.messages_are_exact);

  /* It lags behind by more than the ring. */
  {
    ipmpsc_receiver* receiver = receiver_of(channel);
    char bytes[65536];
    size_t handled = 0;
    memset(bytes, 't', sizeof bytes);
    for (i = 0; i < 40; ++i) {
      EXPECT_CODE(ipmpsc_send(sender, bytes, sizeof bytes, IPMPSC_SECOND), IPMPSC_OK);
      EXPECT_CODE(ipmpsc_drain(receiver, 9, count_message, &handled, NULL), IPMPSC_OK);
    }
    ipmpsc_receiver_free(&receiver);
  }
  EXPECT_CODE(ipmpsc_try_send(sender, "after", 5), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_tap_next(tap, 10 * IPMPSC_SECOND, &message), IPMPSC_OK);
  EXPECT(message.lost_before > (1 << 20) && message.data_size == 5);
  EXPECT_CODE(ipmpsc_tap_get_loss(tap, &loss), IPMPSC_OK);
  EXPECT(loss.bytes == message.lost_before && loss.overtakings == 1);

  EXPECT_CODE(ipmpsc_channel_close(channel), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_tap_try_next(tap, &message), IPMPSC_OUT_OF_RANGE);
  EXPECT_CODE(ipmpsc_tap_open(ipmpsc_channel_path(channel), NULL, &opened), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_tap_next(opened, IPMPSC_SECOND, &message), IPMPSC_OUT_OF_RANGE);
  ipmpsc_tap_free(&opened);
  EXPECT_CODE(ipmpsc_tap_open("/dev/shm/no such channel", NULL, &opened), IPMPSC_NOT_FOUND);
  ipmpsc_tap_free(&tap);
  ipmpsc_tap_free(&tap);
  ipmpsc_sender_free(&sender);
  ipmpsc_channel_free(&channel);
}

/* Takes a snapshot in which it is known whether the first sender lives. A snapshot asks the kernel
 * for 10 milliseconds at most, which may be too short on a busy machine. */
static ipmpsc_snapshot* certain_snapshot(const ipmpsc_channel* channel) {
  ipmpsc_snapshot* snapshot = NULL;
  ipmpsc_sender_stats stats;
  int i;
  stats.size = sizeof stats;
  for (i = 0; i < 1000; ++i) {
    ipmpsc_snapshot_free(&snapshot);
    REQUIRE(ipmpsc_snapshot_take(channel, &snapshot) == IPMPSC_OK);
    REQUIRE(ipmpsc_snapshot_sender(snapshot, 0, &stats) == IPMPSC_OK);
    if (stats.liveness != IPMPSC_LIVENESS_UNKNOWN) break;
  }
  return snapshot;
}

static void test_snapshot(void) {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_sender* sender = NULL;
  ipmpsc_receiver* receiver = NULL;
  ipmpsc_loan* loan = NULL;
  ipmpsc_snapshot* snapshot = NULL;
  ipmpsc_sender_options options;
  ipmpsc_channel_stats stats;
  ipmpsc_sender_stats sender_stats;
  ipmpsc_receiver_stats receiver_stats;

  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.name = "0123456789012345678901234567890123456789012345678901234567890123-cut";
  EXPECT_CODE(ipmpsc_sender_attach(channel, &options, &sender), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_try_send(sender, "12345", 5), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_try_claim(sender, 100, &loan, NULL), IPMPSC_OK);
  snapshot = certain_snapshot(channel);
  memset(&stats, 0xff, sizeof stats);
  stats.size = sizeof stats;
  EXPECT_CODE(ipmpsc_snapshot_channel(snapshot, &stats), IPMPSC_OK);
  EXPECT(strcmp(stats.id, ipmpsc_channel_id(channel)) == 0);
  EXPECT(stats.capacity == 4096 && stats.max_senders == 2 && stats.attached_senders == 1);
  EXPECT(stats.fill == 64 + 128 && stats.claim_position == 192 && stats.release_position == 0);
  EXPECT(!stats.closed && !stats.damaged && !stats.replaced && !stats.has_turn);
  EXPECT(stats.has_oldest_open_claim && stats.oldest_open_claim_position == 64);
  EXPECT(stats.oldest_open_claim_bytes == 128);
  EXPECT(stats.has_oldest_record && stats.oldest_record_committed);
  EXPECT(stats.oldest_record_payload_bytes == 5 && stats.created_at > 0);

  EXPECT(ipmpsc_snapshot_senders(snapshot) == 1);
  sender_stats.size = sizeof sender_stats;
  EXPECT_CODE(ipmpsc_snapshot_sender(snapshot, 1, &sender_stats), IPMPSC_OUT_OF_RANGE);
  EXPECT_CODE(ipmpsc_snapshot_sender(snapshot, 0, &sender_stats), IPMPSC_OK);
  EXPECT(strlen(sender_stats.name) == 64 && memcmp(sender_stats.name, options.name, 64) == 0);
  EXPECT(sender_stats.liveness == IPMPSC_ALIVE && sender_stats.pid == (uint32_t)getpid());
  EXPECT(sender_stats.sent_messages == 1 && sender_stats.sent_bytes == 5);
  EXPECT(sender_stats.has_open_claim && sender_stats.open_claim_position == 64);
  EXPECT(!sender_stats.died && sender_stats.pid_is_ours && sender_stats.owners == 1);

  receiver_stats.size = sizeof receiver_stats;
  EXPECT_CODE(ipmpsc_snapshot_receiver(snapshot, &receiver_stats), IPMPSC_NOT_FOUND);
  ipmpsc_snapshot_free(&snapshot);
  ipmpsc_snapshot_free(&snapshot);
  receiver = receiver_of(channel);
  expect_message(receiver, "12345");
  EXPECT_CODE(ipmpsc_snapshot_take(channel, &snapshot), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_snapshot_receiver(snapshot, &receiver_stats), IPMPSC_OK);
  EXPECT(receiver_stats.received_messages == 1 && receiver_stats.received_bytes == 5);
  EXPECT(receiver_stats.epoch == 1 && receiver_stats.liveness != IPMPSC_DEAD);
  EXPECT(receiver_stats.wait == IPMPSC_WAIT_NONE);
  ipmpsc_snapshot_free(&snapshot);
  ipmpsc_loan_discard(&loan);
  ipmpsc_receiver_free(&receiver);
  ipmpsc_sender_free(&sender);
  ipmpsc_channel_free(&channel);
}

static void* text_of_thread(void* argument) {
  EXPECT(strcmp(ipmpsc_error_text(), "") == 0);
  EXPECT_CODE(ipmpsc_channel_close(NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT(TEXT_HAS("ipmpsc_channel_close"));
  return argument;
}

static void test_text_is_per_thread(void) {
  pthread_t thread;
  EXPECT_CODE(ipmpsc_snapshot_channel(NULL, NULL), IPMPSC_INVALID_ARGUMENT);
  REQUIRE(pthread_create(&thread, NULL, text_of_thread, NULL) == 0);
  pthread_join(thread, NULL);
  EXPECT(TEXT_HAS("ipmpsc_snapshot_channel: snapshot is NULL"));
}

static void test_fork(void) {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_sender* sender = sender_of(channel);
  ipmpsc_receiver* receiver = receiver_of(channel);
  ipmpsc_sender* lender = sender_of(channel);
  ipmpsc_loan* loan = NULL;
  ipmpsc_lease* lease = NULL;
  pid_t child;

  EXPECT_CODE(ipmpsc_try_send(sender, "held", 4), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_try_claim(lender, 4, &loan, NULL), IPMPSC_OK);
  memcpy(ipmpsc_loan_data(loan), "lent", 4);
  EXPECT_CODE(ipmpsc_try_receive(receiver, &lease, NULL), IPMPSC_OK);
  child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ipmpsc_lease* none = NULL;
    failures = 0;
    EXPECT_CODE(ipmpsc_try_send(sender, "x", 1), IPMPSC_FAILED_PRECONDITION);
    EXPECT(TEXT_HAS("fork"));
    EXPECT_CODE(ipmpsc_loan_publish(&loan, 4), IPMPSC_FAILED_PRECONDITION);
    EXPECT(loan != NULL && TEXT_HAS("fork"));
    EXPECT_CODE(ipmpsc_try_receive(receiver, &none, NULL), IPMPSC_FAILED_PRECONDITION);
    ipmpsc_lease_release(&lease);
    ipmpsc_loan_discard(&loan);
    ipmpsc_sender_free(&lender);
    ipmpsc_sender_free(&sender);
    ipmpsc_receiver_free(&receiver);
    ipmpsc_channel_free(&channel);
    _exit(failures == 0 ? 0 : 1);
  }
  expect_child_passed(child);
  /* The child's frees did not touch what is the parent's. */
  EXPECT(ipmpsc_channel_has_receiver(channel));
  EXPECT_CODE(ipmpsc_loan_publish(&loan, 4), IPMPSC_OK);
  ipmpsc_lease_release(&lease);
  expect_message(receiver, "lent");
  EXPECT_CODE(ipmpsc_try_send(sender, "still", 5), IPMPSC_OK);
  expect_message(receiver, "still");
  ipmpsc_sender_free(&lender);
  ipmpsc_sender_free(&sender);
  ipmpsc_receiver_free(&receiver);
  ipmpsc_channel_free(&channel);
}

/* A sender is killed between its claim and its commit. */
static void test_killed_sender(void) {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_receiver* receiver = receiver_of(channel);
  ipmpsc_sender* sender = NULL;
  ipmpsc_snapshot* snapshot = NULL;
  ipmpsc_sender_stats stats;
  ipmpsc_receiver_stats receiver_stats;
  int ready[2];
  char byte = 0;
  pid_t child;

  REQUIRE(pipe(ready) == 0);
  child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ipmpsc_sender* dying = sender_of(channel);
    ipmpsc_loan* loan = NULL;
    void* data = NULL;
    REQUIRE(ipmpsc_try_send(dying, "committed", 9) == IPMPSC_OK);
    REQUIRE(ipmpsc_try_claim(dying, 100, &loan, &data) == IPMPSC_OK);
    memset(data, '?', 50);
    REQUIRE(write(ready[1], "r", 1) == 1);
    for (;;) pause();
  }
  REQUIRE(read(ready[0], &byte, 1) == 1);
  sender = sender_of(channel);
  EXPECT_CODE(ipmpsc_try_send(sender, "behind it", 9), IPMPSC_OK);
  EXPECT(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);

  snapshot = certain_snapshot(channel);
  stats.size = sizeof stats;
  EXPECT_CODE(ipmpsc_snapshot_sender(snapshot, 0, &stats), IPMPSC_OK);
  EXPECT(stats.died && stats.liveness == IPMPSC_DEAD && stats.pid == (uint32_t)child);
  EXPECT(stats.has_open_claim);
  ipmpsc_snapshot_free(&snapshot);

  expect_message(receiver, "committed");
  expect_message(receiver, "behind it");
  EXPECT_CODE(ipmpsc_snapshot_take(channel, &snapshot), IPMPSC_OK);
  receiver_stats.size = sizeof receiver_stats;
  EXPECT_CODE(ipmpsc_snapshot_receiver(snapshot, &receiver_stats), IPMPSC_OK);
  EXPECT(receiver_stats.orphaned_records == 1 && receiver_stats.orphaned_bytes == 128);
  ipmpsc_snapshot_free(&snapshot);

  close(ready[0]);
  close(ready[1]);
  ipmpsc_sender_free(&sender);
  ipmpsc_receiver_free(&receiver);
  ipmpsc_channel_free(&channel);
}

static void test_passing(void) {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_channel* passed = NULL;
  int sockets[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
  EXPECT_CODE(ipmpsc_channel_receive_fd(sockets[1], IPMPSC_MILLISECOND, false, &passed),
              IPMPSC_DEADLINE_EXCEEDED);
  EXPECT_CODE(ipmpsc_channel_send_fd(sockets[0], channel, IPMPSC_SECOND), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_channel_receive_fd(sockets[1], IPMPSC_SECOND, false, &passed), IPMPSC_OK);
  EXPECT(passed != NULL && strcmp(ipmpsc_channel_id(passed), ipmpsc_channel_id(channel)) == 0);
  ipmpsc_channel_free(&passed);
  EXPECT_CODE(ipmpsc_channel_send_fd(-1, channel, IPMPSC_SECOND), IPMPSC_INVALID_ARGUMENT);
  close(sockets[1]);
  EXPECT_CODE(ipmpsc_channel_send_fd(sockets[0], channel, IPMPSC_SECOND), IPMPSC_UNAVAILABLE);
  close(sockets[0]);
  ipmpsc_channel_free(&channel);
}

#ifdef __cplusplus
/* Callbacks of C++ code that throw `thrown`. */
template <typename T>
static void expect_unknown_for(const T& thrown, const char* text) {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_sender* sender = sender_of(channel);
  ipmpsc_receiver* receiver = receiver_of(channel);
  void* const context = const_cast<T*>(&thrown);
  const size_t size = 1;
  size_t count = 0;
  const ipmpsc_write_message write = [](void* what, size_t, void*, size_t) -> bool {
    throw *static_cast<T*>(what);
  };
  EXPECT_CODE(ipmpsc_try_write_batch(sender, &size, 1, write, context), IPMPSC_UNKNOWN);
  EXPECT(TEXT_HAS("the callback threw") && TEXT_HAS(text));
  EXPECT_CODE(ipmpsc_write_batch(sender, &size, 1, write, context, IPMPSC_SECOND), IPMPSC_UNKNOWN);
  EXPECT_CODE(ipmpsc_try_send(sender, "x", 1), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_try_send(sender, "next", 4), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_drain(
                  receiver, 9,
                  [](void* what, const ipmpsc_message*) -> bool { throw *static_cast<T*>(what); },
                  context, &count),
              IPMPSC_UNKNOWN);
  EXPECT(count == 1 && TEXT_HAS("the callback threw") && TEXT_HAS(text));
  expect_message(receiver, "next");
  ipmpsc_receiver_free(&receiver);
  ipmpsc_sender_free(&sender);
  ipmpsc_channel_free(&channel);
}

/* A callback's exceptions are not the library's, whatever their type. */
static void test_throwing_callbacks(void) {
  expect_unknown_for(std::runtime_error("not today"), "not today");
  expect_unknown_for(std::bad_alloc(), "bad_alloc");
  expect_unknown_for(std::length_error("too long"), "too long");
  expect_unknown_for(7, "no std::exception");
}
#endif

int main(void) {
  test_layout();
  test_names();
  test_text_is_per_thread();
  test_null();
  test_options();
  test_paths();
  test_truncated();
  test_sending();
  test_batches();
  test_loans();
  test_receiving();
  test_damaged();
  test_tap();
  test_snapshot();
  test_fork();
  test_killed_sender();
  test_passing();
#ifdef __cplusplus
  test_throwing_callbacks();
#endif
  if (failures != 0) fprintf(stderr, "%d expectations failed\n", failures);
  return failures == 0 ? 0 : 1;
}
