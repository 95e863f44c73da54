/* Tests of the C interface: lossy channels, the newest message, the options of each end, what a
 * post-mortem reads, and that errno stays. options_cxx_test.cc compiles this file as C++. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipmpsc/c/ipmpsc.h"
#include "tests/c/expect.h"

static ipmpsc_channel_options channel_options(void) {
  ipmpsc_channel_options options;
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.capacity = 4096;
  options.max_senders = 2;
  return options;
}

static ipmpsc_channel* channel_with(const ipmpsc_channel_options* options) {
  ipmpsc_channel* channel = NULL;
  REQUIRE(ipmpsc_channel_create_temp(options, &channel) == IPMPSC_OK);
  return channel;
}

static void test_layout(void) {
  STATIC_ASSERT(sizeof(ipmpsc_post_mortem_message) == 64, "fields are added at the end only");
  STATIC_ASSERT(sizeof(ipmpsc_orphan) == 32, "fields are added at the end only");
}

static void test_lossy(void) {
  ipmpsc_channel_options options = channel_options();
  ipmpsc_channel* channel;
  ipmpsc_channel* again = NULL;
  ipmpsc_sender* sender;
  ipmpsc_receiver* receiver;
  ipmpsc_snapshot* snapshot = NULL;
  ipmpsc_channel_stats stats;
  ipmpsc_sender_stats sender_stats;
  const ipmpsc_bytes two[] = {{"a", 1}, {"b", 1}};

  options.on_full = IPMPSC_ON_FULL_DROP_NEWEST;
  channel = channel_with(&options);
  EXPECT(ipmpsc_channel_on_full(channel) == IPMPSC_ON_FULL_DROP_NEWEST);
  EXPECT(ipmpsc_channel_on_full(NULL) == 0);
  sender = sender_of(channel);
  receiver = receiver_of(channel);
  EXPECT(fill(sender) > 0 && ipmpsc_sender_dropped(sender) == 1);
  /* No call waits. */
  EXPECT_CODE(ipmpsc_send(sender, "x", 1, IPMPSC_FOREVER), IPMPSC_RESOURCE_EXHAUSTED);
  EXPECT_CODE(ipmpsc_send_batch(sender, two, 2, IPMPSC_FOREVER), IPMPSC_RESOURCE_EXHAUSTED);
  EXPECT_CODE(ipmpsc_send_when_empty(sender, "x", 1, IPMPSC_FOREVER), IPMPSC_RESOURCE_EXHAUSTED);
  EXPECT(ipmpsc_sender_dropped(sender) == 5 && ipmpsc_receiver_dropped(receiver) == 5);
  EXPECT(ipmpsc_sender_dropped(NULL) == 0 && ipmpsc_receiver_dropped(NULL) == 0);
  expect_message(receiver, "full");
  EXPECT_CODE(ipmpsc_try_send(sender, "x", 1), IPMPSC_OK);

  EXPECT_CODE(ipmpsc_snapshot_take(channel, &snapshot), IPMPSC_OK);
  EXPECT(strcmp(ipmpsc_snapshot_path(snapshot), ipmpsc_channel_path(channel)) == 0);
  EXPECT(strcmp(ipmpsc_snapshot_path(NULL), "") == 0);
  memset(&stats, 0xff, sizeof stats);
  stats.size = sizeof stats;
  sender_stats.size = sizeof sender_stats;
  EXPECT_CODE(ipmpsc_snapshot_channel(snapshot, &stats), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_snapshot_sender(snapshot, 0, &sender_stats), IPMPSC_OK);
  EXPECT(stats.drops_newest && stats.dropped_messages == 5 && !stats.stale_turn);
  EXPECT(stats.reserved_too[5] == false);
  EXPECT(sender_stats.dropped_messages == 5);
  ipmpsc_snapshot_free(&snapshot);

  /* A channel that behaves otherwise is not opened. */
  options.on_full = IPMPSC_ON_FULL_WAIT;
  options.exist_policy = IPMPSC_EXIST_OPEN;
  EXPECT_CODE(ipmpsc_channel_create(ipmpsc_channel_path(channel), &options, &again),
              IPMPSC_FAILED_PRECONDITION);
  options.on_full = 2;
  EXPECT_CODE(ipmpsc_channel_create("/dev/shm/x", &options, &again), IPMPSC_INVALID_ARGUMENT);
  EXPECT(TEXT_HAS("IPMPSC_ON_FULL_"));
  options.on_full = -1;
  EXPECT_CODE(ipmpsc_channel_create("/dev/shm/x", &options, &again), IPMPSC_INVALID_ARGUMENT);
  ipmpsc_sender_free(&sender);
  ipmpsc_receiver_free(&receiver);
  ipmpsc_channel_free(&channel);
}

