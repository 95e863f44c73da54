// Clients and servers that are processes, and die.
#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/rpc/service_info.h"
#include "ipmpsc/rpc/service_type.h"
#include "tests/rpc/oracle.h"
#include "tests/rpc/oracle.ipmpsc.h"
#include "tests/rpc/oracle.pb.h"
#include "tests/testing/process/board.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc_test::rpc {
namespace {

using ipmpsc::Channel;
using ipmpsc::Deadline;
using ipmpsc::Receiver;
using ipmpsc::testing::Await;
using ipmpsc::testing::Board;
using ipmpsc::testing::ChildProcess;
using ipmpsc::testing::CountNames;
using ipmpsc::testing::kPatience;
using ipmpsc::testing::SharedMemoryDirectory;
using ipmpsc::testing::StatusIs;
using ::testing::HasSubstr;

// Cells of the board.
constexpr size_t kAsked = 0;    // questions that were handled
constexpr size_t kStuck = 1;    // handlers that reached the place where they wait to be killed
constexpr size_t kCounted = 2;  // replies of streams

// A question with this number, and a stream at it, never ends.
constexpr uint32_t kDeadly = 50;

Question Asking(uint32_t number) {
  Question question;
  question.set_number(number);
  return question;
}

class ServiceProcessTest : public ::testing::Test {
 protected:
  // Waits until the server is there.
  ChildProcess StartServer() {
    const uint64_t before = board_[3];
    ChildProcess server = ChildProcess::Fork([this] {
      TestOracle oracle;
      const auto stay = [this] {
        ++board_[kStuck];
        for (;;) pause();
      };
      oracle.on_ask = [&](const QuestionView& question) {
        ++board_[kAsked];
        if (question.number() == kDeadly) stay();
      };
      oracle.on_count = [&](uint32_t number) {
        ++board_[kCounted];
        if (number == kDeadly) stay();
      };
      ipmpsc::rpc::ServerOptions options;
      options.deadline = kPatience;
      absl::StatusOr<OracleServer> server = OracleServer::Create(path_, &oracle, options);
      if (!server.ok()) return 1;
      ++board_[3];
      return server->Serve().ok() ? 0 : 2;
    });
    EXPECT_TRUE(Await([&] { return board_[3] > before; }));
    return server;
  }

  OracleClient Connected() {
    absl::StatusOr<OracleClient> client = OracleClient::Connect(path_, kPatience);
    EXPECT_OK(client.status());
    return *std::move(client);
  }

