// Peers that write anything into the channels of a service.
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/rpc/envelope.h"
#include "ipmpsc/rpc/service_info.h"
#include "ipmpsc/sender.h"
#include "tests/rpc/oracle.h"
#include "tests/rpc/oracle.ipmpsc.h"
#include "tests/rpc/oracle.pb.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc_test::rpc {
namespace {

using ipmpsc::Channel;
using ipmpsc::ChannelOptions;
using ipmpsc::Deadline;
using ipmpsc::Receiver;
using ipmpsc::Sender;
using ipmpsc::rpc::DescribeReplies;
using ipmpsc::rpc::kEnvelopeSize;
using ipmpsc::rpc::ReplyEnvelope;
using ipmpsc::rpc::ReplyKind;
using ipmpsc::rpc::ReplyPath;
using ipmpsc::rpc::RequestEnvelope;
using ipmpsc::rpc::RequestKind;
using ipmpsc::testing::Await;
using ipmpsc::testing::ChildProcess;
using ipmpsc::testing::kPatience;
using ipmpsc::testing::SharedMemoryDirectory;
using ipmpsc::testing::StatusIs;
using ::testing::HasSubstr;

template <typename Envelope>
std::string Record(const Envelope& envelope, const std::string& message = "") {
  std::string bytes(kEnvelopeSize, '\0');
  ipmpsc::rpc::WriteEnvelope(envelope, bytes.data());
  return bytes + message;
}

std::string QuestionBytes(uint32_t number) {
  Question question;
  question.set_number(number);
  return question.SerializeAsString();
}

class HostileTest : public ::testing::Test {
 protected:
  HostileTest() : server_(*OracleServer::Create(path_, &oracle_)) {}

  // Handles what is there.
  void ServeAll() {
    absl::Status status;
    while (status.ok()) status = server_.ServeOnce(absl::ZeroDuration());
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kDeadlineExceeded));
  }

  // The service still serves those who keep to the protocol.
  void ExpectService() {
    std::thread thread([this] {
      absl::StatusOr<OracleClient> client = OracleClient::Connect(path_, kPatience);
      ASSERT_OK(client.status());
      Question question;
      question.set_number(42);
      absl::StatusOr<AnswerLease> answer = client->Ask(question, kPatience);
      ASSERT_OK(answer.status());
      EXPECT_EQ((*answer)->number(), 42u);
    });
    EXPECT_OK(server_.ServeOnce(kPatience));
    thread.join();
  }

  ChannelOptions ReplyOptions(uint64_t id) const {
    ChannelOptions options;
    options.description = DescribeReplies(OracleHandler::kService, id);
    return options;
  }

  // The reply channel of the only client. Empty if there is none.
  std::string OnlyReplyPath() const {
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      const std::string name = entry.path();
      if (name.find(".reply-") != std::string::npos) return name;
    }
    return "";
  }

  static constexpr uint32_t kAsk = OracleHandler::kMethods[0].id;

  SharedMemoryDirectory directory_;
  const std::string path_ = directory_ / "oracle";
  TestOracle oracle_;
  OracleServer server_;
};

TEST_F(HostileTest, RandomRequestsAreDroppedOrAnswered) {
  constexpr uint64_t kId = 77;
  ASSERT_OK_AND_ASSIGN(const Channel requests, Channel::Open(path_));
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(requests));
  ASSERT_OK_AND_ASSIGN(const Channel channel,
                       Channel::Create(ReplyPath(path_, kId), ReplyOptions(kId)));
  ASSERT_OK_AND_ASSIGN(Receiver replies, Receiver::Attach(channel));
  std::mt19937_64 random(1);
  uint64_t answers = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string record =
        Record(RequestEnvelope{RequestKind::kCall, kAsk, random(), kId, Deadline::kNever},
               QuestionBytes(static_cast<uint32_t>(random())));
    for (uint64_t changes = random() % 3; changes > 0; --changes) {
      record[random() % record.size()] = static_cast<char>(random());
    }
    if (random() % 16 == 0) record.resize(random() % record.size());
    ASSERT_OK(sender.TrySend(record));
    if (i % 64 != 0) continue;
    ServeAll();
    ASSERT_OK(replies
                  .Drain([&](const ipmpsc::Record& reply) {
                    ReplyEnvelope envelope;
                    EXPECT_TRUE(ipmpsc::rpc::ReadEnvelope(reply.payload, &envelope));
                    ++answers;
                  })
                  .status());
  }
  ServeAll();
  EXPECT_GT(answers, 1000u);
  EXPECT_GT(server_.stats().malformed, 1000u);
  EXPECT_GT(server_.stats().unimplemented, 10u);
  EXPECT_GT(server_.stats().unreachable, 100u);
  ExpectService();
}