static void test_accept_smaller(void) {
  ipmpsc_channel_options options = channel_options();
  ipmpsc_channel* channel = channel_with(&options);
  ipmpsc_channel* again = NULL;
  options.exist_policy = IPMPSC_EXIST_OPEN;
  options.capacity = 65536;
  EXPECT_CODE(ipmpsc_channel_create(ipmpsc_channel_path(channel), &options, &again),
              IPMPSC_FAILED_PRECONDITION);
  options.accept_smaller = true;
  EXPECT_CODE(ipmpsc_channel_create(ipmpsc_channel_path(channel), &options, &again), IPMPSC_OK);
  EXPECT(ipmpsc_channel_capacity(again) == 4096);
  ipmpsc_channel_free(&again);
  ipmpsc_channel_free(&channel);
}

static void test_newest(void) {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_sender* sender = sender_of(channel);
  ipmpsc_receiver* receiver = NULL;
  ipmpsc_receiver_options options;
  ipmpsc_lease* lease = NULL;
  ipmpsc_message message;
  ipmpsc_snapshot* snapshot = NULL;
  ipmpsc_receiver_stats stats;
  uint64_t bytes = 9;

  EXPECT_CODE(ipmpsc_try_send(sender, "backlog", 7), IPMPSC_OK);
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.start = 2;
  EXPECT_CODE(ipmpsc_receiver_attach(channel, &options, &receiver), IPMPSC_INVALID_ARGUMENT);
  EXPECT(receiver == NULL && TEXT_HAS("IPMPSC_START_"));
  options.start = IPMPSC_START_NOW;
  EXPECT_CODE(ipmpsc_receiver_attach(channel, &options, &receiver), IPMPSC_OK);
  EXPECT(ipmpsc_receiver_skipped(receiver, &bytes) == 1 && bytes == 7);
  EXPECT(ipmpsc_receiver_skipped(receiver, NULL) == 1);
  EXPECT_CODE(ipmpsc_try_receive_latest(receiver, &lease, NULL), IPMPSC_UNAVAILABLE);
  EXPECT_CODE(ipmpsc_receive_latest(receiver, IPMPSC_MILLISECOND, &lease, NULL),
              IPMPSC_DEADLINE_EXCEEDED);
  EXPECT_CODE(ipmpsc_try_send(sender, "old", 3), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_try_send(sender, "new", 3), IPMPSC_OK);
  message.size = sizeof message;
  EXPECT_CODE(ipmpsc_try_receive_latest(receiver, &lease, &message), IPMPSC_OK);
  EXPECT(message.data_size == 3 && memcmp(message.data, "new", 3) == 0);
  ipmpsc_lease_release(&lease);
  EXPECT_CODE(ipmpsc_try_send(sender, "last", 4), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_receive_latest(receiver, IPMPSC_SECOND, &lease, &message), IPMPSC_OK);
  EXPECT(message.data_size == 4);
  ipmpsc_lease_release(&lease);
  EXPECT(ipmpsc_receiver_skipped(receiver, &bytes) == 2 && bytes == 10);
  EXPECT(ipmpsc_receiver_skipped(NULL, &bytes) == 0 && bytes == 0);
  EXPECT_CODE(ipmpsc_snapshot_take(channel, &snapshot), IPMPSC_OK);
  stats.size = sizeof stats;
  EXPECT_CODE(ipmpsc_snapshot_receiver(snapshot, &stats), IPMPSC_OK);
  EXPECT(stats.skipped_messages == 2 && stats.received_messages == 4);
  ipmpsc_snapshot_free(&snapshot);

  EXPECT_CODE(ipmpsc_try_receive_latest(NULL, &lease, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_receive_latest(receiver, 0, NULL, NULL), IPMPSC_INVALID_ARGUMENT);
  ipmpsc_channel_close(channel);
  EXPECT_CODE(ipmpsc_receive_latest(receiver, IPMPSC_SECOND, &lease, NULL), IPMPSC_OUT_OF_RANGE);
  ipmpsc_receiver_free(&receiver);
  ipmpsc_sender_free(&sender);
  ipmpsc_channel_free(&channel);
}

/* A sender waits for a slot. */
static void test_slot_timeout(void) {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_sender* first = sender_of(channel);
  ipmpsc_sender* second = sender_of(channel);
  ipmpsc_sender* third = NULL;
  ipmpsc_sender_options options;
  int ready[2];
  char byte = 0;
  pid_t child;
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.timeout = 60 * IPMPSC_SECOND;
  REQUIRE(pipe(ready) == 0);
  ipmpsc_sender_free(&second);
  child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    second = sender_of(channel);
    REQUIRE(write(ready[1], "r", 1) == 1);
    usleep(20000);
    _exit(0); /* Without detaching: its slot is free when the kernel has dropped its lock. */
  }
  REQUIRE(read(ready[0], &byte, 1) == 1);
  EXPECT_CODE(ipmpsc_sender_attach(channel, &options, &third), IPMPSC_OK);
  EXPECT(ipmpsc_sender_slot(third) != ipmpsc_sender_slot(first));
  expect_child_passed(child);
  close(ready[0]);
  close(ready[1]);
  ipmpsc_sender_free(&third);
  ipmpsc_sender_free(&first);
  ipmpsc_channel_free(&channel);
}

