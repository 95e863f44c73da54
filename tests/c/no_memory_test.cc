// Tests that the C interface survives the end of memory: each allocation fails in turn, and a call
// then returns IPMPSC_RESOURCE_EXHAUSTED, has no effect and leaves errno alone.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include "ipmpsc/c/ipmpsc.h"
#include "tests/c/expect.h"

namespace {

// The allocations of this process until the one that fails; below 0: none does.
int allocations_left = -1;

// The exception of a fault of the library.
struct Fault : std::exception {
  const char* what() const noexcept override { return "a fault"; }
};
bool throws_fault = false;

void* Allocate(size_t size) {
  if (allocations_left == 0) {
    if (throws_fault) throw Fault();
    errno = ENOMEM;  // As malloc does.
    throw std::bad_alloc();
  }
  if (allocations_left > 0) --allocations_left;
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

// Calls `call()` with 0, 1, 2, ... allocations until it succeeds, and `check()` after each failure.
// Returns how often it failed.
template <typename Call, typename Check>
int FailEachAllocation(Call&& call, Check&& check) {
  for (int allowed = 0; allowed < 1000; ++allowed) {
    allocations_left = allowed;
    errno = EDOM;
    const ipmpsc_status status = call();
    const int kept = errno;
    allocations_left = -1;
    EXPECT(kept == EDOM);
    if (status == IPMPSC_OK) return allowed;
    EXPECT_CODE(status, IPMPSC_RESOURCE_EXHAUSTED);
    check();
  }
  REQUIRE(false);
  return 0;
}

template <typename Call>
int FailEachAllocation(Call&& call) {
  return FailEachAllocation(call, [] {});
}

// A channel that the caller got no handle of is not there, and one that it would have replaced is.
void TestCreate() {
  const char* const folder = std::getenv("TEST_TMPDIR");
  const std::string path = std::string(folder != nullptr ? folder : "/tmp") + "/no_memory_channel";
  unlink(path.c_str());
  ipmpsc_channel_options options = {};
  options.size = sizeof options;
  options.capacity = 4096;
  ipmpsc_channel* first = nullptr;
  EXPECT(FailEachAllocation([&] { return ipmpsc_channel_create(path.c_str(), &options, &first); },
                            [&] { EXPECT(first == nullptr && access(path.c_str(), F_OK) != 0); }) >
         0);
  EXPECT(first != nullptr && access(path.c_str(), F_OK) == 0);
  options.exist_policy = IPMPSC_EXIST_REPLACE;
  ipmpsc_channel* second = nullptr;
  EXPECT(FailEachAllocation([&] { return ipmpsc_channel_create(path.c_str(), &options, &second); },
                            [&] { EXPECT(ipmpsc_channel_state(first) == IPMPSC_CHANNEL_OPEN); }) >
         0);
  EXPECT(ipmpsc_channel_state(first) == IPMPSC_CHANNEL_REPLACED);
  EXPECT(ipmpsc_channel_state(second) == IPMPSC_CHANNEL_OPEN);
  // The text of the id is made later.
  allocations_left = 0;
  const std::size_t without_memory = std::strlen(ipmpsc_channel_id(second));
  allocations_left = -1;
  EXPECT(without_memory == 0 && std::strlen(ipmpsc_channel_id(second)) == 32);
  ipmpsc_channel_free(&first);
  ipmpsc_channel_free(&second);
  unlink(path.c_str());
}

// An end that could not be made has left the channel free.
void TestAttach() {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_sender* sender = nullptr;
  EXPECT(FailEachAllocation([&] { return ipmpsc_sender_attach(channel, nullptr, &sender); },
                            [&] { EXPECT(!ipmpsc_channel_has_sender(channel)); }) > 0);
  ipmpsc_receiver* receiver = nullptr;
  EXPECT(FailEachAllocation([&] { return ipmpsc_receiver_attach(channel, nullptr, &receiver); },
                            [&] { EXPECT(!ipmpsc_channel_has_receiver(channel)); }) > 0);
  EXPECT_CODE(ipmpsc_try_send(sender, "x", 1), IPMPSC_OK);
  expect_message(receiver, "x");
  ipmpsc_receiver_free(&receiver);

  // A receiver that could not be made has passed over nothing.
  EXPECT_CODE(ipmpsc_try_send(sender, "y", 1), IPMPSC_OK);
  ipmpsc_receiver_options options = {};
  options.size = sizeof options;
  options.start = IPMPSC_START_NOW;
  EXPECT(FailEachAllocation([&] { return ipmpsc_receiver_attach(channel, &options, &receiver); }) >
         0);
  EXPECT(ipmpsc_receiver_skipped(receiver, nullptr) == 1);
  ipmpsc_receiver_free(&receiver);
  ipmpsc_sender_free(&sender);
  ipmpsc_channel_free(&channel);
}

// An exception of another type is no lack of memory.
void TestFault() {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_sender* sender = sender_of(channel);
  const ipmpsc_bytes message = {"a", 1};
  allocations_left = 0;
  throws_fault = true;
  const ipmpsc_status status = ipmpsc_try_send_batch(sender, &message, 1);
  throws_fault = false;
  allocations_left = -1;
  EXPECT_CODE(status, IPMPSC_INTERNAL);
  ipmpsc_sender_free(&sender);
  ipmpsc_channel_free(&channel);
}

// A message that is taken needs a handle. Without memory for it the message must stay.
void TestReceive() {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_sender* sender = sender_of(channel);
  ipmpsc_receiver* receiver = receiver_of(channel);
  EXPECT_CODE(ipmpsc_try_send(sender, "first", 5), IPMPSC_OK);
  EXPECT_CODE(ipmpsc_try_send(sender, "second", 6), IPMPSC_OK);
  ipmpsc_lease* first = nullptr;
  ipmpsc_message message = {};
  message.size = sizeof message;
  EXPECT(FailEachAllocation([&] { return ipmpsc_try_receive(receiver, &first, &message); }) > 0);
  EXPECT(first != nullptr && message.data_size == 5);
  ipmpsc_lease* second = nullptr;
  EXPECT(FailEachAllocation([&] { return ipmpsc_receive(receiver, 0, &second, &message); }) > 0);
  EXPECT(second != nullptr && message.data_size == 6);
  ipmpsc_lease_release(&second);
  ipmpsc_lease_release(&first);
  ipmpsc_receiver_free(&receiver);
  ipmpsc_sender_free(&sender);
  ipmpsc_channel_free(&channel);
}

void TestSend() {
  ipmpsc_channel* channel = small_channel();
  ipmpsc_sender* sender = sender_of(channel);
  ipmpsc_receiver* receiver = receiver_of(channel);
  const ipmpsc_bytes messages[] = {{"a", 1}, {"b", 1}};
  EXPECT(FailEachAllocation([&] { return ipmpsc_try_send_batch(sender, messages, 2); }) > 0);
  EXPECT_CODE(ipmpsc_try_send_batch(sender, messages, SIZE_MAX / 8), IPMPSC_RESOURCE_EXHAUSTED);
  expect_message(receiver, "a");
  expect_message(receiver, "b");
  ipmpsc_loan* loan = nullptr;
  const uint64_t sent = ipmpsc_sender_sent_position(sender);
  EXPECT(FailEachAllocation([&] { return ipmpsc_try_claim(sender, 4, &loan, nullptr); },
                            [&] { EXPECT(ipmpsc_sender_sent_position(sender) == sent); }) > 0);
  ipmpsc_loan_discard(&loan);
  EXPECT_CODE(ipmpsc_try_send(sender, "c", 1), IPMPSC_OK);
  expect_message(receiver, "c");
  ipmpsc_receiver_free(&receiver);
  ipmpsc_sender_free(&sender);
  ipmpsc_channel_free(&channel);
}

// An error needs memory for its text. Without it the code and errno are right all the same.
void TestErrorWithoutText() {
  allocations_left = 0;
  errno = EDOM;
  const ipmpsc_status status = ipmpsc_channel_close(nullptr);
  const int kept = errno;
  allocations_left = -1;
  EXPECT_CODE(status, IPMPSC_INVALID_ARGUMENT);
  EXPECT(kept == EDOM);
}

}  // namespace

void* operator new(size_t size) { return Allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

int main() {
  TestCreate();
  TestAttach();
  TestFault();
  TestReceive();
  TestSend();
  TestErrorWithoutText();
  if (failures != 0) std::fprintf(stderr, "%d expectations failed\n", failures);
  return failures == 0 ? 0 : 1;
}