// A client that names a channel which is not its own gets the server to write nothing there.
TEST_F(HostileTest, RepliesGoOnlyIntoTheChannelOfTheirClient) {
  constexpr uint64_t kId = 1;
  ASSERT_OK_AND_ASSIGN(const Channel requests, Channel::Open(path_));
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(requests));
  ASSERT_OK_AND_ASSIGN(Channel victim, Channel::Create(directory_ / "victim", {}));
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(victim));
  ASSERT_EQ(symlink((directory_ / "victim").c_str(), ReplyPath(path_, kId).c_str()), 0);
  const RequestEnvelope call{RequestKind::kCall, kAsk, 1, kId, Deadline::kNever};
  ASSERT_OK(sender.TrySend(Record(call, QuestionBytes(1))));
  ServeAll();
  EXPECT_THAT(receiver.TryReceive(), StatusIs(absl::StatusCode::kUnavailable));
  // Nor into another client's.
  ASSERT_EQ(unlink(ReplyPath(path_, kId).c_str()), 0);
  ASSERT_OK_AND_ASSIGN(const Channel other, Channel::Create(ReplyPath(path_, 2), ReplyOptions(2)));
  ASSERT_OK_AND_ASSIGN(Receiver other_receiver, Receiver::Attach(other));
  ASSERT_EQ(symlink(ReplyPath(path_, 2).c_str(), ReplyPath(path_, kId).c_str()), 0);
  ASSERT_OK(sender.TrySend(Record(call, QuestionBytes(1))));
  ServeAll();
  EXPECT_THAT(other_receiver.TryReceive(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(server_.stats().unreachable, 2u);
  EXPECT_EQ(oracle_.asked, 0);
  // A reply channel that drops what it has no space for would lose replies.
  ChannelOptions lossy = ReplyOptions(3);
  lossy.on_full = ipmpsc::OnFull::kDropNewest;
  ASSERT_OK_AND_ASSIGN(const Channel dropping, Channel::Create(ReplyPath(path_, 3), lossy));
  ASSERT_OK_AND_ASSIGN(Receiver dropping_receiver, Receiver::Attach(dropping));
  ASSERT_OK(sender.TrySend(
      Record(RequestEnvelope{RequestKind::kCall, kAsk, 1, 3, Deadline::kNever}, QuestionBytes(1))));
  ServeAll();
  EXPECT_EQ(server_.stats().unreachable, 3u);
  ExpectService();
}

// A client that closes its reply channel, or makes it too small for anything.
TEST_F(HostileTest, UselessReplyChannelsCostNothing) {
  ASSERT_OK_AND_ASSIGN(const Channel requests, Channel::Open(path_));
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(requests));
  ChannelOptions small = ReplyOptions(1);
  small.capacity = 1;
  ASSERT_OK_AND_ASSIGN(Channel closed, Channel::Create(ReplyPath(path_, 1), small));
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(closed));
  const RequestEnvelope call{RequestKind::kCall, kAsk, 1, 1, Deadline::kNever};
  ASSERT_OK(sender.TrySend(Record(call, QuestionBytes(1))));
  ServeAll();
  EXPECT_EQ(server_.clients(), 1u);
  closed.Close();
  ASSERT_OK(sender.TrySend(Record(call, QuestionBytes(1))));
  ASSERT_OK(sender.TrySend(Record(call, QuestionBytes(1))));
  ServeAll();
  EXPECT_EQ(server_.stats().unreachable, 1u) << "the first one found out";
  ExpectService();
}