/* A later version gives reserved fields a meaning. */
static void test_reserved(void) {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_channel* other = NULL;
  ipmpsc_sender* sender = NULL;
  ipmpsc_receiver* receiver = NULL;
  ipmpsc_tap* tap = NULL;
  ipmpsc_channel_options options = channel_options();
  ipmpsc_open_options open_options;
  ipmpsc_sender_options sender_options;
  ipmpsc_receiver_options receiver_options;
  ipmpsc_tap_options tap_options;
  options.reserved = true;
  EXPECT_CODE(ipmpsc_channel_create_temp(&options, &other), IPMPSC_INVALID_ARGUMENT);
  EXPECT(TEXT_HAS("reserved"));
  options.reserved = false;
  options.reserved_too[2] = true;
  EXPECT_CODE(ipmpsc_channel_create_temp(&options, &other), IPMPSC_INVALID_ARGUMENT);
  memset(&open_options, 0, sizeof open_options);
  open_options.size = sizeof open_options;
  open_options.reserved[6] = true;
  EXPECT_CODE(ipmpsc_channel_open("/dev/shm/x", &open_options, &other), IPMPSC_INVALID_ARGUMENT);
  memset(&sender_options, 0, sizeof sender_options);
  sender_options.size = sizeof sender_options;
  sender_options.reserved[0] = true;
  EXPECT_CODE(ipmpsc_sender_attach(channel, &sender_options, &sender), IPMPSC_INVALID_ARGUMENT);
  memset(&receiver_options, 0, sizeof receiver_options);
  receiver_options.size = sizeof receiver_options;
  receiver_options.reserved[5] = true;
  EXPECT_CODE(ipmpsc_receiver_attach(channel, &receiver_options, &receiver),
              IPMPSC_INVALID_ARGUMENT);
  memset(&receiver_options, 0, sizeof receiver_options);
  receiver_options.size = sizeof receiver_options;
  receiver_options.reserved_too = 1;
  EXPECT_CODE(ipmpsc_receiver_attach(channel, &receiver_options, &receiver),
              IPMPSC_INVALID_ARGUMENT);
  memset(&tap_options, 0, sizeof tap_options);
  tap_options.size = sizeof tap_options;
  tap_options.reserved = 1;
  EXPECT_CODE(ipmpsc_tap_over(channel, &tap_options, &tap), IPMPSC_INVALID_ARGUMENT);
  EXPECT(other == NULL && sender == NULL && receiver == NULL && tap == NULL);
  ipmpsc_channel_free(&channel);
}