  SharedMemoryDirectory directory_;
  const std::string path_ = directory_ / "oracle";
  Board board_;
};

TEST_F(ServiceProcessTest, DeathOfTheServerEndsACallWithoutADeadline) {
  ChildProcess server = StartServer();
  OracleClient client = Connected();
  EXPECT_OK(client.Ask(Asking(1), kPatience).status());
  std::thread killer([&] {
    EXPECT_TRUE(Await([&] { return board_[kStuck] == 1; }));
    server.Kill();
  });
  EXPECT_THAT(client.Ask(Asking(kDeadly), Deadline::Never()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("may have been handled")));
  killer.join();
  EXPECT_THAT(client.Ask(Asking(1), kPatience), StatusIs(absl::StatusCode::kUnavailable));

  // The request that its predecessor had in hand kills no other server: it is not handled again.
  server = StartServer();
  ASSERT_OK_AND_ASSIGN(const AnswerLease answer, client.Ask(Asking(2), kPatience));
  EXPECT_EQ(answer->number(), 2u);
  EXPECT_EQ(board_[kStuck], 1u);
  EXPECT_EQ(board_[kAsked], 3u);
}

// The successor is a standby: it is there before the client has looked.
TEST_F(ServiceProcessTest, SuccessorTellsTheClientsOfItsPredecessor) {
  ChildProcess server = StartServer();
  OracleClient client = Connected();
  ChildProcess successor;
  {
    const auto start = [this] {
      return ChildProcess::Fork([this] {
        TestOracle oracle;
        ipmpsc::rpc::ServerOptions options;
        options.deadline = kPatience;
        absl::StatusOr<OracleServer> standby = OracleServer::Create(path_, &oracle, options);
        return standby.ok() && standby->Serve().ok() ? 0 : 1;
      });
    };
    successor = start();
  }
  std::thread killer([&] {
    EXPECT_TRUE(Await([&] { return board_[kStuck] == 1; }));
    server.Kill();
  });
  EXPECT_THAT(client.Ask(Asking(kDeadly), Deadline::Never()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("may have been handled")));
  killer.join();
  EXPECT_TRUE(Await([&] { return client.Ask(Asking(2), kPatience).ok(); }));
}

// A standby waits for the receiver of a channel. A server with other methods takes that channel
// first, and puts its own in the place.
TEST_F(ServiceProcessTest, StandbyServesTheChannelThatIsAtItsPath) {
  ipmpsc::rpc::ServiceType other = OracleHandler::kService;
  other.method_count = 1;
  ipmpsc::ChannelOptions options;
  options.max_senders = 100;
  options.description = ipmpsc::rpc::DescribeService(OracleHandler::kService);
  ASSERT_OK_AND_ASSIGN(Channel first, Channel::Create(path_, options));
  auto first_server = std::make_optional(Receiver::Attach(first));
  ASSERT_OK(first_server->status());
  const ChildProcess standby = ChildProcess::Fork([this] {
    TestOracle oracle;
    ipmpsc::rpc::ServerOptions server_options;
    server_options.deadline = kPatience;
    absl::StatusOr<OracleServer> server = OracleServer::Create(path_, &oracle, server_options);
    if (!server.ok()) return 1;
    ++board_[3];
    return server->Serve().ok() ? 0 : 2;
  });
  // It sleeps until the first server ends. If it still starts, the test is weaker and not wrong.
  EXPECT_TRUE(Await([&] { return ipmpsc::testing::IsAsleep(standby.pid()); }));
  first.Close();
  options.exist_policy = ipmpsc::ExistPolicy::kReplace;
  options.description = ipmpsc::rpc::DescribeService(other);
  ASSERT_OK_AND_ASSIGN(const Channel second, Channel::Create(path_, options));
  auto second_server = std::make_optional(Receiver::Attach(second));
  ASSERT_OK(second_server->status());
  first_server.reset();
  second_server.reset();
  EXPECT_TRUE(Await([&] { return board_[3] == 1; }));
  EXPECT_NE(second.state(), ipmpsc::ChannelState::kOpen) << "its methods are not the standby's";
  EXPECT_OK(Connected().Ask(Asking(1), kPatience).status());
}

TEST_F(ServiceProcessTest, DeathOfTheServerCutsAStreamAfterWhatItSent) {
  ChildProcess server = StartServer();
  OracleClient client = Connected();
  auto stream = client.Count(Asking(1000), Deadline::Never());
  ASSERT_OK(stream.status());
  EXPECT_TRUE(Await([&] { return board_[kStuck] == 1; }));
  server.Kill();
  for (uint32_t i = 0; i < kDeadly; ++i) {
    ASSERT_OK_AND_ASSIGN(const AnswerLease answer, stream->Next());
    ASSERT_EQ(answer->number(), i);
  }
  EXPECT_THAT(stream->Next(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(stream->ended_well());
  server = StartServer();
  EXPECT_OK(client.Ask(Asking(1), kPatience).status());
}

TEST_F(ServiceProcessTest, DeathOfAClientEndsItsStreamAndRemovesItsChannel) {
  TestOracle oracle;
  ipmpsc::rpc::ServerOptions options;
  options.patience = absl::InfiniteDuration();  // only its death ends the stream
  ASSERT_OK_AND_ASSIGN(OracleServer server, OracleServer::Create(path_, &oracle, options));
  ChildProcess child = ChildProcess::Fork([this] {
    absl::StatusOr<OracleClient> client = OracleClient::Connect(path_, kPatience);
    if (!client.ok()) return 1;
    Question question = Asking(1000000);
    question.set_data(std::string(1000, 'x'));
    auto stream = client->Count(question, Deadline::Never());
    for (;;) pause();
    return 0;
  });
  std::thread killer([&] {
    // Its channel is full some time, or not yet: both must end.
    EXPECT_TRUE(Await([&] { return oracle.counted > 100; }));
    child.Kill();
  });
  EXPECT_OK(server.ServeOnce(kPatience));
  killer.join();
  EXPECT_THAT(oracle.stream_status,
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("client of this call is gone")));
  EXPECT_TRUE(Await([&] {
    EXPECT_THAT(server.ServeOnce(absl::Milliseconds(100)),
                StatusIs(absl::StatusCode::kDeadlineExceeded));
    return server.clients() == 0 && CountNames(directory_.path()) == 1;
  })) << "the dead client's file stays";
}

// It holds a claim in the channel of requests, in front of those of the others.
TEST_F(ServiceProcessTest, ClientThatDiesWhileItWritesARequestHoldsUpNobody) {
  ChildProcess server = StartServer();
  OracleClient client = Connected();
  ChildProcess child = ChildProcess::Fork([this] {
    absl::StatusOr<OracleClient> dying = OracleClient::Connect(path_, kPatience);
    if (!dying.ok()) return 1;
    const auto fill = [](QuestionWriter& question) {
      question.set_number(1);
      raise(SIGKILL);
    };
    return dying->Ask(1000, fill, kPatience).ok() ? 2 : 3;
  });
  EXPECT_EQ(child.Wait(), "killed by 9");
  EXPECT_OK(client.Ask(Asking(1), kPatience).status());
  EXPECT_EQ(board_[kAsked], 1u);
  // Its reply channel goes when another client connects.
  const OracleClient other = Connected();
  EXPECT_EQ(CountNames(directory_.path()), 3);
}

TEST_F(ServiceProcessTest, ServerThatDiesWhileItWritesAReplyIsTold) {
  ChildProcess server = ChildProcess::Fork([this] {
    class Dying : public OracleHandler {
      absl::Status Ask(const QuestionView&, AskReplyTo& reply) override {
        return reply.Write(1000, [](AnswerWriter&) { raise(SIGKILL); });
      }
    } handler;
    absl::StatusOr<OracleServer> dying = OracleServer::Create(path_, &handler);
    return dying.ok() && dying->Serve().ok() ? 0 : 1;
  });
  OracleClient client = Connected();
  EXPECT_TRUE(Await([&] { return client.channel().HasReceiver(); }));
  EXPECT_THAT(client.Ask(Asking(1), Deadline::Never()), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(server.Wait(), "killed by 9");
  // The claim of the dead server is stepped over.
  server = StartServer();
  EXPECT_OK(client.Ask(Asking(1), kPatience).status());
}

TEST_F(ServiceProcessTest, InheritedClientRefusesAndRemovesNothing) {
  ChildProcess server = StartServer();
  OracleClient client = Connected();
  ChildProcess child = ChildProcess::Fork([&] {
    const bool refuses = absl::IsFailedPrecondition(client.Ask(Asking(1), kPatience).status());
    { const OracleClient gone = std::move(client); }
    return refuses ? 0 : 1;
  });
  EXPECT_EQ(child.Wait(), "exited 0");
  EXPECT_OK(client.Ask(Asking(1), kPatience).status());
}

}  // namespace
}  // namespace ipmpsc_test::rpc