// A client without space for a refusal holds up its server until the deadline of `ServeOnce`, even
// if the server has more patience.
TEST_F(HostileTest, RefusalsWaitForSpaceUntilTheDeadlineOfTheServer) {
  const std::string path = directory_ / "patient";
  ipmpsc::rpc::ServerOptions options;
  options.patience = absl::InfiniteDuration();
  ASSERT_OK_AND_ASSIGN(OracleServer server, OracleServer::Create(path, &oracle_, options));
  ASSERT_OK_AND_ASSIGN(const Channel requests, Channel::Open(path));
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(requests));
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Create(ReplyPath(path, 1), ReplyOptions(1)));
  ASSERT_OK_AND_ASSIGN(Receiver replies, Receiver::Attach(channel));
  {
    ASSERT_OK_AND_ASSIGN(Sender filler, Sender::Attach(channel));
    absl::Status filled;
    while (filled.ok()) filled = filler.TrySend(std::string(100, 'x'));
    ASSERT_THAT(filled, StatusIs(absl::StatusCode::kResourceExhausted));
  }
  const auto call = [](uint32_t method) {
    return RequestEnvelope{RequestKind::kCall, method, 1, 1, Deadline::kNever};
  };
  ASSERT_OK(sender.TrySend(Record(call(kAsk + 1), QuestionBytes(1))));
  EXPECT_THAT(server.ServeOnce(absl::Milliseconds(20)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(server.stats().unimplemented, 1u);
  ASSERT_OK(sender.TrySend(Record(call(kAsk), "\xff")));
  EXPECT_OK(server.ServeOnce(absl::Milliseconds(20)));
  EXPECT_EQ(server.stats().malformed, 1u);
  EXPECT_EQ(server.stats().given_up, 0u);
  // With space they arrive, even if the server does not wait.
  ASSERT_OK(replies.Drain([](const ipmpsc::Record&) {}).status());
  ASSERT_OK(sender.TrySend(Record(call(kAsk + 1), QuestionBytes(1))));
  EXPECT_THAT(server.ServeOnce(absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  ASSERT_OK_AND_ASSIGN(const ipmpsc::Lease reply, replies.TryReceive());
  ReplyEnvelope envelope;
  ASSERT_TRUE(ipmpsc::rpc::ReadEnvelope(reply.payload(), &envelope));
  EXPECT_EQ(envelope.kind, ReplyKind::kStatus);
}

TEST_F(HostileTest, CallEndsWhoseReplyChannelTheServerCannotOpen) {
  ASSERT_OK_AND_ASSIGN(OracleClient client, OracleClient::Connect(path_, kPatience));
  ASSERT_EQ(unlink(OnlyReplyPath().c_str()), 0);
  std::thread thread([&client] {
    EXPECT_THAT(client.Ask(Question(), Deadline::Never()),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("has dropped the call")));
  });
  EXPECT_TRUE(Await([this] {
    ServeAll();
    return server_.stats().unreachable == 1;
  }));
  thread.join();
  EXPECT_EQ(oracle_.asked, 0);
  ExpectService();
}

// The server takes the second call and its cancellation while it handles the first call.
TEST_F(HostileTest, CancelledCallThatWaitsIsNotHandled) {
  ASSERT_OK_AND_ASSIGN(const Channel requests, Channel::Open(path_));
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(requests));
  ASSERT_OK_AND_ASSIGN(const Channel channel,
                       Channel::Create(ReplyPath(path_, 1), ReplyOptions(1)));
  ASSERT_OK_AND_ASSIGN(Receiver replies, Receiver::Attach(channel));
  for (const uint64_t call : {1, 2, 3}) {
    const RequestEnvelope envelope{RequestKind::kCall, kAsk, call, 1, Deadline::kNever};
    ASSERT_OK(sender.TrySend(Record(envelope, QuestionBytes(1))));
  }
  ASSERT_OK(sender.TrySend(Record(RequestEnvelope{RequestKind::kCancel, 0, 2, 1, 0})));
  ServeAll();
  EXPECT_EQ(oracle_.asked, 2);
  for (const uint64_t call : {1, 3}) {
    ASSERT_OK_AND_ASSIGN(const ipmpsc::Lease reply, replies.TryReceive());
    ReplyEnvelope envelope;
    ASSERT_TRUE(ipmpsc::rpc::ReadEnvelope(reply.payload(), &envelope));
    EXPECT_EQ(envelope.call, call);
  }
  ExpectService();
}

// Its client never cancels, and has space for all replies.
TEST_F(HostileTest, StreamEndsAtItsDeadline) {
  ASSERT_OK_AND_ASSIGN(const Channel requests, Channel::Open(path_));
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(requests));
  ASSERT_OK_AND_ASSIGN(const Channel channel,
                       Channel::Create(ReplyPath(path_, 1), ReplyOptions(1)));
  ASSERT_OK_AND_ASSIGN(const Receiver replies, Receiver::Attach(channel));
  Deadline deadline = absl::ZeroDuration();
  oracle_.on_count = [&deadline](uint32_t number) {
    if (number == 0) return;
    EXPECT_TRUE(Await([&deadline] { return deadline.Passed(); }));
  };
  // Again, where the server has taken the call too late.
  while (oracle_.counted == 0) {
    deadline = absl::Milliseconds(100);
    const RequestEnvelope envelope{RequestKind::kCall, OracleHandler::kMethods[1].id, 1, 1,
                                   deadline.nanoseconds()};
    ASSERT_OK(sender.TrySend(Record(envelope, QuestionBytes(3))));
    ServeAll();
  }
  EXPECT_THAT(oracle_.stream_status, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(oracle_.counted, 1);
}

// The server has taken the second call while it handled the first one.
TEST_F(HostileTest, InheritedServerAnswersNobody) {
  ASSERT_OK_AND_ASSIGN(const Channel requests, Channel::Open(path_));
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(requests));
  ASSERT_OK_AND_ASSIGN(const Channel first, Channel::Create(ReplyPath(path_, 1), ReplyOptions(1)));
  ASSERT_OK_AND_ASSIGN(const Receiver first_replies, Receiver::Attach(first));
  ASSERT_OK_AND_ASSIGN(const Channel channel,
                       Channel::Create(ReplyPath(path_, 2), ReplyOptions(2)));
  ASSERT_OK_AND_ASSIGN(Receiver replies, Receiver::Attach(channel));
  for (const uint64_t client : {1, 2}) {
    const RequestEnvelope envelope{RequestKind::kCall, kAsk, 1, client, Deadline::kNever};
    ASSERT_OK(sender.TrySend(Record(envelope, QuestionBytes(1))));
  }
  EXPECT_OK(server_.ServeOnce(absl::ZeroDuration()));
  ChildProcess child = ChildProcess::Fork([this] {
    const OracleServer gone = std::move(server_);
    return 0;
  });
  EXPECT_EQ(child.Wait(), "exited 0");
  EXPECT_THAT(replies.TryReceive(), StatusIs(absl::StatusCode::kUnavailable));
  ServeAll();
  EXPECT_EQ(oracle_.asked, 2);
  EXPECT_OK(replies.TryReceive().status());
  ExpectService();
}