static void test_post_mortem(void) {
  ipmpsc_channel_options options = channel_options();
  ipmpsc_channel* channel;
  ipmpsc_channel* copy = NULL;
  ipmpsc_sender* sender;
  ipmpsc_receiver* receiver = NULL;
  ipmpsc_post_mortem* found = (ipmpsc_post_mortem*)&failures;
  ipmpsc_post_mortem_message message;
  ipmpsc_orphan orphan;
  ipmpsc_snapshot* snapshot = NULL;
  ipmpsc_sender_stats stats;
  size_t size = 0;
  pid_t child;

  options.description = "described";
  options.description_size = 9;
  options.timestamps = true;
  channel = channel_with(&options);
  sender = sender_of(channel);
  EXPECT_CODE(ipmpsc_post_mortem_open(ipmpsc_channel_path(channel), &found),
              IPMPSC_FAILED_PRECONDITION);
  EXPECT(found == NULL);
  ipmpsc_sender_free(&sender);
  EXPECT_CODE(ipmpsc_post_mortem_open("/dev/shm/no such channel", &found), IPMPSC_NOT_FOUND);
  EXPECT_CODE(ipmpsc_post_mortem_open(NULL, &found), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_post_mortem_open("/dev/shm/x", NULL), IPMPSC_INVALID_ARGUMENT);

  /* The last act of a program. */
  child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ipmpsc_loan* loan = NULL;
    sender = sender_of(channel);
    receiver = receiver_of(channel);
    REQUIRE(ipmpsc_try_send(sender, "received", 8) == IPMPSC_OK);
    expect_message(receiver, "received");
    REQUIRE(ipmpsc_try_send(sender, "not received", 12) == IPMPSC_OK);
    REQUIRE(ipmpsc_try_claim(sender, 100, &loan, NULL) == IPMPSC_OK);
    raise(SIGKILL);
  }
  REQUIRE(waitpid(child, NULL, 0) == child);

  EXPECT_CODE(ipmpsc_post_mortem_open(ipmpsc_channel_path(channel), &found), IPMPSC_OK);
  REQUIRE(found != NULL);
  EXPECT_CODE(ipmpsc_post_mortem_next(NULL, &message), IPMPSC_INVALID_ARGUMENT);
  message.size = 0;
  EXPECT_CODE(ipmpsc_post_mortem_next(found, &message), IPMPSC_INVALID_ARGUMENT);
  memset(&message, 0xff, sizeof message);
  message.size = sizeof message;
  EXPECT_CODE(ipmpsc_post_mortem_next(found, &message), IPMPSC_OK);
  EXPECT(message.data_size == 8 && memcmp(message.data, "received", 8) == 0);
  EXPECT(message.released && message.position == 0 && message.lost_before == 0);
  EXPECT(message.sequence == 1 && message.sent_at > 0 && message.sender == 0);
  EXPECT(message.reserved[4] == false);
  EXPECT_CODE(ipmpsc_post_mortem_next(found, &message), IPMPSC_OK);
  EXPECT(message.data_size == 12 && memcmp(message.data, "not received", 12) == 0);
  EXPECT(!message.released && message.sequence == 2);
  EXPECT_CODE(ipmpsc_post_mortem_next(found, &message), IPMPSC_OUT_OF_RANGE);

  EXPECT(ipmpsc_post_mortem_orphans(found) == 1 && ipmpsc_post_mortem_orphans(NULL) == 0);
  memset(&orphan, 0xff, sizeof orphan);
  orphan.size = sizeof orphan;
  EXPECT_CODE(ipmpsc_post_mortem_orphan(found, 1, &orphan), IPMPSC_OUT_OF_RANGE);
  EXPECT_CODE(ipmpsc_post_mortem_orphan(NULL, 0, &orphan), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_post_mortem_orphan(found, 0, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_post_mortem_orphan(found, 0, &orphan), IPMPSC_OK);
  EXPECT(orphan.position == 128 && orphan.bytes == 192 && !orphan.released);
  EXPECT(orphan.has_sender && orphan.sender == 0 && orphan.reserved[3] == false);

  EXPECT_CODE(ipmpsc_post_mortem_snapshot(NULL, &snapshot), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_post_mortem_snapshot(found, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_post_mortem_snapshot(found, &snapshot), IPMPSC_OK);
  stats.size = sizeof stats;
  EXPECT_CODE(ipmpsc_snapshot_sender(snapshot, 0, &stats), IPMPSC_OK);
  EXPECT(stats.died && stats.pid == (uint32_t)child && stats.has_open_claim);
  ipmpsc_snapshot_free(&snapshot);

  EXPECT_CODE(ipmpsc_post_mortem_channel(NULL, &copy), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_post_mortem_channel(found, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_post_mortem_channel(found, &copy), IPMPSC_OK);
  ipmpsc_post_mortem_free(&found);
  ipmpsc_post_mortem_free(&found);
  ipmpsc_post_mortem_free(NULL);
  EXPECT(found == NULL);
  EXPECT(memcmp(ipmpsc_channel_description(copy, &size), "described", 9) == 0 && size == 9);
  EXPECT(ipmpsc_sender_attach(copy, NULL, &sender) != IPMPSC_OK && sender == NULL);
  EXPECT(ipmpsc_receiver_attach(copy, NULL, &receiver) != IPMPSC_OK && receiver == NULL);
  ipmpsc_channel_free(&copy);

  /* It has changed nothing: the next receiver gets the message. */
  receiver = receiver_of(channel);
  expect_message(receiver, "not received");
  ipmpsc_receiver_free(&receiver);
  ipmpsc_channel_free(&channel);
}

static void test_post_mortem_of_damage(void) {
  ipmpsc_channel_options options = channel_options();
  ipmpsc_channel* channel = channel_with(&options);
  ipmpsc_sender* sender = sender_of(channel);
  ipmpsc_post_mortem* found = NULL;
  ipmpsc_post_mortem_message message;
  const uint64_t nonsense = ~UINT64_C(0);
  EXPECT_CODE(ipmpsc_try_send(sender, "x", 1), IPMPSC_OK);
  ipmpsc_sender_free(&sender);
  /* The first word of the first record: the ring is the end of the file. */
  EXPECT(pwrite(ipmpsc_channel_fd(channel), &nonsense, sizeof nonsense,
                lseek(ipmpsc_channel_fd(channel), 0, SEEK_END) - 4096) == (ssize_t)sizeof nonsense);
  EXPECT_CODE(ipmpsc_post_mortem_open(ipmpsc_channel_path(channel), &found), IPMPSC_OK);
  message.size = sizeof message;
  EXPECT_CODE(ipmpsc_post_mortem_next(found, &message), IPMPSC_DATA_LOSS);
  ipmpsc_post_mortem_free(&found);
  EXPECT(truncate(ipmpsc_channel_path(channel), 8192) == 0);
  EXPECT_CODE(ipmpsc_post_mortem_open(ipmpsc_channel_path(channel), &found), IPMPSC_DATA_LOSS);
  ipmpsc_channel_free(&channel);
}

static bool write_nothing(void* context, size_t i, void* data, size_t size) {
  (void)i;
  (void)data;
  (void)size;
  return *(const bool*)context;
}

#define KEEPS_ERRNO(call)                                                               \
  do {                                                                                  \
    errno = 4711;                                                                       \
    call;                                                                               \
    if (errno != 4711) {                                                                \
      fprintf(stderr, "%s:%d: %s leaves errno %d\n", __FILE__, __LINE__, #call, errno); \
      ++failures;                                                                       \
    }                                                                                   \
  } while (0)

/* Calls in which the library makes system calls, of which some fail. */
static void test_errno(void) {
  ipmpsc_channel* channel = NULL;
  ipmpsc_channel* other = NULL;
  ipmpsc_sender* sender = NULL;
  ipmpsc_receiver* receiver = NULL;
  ipmpsc_lease* lease = NULL;
  ipmpsc_wait_set* set = NULL;
  ipmpsc_snapshot* snapshot = NULL;
  ipmpsc_post_mortem* found = NULL;
  ipmpsc_tap* tap = NULL;
  ipmpsc_ready ready;
  size_t count = 0;
  const size_t sizes[] = {1};
  bool give_up = false;
  int fd = -1;
  KEEPS_ERRNO((void)!ipmpsc_channel_create_temp(NULL, &channel));
  REQUIRE(channel != NULL);
  KEEPS_ERRNO((void)!ipmpsc_channel_open("/dev/shm/no such channel", NULL, &other));
  KEEPS_ERRNO((void)!ipmpsc_channel_open_fd(-1, NULL, &other));
  KEEPS_ERRNO((void)!ipmpsc_channel_receive_fd(-1, 0, false, &other));
  KEEPS_ERRNO((void)!ipmpsc_post_mortem_open("/dev/shm/no such channel", &found));
  KEEPS_ERRNO((void)!ipmpsc_tap_open("/dev/shm/no such channel", NULL, &tap));
  KEEPS_ERRNO((void)!ipmpsc_sender_attach(channel, NULL, &sender));
  KEEPS_ERRNO((void)!ipmpsc_receiver_attach(channel, NULL, &receiver));
  KEEPS_ERRNO((void)!ipmpsc_receive(receiver, IPMPSC_MILLISECOND, &lease, NULL));
  KEEPS_ERRNO((void)!ipmpsc_send(sender, "x", 1, 0));
  KEEPS_ERRNO((void)!ipmpsc_try_write_batch(sender, sizes, 1, write_nothing, &give_up));
  KEEPS_ERRNO((void)!ipmpsc_wait_until_released(sender, 64, IPMPSC_MILLISECOND));
  KEEPS_ERRNO((void)!ipmpsc_wait_set_create(NULL, &set));
  KEEPS_ERRNO((void)!ipmpsc_wait_set_add_fd(set, -1, 1, 0));
  KEEPS_ERRNO((void)!ipmpsc_wait_set_add_receiver(set, receiver, 0));
  KEEPS_ERRNO((void)!ipmpsc_wait_set_wait(set, IPMPSC_MILLISECOND, &ready, 1, &count));
  KEEPS_ERRNO((void)!ipmpsc_wait_set_fd(set, &fd));
  KEEPS_ERRNO(ipmpsc_wait_set_interrupt(set));
  KEEPS_ERRNO(ipmpsc_receiver_interrupt(receiver));
  KEEPS_ERRNO(ipmpsc_sender_interrupt(sender));
  KEEPS_ERRNO(ipmpsc_wait_set_free(&set));
  KEEPS_ERRNO((void)!ipmpsc_snapshot_take(channel, &snapshot));
  KEEPS_ERRNO(ipmpsc_snapshot_free(&snapshot));
  EXPECT(unlink(ipmpsc_channel_path(channel)) == 0);
  KEEPS_ERRNO(ipmpsc_channel_state(channel));
  KEEPS_ERRNO(ipmpsc_channel_has_receiver(channel));
  KEEPS_ERRNO(ipmpsc_channel_has_sender(channel));
  KEEPS_ERRNO(ipmpsc_channel_close(channel));
  KEEPS_ERRNO(ipmpsc_receiver_free(&receiver));
  KEEPS_ERRNO(ipmpsc_sender_free(&sender));
  EXPECT(close(ipmpsc_channel_fd(channel)) == 0);
  KEEPS_ERRNO(ipmpsc_channel_fd(channel));
  KEEPS_ERRNO(ipmpsc_channel_free(&channel));
}

int main(void) {
  test_layout();
  test_lossy();
  test_accept_smaller();
  test_newest();
  test_slot_timeout();
  test_reserved();
  test_post_mortem();
  test_post_mortem_of_damage();
  test_errno();
  if (failures != 0) fprintf(stderr, "%d expectations failed\n", failures);
  return failures == 0 ? 0 : 1;
}
