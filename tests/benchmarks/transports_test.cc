// Tests that every peer of the comparison carries each message once, intact, in its sender's order.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "benchmarks/transport.h"
#include "benchmarks/transports/peers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc::benchmarks {
namespace {

using ::ipmpsc::testing::ChildProcess;

struct Header {
  uint32_t sender;
  uint32_t number;
};

// Writes the header, then bytes that identify the message.
void Fill(char* bytes, size_t size, Header header) {
  for (size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>(header.sender * 37 + header.number * 11 + i * 7 + i / 256);
  }
  std::memcpy(bytes, &header, sizeof(header));
}

int Fail(absl::string_view what) {
  std::cerr << what << "\n";
  return 1;
}

enum class Way { kSend, kBatch, kLoan };

int SendAll(Transport* transport, uint32_t sender, uint32_t count, size_t size, Way way) {
  absl::StatusOr<std::unique_ptr<SenderEnd>> end = transport->AttachSender();
  if (!end.ok()) return Fail(end.status().ToString());
  const uint32_t step = way == Way::kBatch ? 5 : 1;
  for (uint32_t next = 0; next < count; next += step) {
    std::vector<std::string> messages;
    for (uint32_t number = next; number < next + step && number < count; ++number) {
      messages.emplace_back(size, '\0');
      Fill(&messages.back()[0], size, {sender, number});
    }
    absl::Status sent;
    if (way == Way::kLoan) {
      absl::StatusOr<char*> lent = (*end)->Loan(size);
      if (!lent.ok()) return Fail(lent.status().ToString());
      std::memcpy(*lent, messages[0].data(), size);
      sent = (*end)->Publish();
    } else if (way == Way::kBatch) {
      const std::vector<absl::string_view> views(messages.begin(), messages.end());
      sent = (*end)->SendBatch(views);
    } else {
      sent = (*end)->Send(messages[0]);
    }
    if (!sent.ok()) return Fail(sent.ToString());
  }
  return 0;
}

int ReceiveAll(Transport* transport, uint32_t senders, uint32_t count, size_t size) {
  absl::StatusOr<std::unique_ptr<ReceiverEnd>> end = transport->AttachReceiver();
  if (!end.ok()) return Fail(end.status().ToString());
  std::vector<uint32_t> next(senders, 0);
  uint32_t left = senders * count;
  std::string wrong;
  std::string expected(size, '\0');
  while (left > 0 && wrong.empty()) {
    absl::Status received = (*end)->Receive([&](absl::string_view message) {
      --left;
      Header header;
      if (message.size() != size) {
        wrong = absl::StrCat(message.size(), " bytes");
        return;
      }
      std::memcpy(&header, message.data(), sizeof(header));
      if (header.sender >= senders || header.number != next[header.sender]) {
        wrong = absl::StrCat("sender ", header.sender, " number ", header.number);
        return;
      }
      ++next[header.sender];
      Fill(&expected[0], size, header);
      if (message != expected) wrong = absl::StrCat("torn: number ", header.number);
    });
    if (!received.ok()) return Fail(received.ToString());
  }
  return wrong.empty() ? 0 : Fail(wrong);
}

// Bazel does not run cargo. `--test_env=RUST_PEERS=PATH` names the library that cargo built.
std::string RustPeers() {
  const char* path = std::getenv("RUST_PEERS");
  return path == nullptr ? "" : path;
}

class TransportTest : public ::testing::TestWithParam<std::tuple<TransportKind, Waiting>> {
 protected:
  void Exchange(uint32_t senders, size_t size, uint32_t count, Way way) {
    const TransportKind& kind = std::get<0>(GetParam());
    SCOPED_TRACE(absl::StrCat(kind.name, ": ", size, " bytes"));
    TransportSpec spec;
    spec.name = absl::StrCat("test-", getpid(), "-", ++exchanges_);
    spec.max_message = size;
    spec.queue_bytes = 256 << 10;
    spec.senders = static_cast<int>(senders);
    spec.waiting = std::get<1>(GetParam());
    {
      absl::StatusOr<std::unique_ptr<Transport>> transport = kind.create(spec);
      if (absl::IsUnimplemented(transport.status())) {
        std::cout << kind.name << ": " << transport.status().message() << "\n";
        return;
      }
      ASSERT_THAT(transport, testing::IsOk());
      ChildProcess receiver =
          ChildProcess::Fork([&] { return ReceiveAll(transport->get(), senders, count, size); });
      std::vector<ChildProcess> sending;
      for (uint32_t sender = 0; sender < senders; ++sender) {
        sending.push_back(ChildProcess::Fork(
            [&] { return SendAll(transport->get(), sender, count, size, way); }));
      }
      EXPECT_EQ(receiver.Wait(), "exited 0");
      for (ChildProcess& child : sending) EXPECT_EQ(child.Wait(), "exited 0");
    }
    EXPECT_NE(access(absl::StrCat("/dev/shm/ipmpsc-", spec.name).c_str(), F_OK), 0);
    std::ifstream sockets("/proc/net/unix");
    const std::string text((std::istreambuf_iterator<char>(sockets)), {});
    EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr(spec.name)));
  }

  // Prints the reason of a skip.
  void SetUp() override {
    if (!std::get<0>(GetParam()).unavailable.empty()) {
      GTEST_SKIP() << std::get<0>(GetParam()).unavailable;
    }
    TransportSpec spec;
    spec.name = absl::StrCat("test-", getpid(), "-0");
    spec.max_message = 16;
    spec.queue_bytes = 256 << 10;
    spec.senders = 1;
    spec.waiting = std::get<1>(GetParam());
    const absl::Status created = std::get<0>(GetParam()).create(spec).status();
    if (absl::IsUnimplemented(created)) GTEST_SKIP() << created.message();
  }

  int exchanges_ = 0;
};

TEST_P(TransportTest, CarriesEveryMessageOfTwoSenders) {
  for (size_t size : {16, 64, 1024, 4000, 65536, 1 << 20}) {
    Exchange(2, size, size < 65536 ? 500 : 20, Way::kSend);
  }
}

TEST_P(TransportTest, CarriesEveryMessageOfOne) {
  for (size_t size : {16, 4096, 1 << 20}) Exchange(1, size, size < 65536 ? 500 : 20, Way::kSend);
}

TEST_P(TransportTest, CarriesBatches) {
  if (!std::get<0>(GetParam()).batch) GTEST_SKIP() << "has none";
  for (size_t size : {16, 1024, 4000}) Exchange(2, size, 500, Way::kBatch);
}

TEST_P(TransportTest, CarriesMessagesWrittenInPlace) {
  if (!std::get<0>(GetParam()).in_place) GTEST_SKIP() << "copies";
  for (size_t size : {16, 1024, 1 << 20}) Exchange(2, size, size < 65536 ? 500 : 20, Way::kLoan);
}

std::string Name(const ::testing::TestParamInfo<TransportTest::ParamType>& info) {
  static constexpr const char* kWaiting[] = {"spin", "sleep", "fastest"};
  return absl::StrReplaceAll(absl::StrCat(std::get<0>(info.param).name, "_",
                                          kWaiting[static_cast<int>(std::get<1>(info.param))]),
                             {{"-", "_"}, {" ", "_"}});
}

INSTANTIATE_TEST_SUITE_P(Peers, TransportTest,
                         ::testing::Combine(::testing::ValuesIn(Peers(RustPeers())),
                                            ::testing::Values(Waiting::kSpin, Waiting::kSleep,
                                                              Waiting::kFastest)),
                         Name);

}  // namespace
}  // namespace ipmpsc::benchmarks
