/* Tests what waits in the C interface: wait sets, the descriptors of both ends, interrupts and
 * ipmpsc_wait_until_released. waiting_cxx_test.cc compiles this file as C++. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "ipmpsc/c/ipmpsc.h"
#include "tests/c/expect.h"

#define LONG (60 * IPMPSC_SECOND)

static ipmpsc_wait_set* new_set(void) {
  ipmpsc_wait_set* set = NULL;
  REQUIRE(ipmpsc_wait_set_create(NULL, &set) == IPMPSC_OK);
  return set;
}

/* Waits, and returns the tags that are ready, each as a bit: they are 0 to 63. */
static uint64_t tags_of(ipmpsc_wait_set* set, int64_t timeout) {
  ipmpsc_ready ready[16];
  size_t count = 99;
  uint64_t tags = 0;
  size_t i;
  memset(ready, 0xff, sizeof ready);
  EXPECT_CODE(ipmpsc_wait_set_wait(set, timeout, ready, 16, &count), IPMPSC_OK);
  EXPECT(count <= 16);
  for (i = 0; i < count && i < 16; ++i) {
    EXPECT(ready[i].tag < 64 && ready[i].reserved == 0);
    tags |= UINT64_C(1) << (ready[i].tag & 63);
  }
  return tags;
}

/* Waits until exactly the members in `wanted` are ready, a minute at most. */
static void await_tags(ipmpsc_wait_set* set, int64_t timeout, uint64_t wanted) {
  const time_t end = time(NULL) + 60;
  uint64_t found;
  while ((found = tags_of(set, timeout)) != wanted) {
    if (time(NULL) > end) {
      fprintf(stderr, "in a minute the tags %#llx did not become ready, but %#llx\n",
              (unsigned long long)wanted, (unsigned long long)found);
      exit(1);
    }
    usleep(1000);
  }
}

static uint64_t members_of(const ipmpsc_wait_set* set) {
  ipmpsc_wait_set_statistics statistics;
  memset(&statistics, 0xff, sizeof statistics);
  statistics.size = sizeof statistics;
  EXPECT_CODE(ipmpsc_wait_set_get_statistics(set, &statistics), IPMPSC_OK);
  EXPECT(statistics.mechanism > IPMPSC_MECHANISM_AUTOMATIC);
  EXPECT(statistics.mechanism <= IPMPSC_MECHANISM_POLLING && statistics.reserved == 0);
  return statistics.members;
}

static bool is_readable(int fd, int milliseconds) {
  struct pollfd polled;
  polled.fd = fd;
  polled.events = POLLIN;
  polled.revents = 0;
  return poll(&polled, 1, milliseconds) == 1;
}

static void test_layout(void) {
  STATIC_ASSERT(sizeof(ipmpsc_wait_set_options) == 16, "fields are added at the end only");
  STATIC_ASSERT(sizeof(ipmpsc_ready) == 16, "never grows");
  STATIC_ASSERT(sizeof(ipmpsc_wait_set_statistics) == 56, "fields are added at the end only");
}