TEST_F(HostileTest, RandomRepliesDoNotDisturbAClient) {
  ASSERT_OK_AND_ASSIGN(OracleClient client, OracleClient::Connect(path_, kPatience));
  {
    // Its first call tells its channel.
    Question question;
    std::thread thread([&] { EXPECT_OK(client.Ask(question, kPatience).status()); });
    EXPECT_OK(server_.ServeOnce(kPatience));
    thread.join();
  }
  const std::string reply_path = OnlyReplyPath();
  ASSERT_FALSE(reply_path.empty());
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Open(reply_path));
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  std::mt19937_64 random(1);
  int answered = 0;
  for (uint64_t call = 2; call < 2000; ++call) {
    std::string record = Record(
        ReplyEnvelope{static_cast<ReplyKind>(1 + random() % 3), 0, random() % 4 != 0 ? call : 1},
        QuestionBytes(static_cast<uint32_t>(call)));
    for (uint64_t changes = random() % 3; changes > 0; --changes) {
      record[random() % record.size()] = static_cast<char>(random());
    }
    ASSERT_OK(sender.TrySend(record));
    Question question;
    const absl::StatusOr<AnswerLease> answer = client.Ask(question, absl::ZeroDuration());
    answered += answer.ok();
  }
  EXPECT_GT(answered, 100);
  EXPECT_GT(client.stats().late_replies, 100u);
  EXPECT_GT(client.stats().malformed_replies, 100u);
  ServeAll();
  ExpectService();
}

}  // namespace
}  // namespace ipmpsc_test::rpc