static void test_null(void) {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_sender* sender = sender_of(channel);
  ipmpsc_receiver* receiver = receiver_of(channel);
  ipmpsc_wait_set* set = (ipmpsc_wait_set*)&failures;
  ipmpsc_wait_set_options options;
  ipmpsc_wait_set_statistics statistics;
  ipmpsc_ready ready;
  size_t count = 7;
  int fd = 7;

  EXPECT_CODE(ipmpsc_wait_set_create(NULL, NULL), IPMPSC_INVALID_ARGUMENT);
  memset(&options, 0, sizeof options);
  EXPECT_CODE(ipmpsc_wait_set_create(&options, &set), IPMPSC_INVALID_ARGUMENT);
  EXPECT(set == NULL && TEXT_HAS("set it to sizeof"));
  options.size = sizeof options;
  options.mechanism = 4;
  EXPECT_CODE(ipmpsc_wait_set_create(&options, &set), IPMPSC_INVALID_ARGUMENT);
  EXPECT(TEXT_HAS("IPMPSC_MECHANISM_"));
  options.mechanism = 0;
  options.reserved = 1;
  EXPECT_CODE(ipmpsc_wait_set_create(&options, &set), IPMPSC_INVALID_ARGUMENT);
  EXPECT(TEXT_HAS("reserved"));
  set = new_set();
  EXPECT_CODE(ipmpsc_wait_set_add_receiver(NULL, receiver, 0), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_wait_set_add_receiver(set, NULL, 0), IPMPSC_INVALID_ARGUMENT);
  EXPECT(TEXT_HAS("ipmpsc_wait_set_add_receiver: receiver is NULL"));
  EXPECT_CODE(ipmpsc_wait_set_add_sender(NULL, sender, 1, 0), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_wait_set_add_sender(set, NULL, 1, 0), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_wait_set_add_fd(NULL, 0, EPOLLIN, 0), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_wait_set_remove_receiver(NULL, receiver), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_wait_set_remove_receiver(set, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_wait_set_remove_sender(NULL, sender), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_wait_set_remove_sender(set, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_wait_set_remove_fd(NULL, 0), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_wait_set_wait(NULL, 0, &ready, 1, &count), IPMPSC_INVALID_ARGUMENT);
  EXPECT(count == 0);
  EXPECT_CODE(ipmpsc_wait_set_wait(set, 0, NULL, 1, &count), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_wait_set_wait(set, 0, &ready, 1, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_wait_set_wait(set, 0, &ready, 0, &count), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_wait_set_fd(NULL, &fd), IPMPSC_INVALID_ARGUMENT);
  EXPECT(fd == -1);
  EXPECT_CODE(ipmpsc_wait_set_fd(set, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_wait_set_get_statistics(NULL, &statistics), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_wait_set_get_statistics(set, NULL), IPMPSC_INVALID_ARGUMENT);
  statistics.size = 0;
  EXPECT_CODE(ipmpsc_wait_set_get_statistics(set, &statistics), IPMPSC_INVALID_ARGUMENT);
  EXPECT(strcmp(ipmpsc_wait_set_refused(NULL), "") == 0);
  EXPECT(ipmpsc_wait_set_refused(set) != NULL);
  ipmpsc_wait_set_interrupt(NULL);
  ipmpsc_wait_set_free(NULL);
  ipmpsc_wait_set_free(&set);
  ipmpsc_wait_set_free(&set);
  EXPECT(set == NULL);

  fd = 7;
  EXPECT_CODE(ipmpsc_receiver_fd(NULL, &fd), IPMPSC_INVALID_ARGUMENT);
  EXPECT(fd == -1);
  EXPECT_CODE(ipmpsc_receiver_fd(receiver, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_sender_fd(NULL, 1, &fd), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_sender_fd(sender, 1, NULL), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_wait_until_released(NULL, 0, 0), IPMPSC_INVALID_ARGUMENT);
  EXPECT(!ipmpsc_receiver_arm(NULL) && !ipmpsc_sender_arm(NULL));
  ipmpsc_receiver_interrupt(NULL);
  ipmpsc_sender_interrupt(NULL);
  ipmpsc_receiver_free(&receiver);
  ipmpsc_sender_free(&sender);
  ipmpsc_channel_free(&channel);
}

static void test_members(void) {
  ipmpsc_channel* first = small_channel();
  ipmpsc_channel* second = small_channel();
  ipmpsc_sender* first_sender = sender_of(first);
  ipmpsc_sender* second_sender = sender_of(second);
  ipmpsc_receiver* first_receiver = receiver_of(first);
  ipmpsc_receiver* second_receiver = receiver_of(second);
  ipmpsc_wait_set* set = new_set();
  ipmpsc_wait_set* other = new_set();
  const uint64_t one = 1;
  uint64_t read_back = 0;
  ipmpsc_ready ready;
  size_t count = 0;
  const int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  FILE* const plain = tmpfile();

  REQUIRE(event >= 0 && plain != NULL);
  EXPECT(tags_of(set, 0) == 0);
  EXPECT_CODE(ipmpsc_wait_set_add_receiver(set, first_receiver, 1), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_wait_set_add_receiver(set, second_receiver, 2), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_wait_set_add_fd(set, event, EPOLLIN, 3), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_wait_set_add_sender(set, second_sender, 4, 4), IPMPSC_OK);
  EXPECT(members_of(set) == 4);
  EXPECT_CODE(ipmpsc_wait_set_add_receiver(set, first_receiver, 5), IPMPSC_ALREADY_EXISTS);
  EXPECT_CODE(ipmpsc_wait_set_add_receiver(other, first_receiver, 5), IPMPSC_ALREADY_EXISTS);
  EXPECT_CODE(ipmpsc_wait_set_add_sender(other, second_sender, 4, 5), IPMPSC_ALREADY_EXISTS);
  EXPECT_CODE(ipmpsc_wait_set_add_fd(set, event, EPOLLIN, 5), IPMPSC_ALREADY_EXISTS);
  EXPECT_CODE(ipmpsc_wait_set_add_fd(set, -1, EPOLLIN, 5), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_wait_set_add_fd(set, fileno(plain), EPOLLIN, 5), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_wait_set_add_sender(set, first_sender, 1 << 20, 5), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_wait_set_remove_receiver(other, first_receiver), IPMPSC_NOT_FOUND);
  EXPECT_CODE(ipmpsc_wait_set_remove_sender(set, first_sender), IPMPSC_NOT_FOUND);
  EXPECT_CODE(ipmpsc_wait_set_remove_fd(other, event), IPMPSC_NOT_FOUND);

  /* A sender that has space is ready. One that has none waits. */
  EXPECT(tags_of(set, LONG) == 1 << 4);
  fill(second_sender);
  EXPECT(tags_of(set, LONG) == 1 << 2);
  EXPECT_CODE(ipmpsc_try_send(first_sender, "first", 5), IPMPSC_OK);
  EXPECT(write(event, &one, sizeof one) == (ssize_t)sizeof one);
  await_tags(set, LONG, (1 << 1) | (1 << 2) | (1 << 3));
  count = 0;
  EXPECT_CODE(ipmpsc_wait_set_wait(set, 0, &ready, 1, &count), IPMPSC_OK);
  EXPECT(count == 1);

  expect_message(first_receiver, "first");
  EXPECT(read(event, &read_back, sizeof read_back) == (ssize_t)sizeof read_back);
  expect_message(second_receiver, "full");
  await_tags(set, LONG, (1 << 2) | (1 << 4));

  EXPECT_CODE(ipmpsc_wait_set_remove_sender(set, second_sender), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_wait_set_remove_receiver(set, second_receiver), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_wait_set_remove_fd(set, event), IPMPSC_OK);
  EXPECT(members_of(set) == 1);
  EXPECT(tags_of(set, 0) == 0);

  /* The end of a channel makes its receiver ready. */
  EXPECT_CODE(ipmpsc_channel_close(first), IPMPSC_OK);
  EXPECT(tags_of(set, LONG) == 1 << 1);

  /* A member that is freed leaves the set. A set may be freed before its members. */
  ipmpsc_receiver_free(&first_receiver);
  EXPECT(members_of(set) == 0);
  EXPECT_CODE(ipmpsc_wait_set_add_receiver(set, second_receiver, 1), IPMPSC_OK);
  ipmpsc_wait_set_free(&set);
  expect_message(second_receiver, "full");
  EXPECT_CODE(ipmpsc_wait_set_add_receiver(other, second_receiver, 1), IPMPSC_OK);
  ipmpsc_wait_set_free(&other);
  ipmpsc_receiver_free(&second_receiver);
  ipmpsc_sender_free(&first_sender);
  ipmpsc_sender_free(&second_sender);
  ipmpsc_channel_free(&first);
  ipmpsc_channel_free(&second);
  close(event);
  fclose(plain);
}

static void test_many_are_ready(void) {
  enum { kMany = 1030 };
  ipmpsc_wait_set* set = new_set();
  static ipmpsc_ready ready[2 * kMany];
  static int events[kMany];
  struct rlimit limit;
  size_t count = 0;
  int opened = 0;
  int i;
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  if (limit.rlim_max > 4096) limit.rlim_max = 4096;
  limit.rlim_cur = limit.rlim_max;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  while (opened < kMany && (events[opened] = eventfd(1, EFD_CLOEXEC)) >= 0) {
    EXPECT_CODE(ipmpsc_wait_set_add_fd(set, events[opened], EPOLLIN, (uint64_t)opened), IPMPSC_OK);
    ++opened;
  }
  /* No element behind the 1024th is written, whatever the capacity. */
  memset(ready, 0xff, sizeof ready);
  EXPECT_CODE(ipmpsc_wait_set_wait(set, LONG, ready, SIZE_MAX / sizeof ready[0], &count),
              IPMPSC_OK);
  EXPECT(count > 0 && count <= 1024 && ready[0].events == EPOLLIN);
  EXPECT(ready[1024].reserved == UINT32_MAX);
  for (i = 0; i < opened; ++i) close(events[i]);
  ipmpsc_wait_set_free(&set);
}

static void test_mechanisms(void) {
  int32_t mechanism;
  for (mechanism = IPMPSC_MECHANISM_IO_URING; mechanism <= IPMPSC_MECHANISM_POLLING; ++mechanism) {
    ipmpsc_wait_set_options options;
    ipmpsc_wait_set_statistics statistics;
    ipmpsc_wait_set* set = NULL;
    ipmpsc_status status;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.mechanism = mechanism;
    status = ipmpsc_wait_set_create(&options, &set);
    if (status == IPMPSC_UNIMPLEMENTED) {
      EXPECT(set == NULL && strlen(ipmpsc_error_text()) > 0);
      EXPECT(mechanism != IPMPSC_MECHANISM_POLLING);
      continue;
    }
    EXPECT_CODE(status, IPMPSC_OK);
    statistics.size = sizeof statistics;
    EXPECT_CODE(ipmpsc_wait_set_get_statistics(set, &statistics), IPMPSC_OK);
    EXPECT(statistics.mechanism == mechanism);
    ipmpsc_wait_set_free(&set);
  }
}

static void test_outer_loop(void) {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_sender* sender = sender_of(channel);
  ipmpsc_receiver* receiver = receiver_of(channel);
  ipmpsc_wait_set* set = new_set();
  int fd = -1;
  int again = -1;
  EXPECT_CODE(ipmpsc_wait_set_add_receiver(set, receiver, 0), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_wait_set_fd(set, &fd), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_wait_set_fd(set, &again), IPMPSC_OK);
  EXPECT(fd > 2 && fd == again);
  await_tags(set, 0, 0);
  EXPECT(!is_readable(fd, 0));
  EXPECT_CODE(ipmpsc_try_send(sender, "x", 1), IPMPSC_OK);
  EXPECT(is_readable(fd, 60000));
  EXPECT(tags_of(set, LONG) == 1);
  ipmpsc_wait_set_free(&set);
  ipmpsc_receiver_free(&receiver);
  ipmpsc_sender_free(&sender);
  ipmpsc_channel_free(&channel);
}

static void test_descriptors(void) {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_sender* sender = sender_of(channel);
  ipmpsc_receiver* receiver = receiver_of(channel);
  ipmpsc_sender* other = sender_of(channel);
  ipmpsc_wait_set* set = new_set();
  ipmpsc_lease* lease = NULL;
  int fd = -1;
  int space = -1;

  EXPECT(!ipmpsc_sender_arm(sender)); /* It has no descriptor yet. */
  EXPECT_CODE(ipmpsc_receiver_fd(receiver, &fd), IPMPSC_OK);
  EXPECT(fd > 2 && ipmpsc_receiver_arm(receiver) && !is_readable(fd, 0));
  EXPECT_CODE(ipmpsc_try_send(sender, "x", 1), IPMPSC_OK);
  EXPECT(is_readable(fd, 60000) && !ipmpsc_receiver_arm(receiver));
  expect_message(receiver, "x");
  EXPECT_CODE(ipmpsc_try_receive(receiver, &lease, NULL), IPMPSC_UNAVAILABLE);
  EXPECT(ipmpsc_receiver_arm(receiver));
  EXPECT_CODE(ipmpsc_wait_set_add_receiver(set, receiver, 0), IPMPSC_ALREADY_EXISTS);

  EXPECT_CODE(ipmpsc_sender_fd(sender, 1 << 20, &space), IPMPSC_INVALID_ARGUMENT);
  EXPECT(space == -1);
  EXPECT_CODE(ipmpsc_sender_fd(sender, 4, &space), IPMPSC_OK);
  EXPECT(space > 2 && !ipmpsc_sender_arm(sender));
  fill(sender);
  EXPECT(ipmpsc_sender_arm(sender) && !is_readable(space, 0));
  expect_message(receiver, "full");
  EXPECT(is_readable(space, 60000) && !ipmpsc_sender_arm(sender));

  /* A member of a set has no descriptor of its own. */
  EXPECT_CODE(ipmpsc_wait_set_add_sender(set, other, 4, 0), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_sender_fd(other, 4, &space), IPMPSC_FAILED_PRECONDITION);
  ipmpsc_receiver_free(&receiver);
  receiver = receiver_of(channel);
  EXPECT_CODE(ipmpsc_wait_set_add_receiver(set, receiver, 0), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_receiver_fd(receiver, &fd), IPMPSC_FAILED_PRECONDITION);
  EXPECT(fd == -1);
  ipmpsc_wait_set_free(&set);
  ipmpsc_sender_free(&other);
  ipmpsc_receiver_free(&receiver);
  ipmpsc_sender_free(&sender);
  ipmpsc_channel_free(&channel);
}

static void test_no_descriptors_left(void) {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_sender* sender = sender_of(channel);
  ipmpsc_receiver* receiver = receiver_of(channel);
  ipmpsc_wait_set* set = NULL;
  struct rlimit before;
  struct rlimit none;
  int fd = 7;
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  none = before;
  none.rlim_cur = 3;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  EXPECT_CODE(ipmpsc_wait_set_create(NULL, &set), IPMPSC_RESOURCE_EXHAUSTED);
  EXPECT(set == NULL);
  EXPECT_CODE(ipmpsc_receiver_fd(receiver, &fd), IPMPSC_RESOURCE_EXHAUSTED);
  EXPECT(fd == -1);
  EXPECT_CODE(ipmpsc_sender_fd(sender, 1, &fd), IPMPSC_RESOURCE_EXHAUSTED);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
  ipmpsc_receiver_free(&receiver);
  ipmpsc_sender_free(&sender);
  ipmpsc_channel_free(&channel);
}

static ipmpsc_receiver* interrupted_receiver = NULL;
static ipmpsc_sender* interrupted_sender = NULL;
static ipmpsc_wait_set* interrupted_set = NULL;

static void interrupt_all(int signal) {
  (void)signal;
  ipmpsc_receiver_interrupt(interrupted_receiver);
  ipmpsc_sender_interrupt(interrupted_sender);
  ipmpsc_wait_set_interrupt(interrupted_set);
}

static void* interrupt_soon(void* unused) {
  usleep(10000); /* The wait falls asleep meanwhile, or is about to: both must end. */
  interrupt_all(0);
  return unused;
}

/* Makes the waiting call number `call`. Nothing but an interrupt ends it. */
static ipmpsc_status wait_by(int call) {
  const ipmpsc_bytes bytes = {"full", 4};
  ipmpsc_lease* lease = NULL;
  ipmpsc_loan* loan = NULL;
  ipmpsc_ready ready;
  size_t count = 0;
  ipmpsc_status status;
  if (call > 2) fill(interrupted_sender);
  switch (call) {
    case 0:
      status = ipmpsc_receive(interrupted_receiver, LONG, &lease, NULL);
      break;
    case 1:
      status = ipmpsc_receive_latest(interrupted_receiver, LONG, &lease, NULL);
      break;
    case 2:
      status = ipmpsc_wait_set_wait(interrupted_set, LONG, &ready, 1, &count);
      break;
    case 3:
      status = ipmpsc_send(interrupted_sender, "full", 4, LONG);
      break;
    case 4:
      status = ipmpsc_send_when_empty(interrupted_sender, "full", 4, LONG);
      break;
    case 5:
      status = ipmpsc_send_batch(interrupted_sender, &bytes, 1, LONG);
      break;
    case 6:
      status = ipmpsc_claim(interrupted_sender, 4, LONG, &loan, NULL);
      break;
    default:
      status = ipmpsc_wait_until_released(interrupted_sender,
                                          ipmpsc_sender_sent_position(interrupted_sender), LONG);
  }
  EXPECT(lease == NULL && loan == NULL && count == 0);
  return status;
}

/* Each wait ends with CANCELLED, by a call before it in a signal handler or during it in a
 * thread. */
static void test_interrupts(void) {
  int call;
  REQUIRE(signal(SIGUSR1, interrupt_all) != SIG_ERR);
  for (call = 0; call < 16; ++call) {
    ipmpsc_channel* channel = small_channel();
    pthread_t thread;
    interrupted_receiver = receiver_of(channel);
    interrupted_sender = sender_of(channel);
    interrupted_set = new_set();
    if (call < 8) {
      REQUIRE(raise(SIGUSR1) == 0);
    } else {
      REQUIRE(pthread_create(&thread, NULL, interrupt_soon, NULL) == 0);
    }
    EXPECT_CODE(wait_by(call % 8), IPMPSC_CANCELLED);
    if (call >= 8) pthread_join(thread, NULL);
    ipmpsc_wait_set_free(&interrupted_set);
    ipmpsc_receiver_free(&interrupted_receiver);
    ipmpsc_sender_free(&interrupted_sender);
    ipmpsc_channel_free(&channel);
  }
}

static void test_released(void) {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_sender* sender = sender_of(channel);
  ipmpsc_receiver* receiver = receiver_of(channel);
  ipmpsc_lease* lease = NULL;
  uint64_t sent;
  EXPECT(ipmpsc_sender_sent_position(NULL) == 0 && ipmpsc_channel_released_position(NULL) == 0);
  EXPECT_CODE(ipmpsc_wait_until_released(sender, ipmpsc_sender_sent_position(sender), 0),
              IPMPSC_OK);
  EXPECT_CODE(ipmpsc_try_send(sender, "x", 1), IPMPSC_OK);
  sent = ipmpsc_sender_sent_position(sender);
  EXPECT(sent == 64 && ipmpsc_channel_released_position(channel) == 0);
  EXPECT_CODE(ipmpsc_wait_until_released(sender, sent, IPMPSC_MILLISECOND),
              IPMPSC_DEADLINE_EXCEEDED);
  EXPECT_CODE(ipmpsc_wait_until_released(sender, sent + 1, LONG), IPMPSC_INVALID_ARGUMENT);
  EXPECT_CODE(ipmpsc_receive(receiver, LONG, &lease, NULL), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_wait_until_released(sender, sent, IPMPSC_MILLISECOND),
              IPMPSC_DEADLINE_EXCEEDED);
  ipmpsc_lease_release(&lease);
  EXPECT_CODE(ipmpsc_wait_until_released(sender, sent, LONG), IPMPSC_OK);
  EXPECT(ipmpsc_channel_released_position(channel) == sent);
  ipmpsc_sender_free(&sender);

  {
    ipmpsc_sender_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.require_receiver = true;
    EXPECT_CODE(ipmpsc_sender_attach(channel, &options, &sender), IPMPSC_OK);
    EXPECT_CODE(ipmpsc_try_send(sender, "x", 1), IPMPSC_OK);
    ipmpsc_receiver_free(&receiver);
    EXPECT_CODE(ipmpsc_wait_until_released(sender, ipmpsc_sender_sent_position(sender), LONG),
                IPMPSC_UNAVAILABLE);
  }
  ipmpsc_sender_free(&sender);
  ipmpsc_channel_free(&channel);
}

static void test_fork(void) {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_sender* sender = sender_of(channel);
  ipmpsc_receiver* receiver = receiver_of(channel);
  ipmpsc_wait_set* set = new_set();
  pid_t child;
  EXPECT_CODE(ipmpsc_wait_set_add_receiver(set, receiver, 0), IPMPSC_OK);
  child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ipmpsc_wait_set* own = NULL;
    ipmpsc_ready ready;
    size_t count = 9;
    int fd = 7;
    failures = 0;
    EXPECT_CODE(ipmpsc_wait_set_wait(set, LONG, &ready, 1, &count), IPMPSC_FAILED_PRECONDITION);
    EXPECT(count == 0 && TEXT_HAS("fork"));
    EXPECT_CODE(ipmpsc_wait_set_fd(set, &fd), IPMPSC_FAILED_PRECONDITION);
    EXPECT_CODE(ipmpsc_wait_set_remove_receiver(set, receiver), IPMPSC_FAILED_PRECONDITION);
    EXPECT_CODE(ipmpsc_wait_until_released(sender, 0, LONG), IPMPSC_FAILED_PRECONDITION);
    EXPECT_CODE(ipmpsc_sender_fd(sender, 1, &fd), IPMPSC_FAILED_PRECONDITION);
    own = new_set();
    EXPECT_CODE(ipmpsc_wait_set_add_sender(own, sender, 1, 0), IPMPSC_FAILED_PRECONDITION);
    ipmpsc_wait_set_free(&own);
    ipmpsc_wait_set_free(&set);
    ipmpsc_receiver_free(&receiver);
    ipmpsc_sender_free(&sender);
    ipmpsc_channel_free(&channel);
    _exit(failures == 0 ? 0 : 1);
  }
  expect_child_passed(child);
  /* The child's frees did not touch what is the parent's. */
  EXPECT_CODE(ipmpsc_try_send(sender, "x", 1), IPMPSC_OK);
  EXPECT(tags_of(set, LONG) == 1);
  expect_message(receiver, "x");
  ipmpsc_wait_set_free(&set);
  ipmpsc_receiver_free(&receiver);
  ipmpsc_sender_free(&sender);
  ipmpsc_channel_free(&channel);
}

int main(void) {
  test_layout();
  test_null();
  test_members();
  test_mechanisms();
  test_outer_loop();
  test_descriptors();
  test_no_descriptors_left();
  test_many_are_ready();
  test_interrupts();
  test_released();
  test_fork();
  if (failures != 0) fprintf(stderr, "%d expectations failed\n", failures);
  return failures == 0 ? 0 : 1;
}
