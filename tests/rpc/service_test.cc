// Calls of a service whose server runs in a thread of the test.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/rpc/service_info.h"
#include "ipmpsc/wait_set.h"
#include "tests/rpc/changed.ipmpsc.h"
#include "tests/rpc/oracle.h"
#include "tests/rpc/oracle.ipmpsc.h"
#include "tests/rpc/oracle.pb.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc_test::rpc {
namespace {

using ipmpsc::Channel;
using ipmpsc::Deadline;
using ipmpsc::rpc::ClientOptions;
using ipmpsc::rpc::ReplyStream;
using ipmpsc::rpc::ServerOptions;
using ipmpsc::testing::Await;
using ipmpsc::testing::CountNames;
using ipmpsc::testing::kPatience;
using ipmpsc::testing::SharedMemoryDirectory;
using ipmpsc::testing::StatusIs;
using ::testing::HasSubstr;

Question Asking(uint32_t number, const std::string& text = "") {
  Question question;
  question.set_number(number);
  question.set_text(text);
  return question;
}

// A server that serves in a thread until it is destroyed.
class Serving {
 public:
  explicit Serving(const std::string& path, const ServerOptions& options = {}) {
    absl::StatusOr<OracleServer> server = OracleServer::Create(path, &oracle, options);
    EXPECT_OK(server.status());
    server_ = std::make_unique<OracleServer>(*std::move(server));
    thread_ = std::thread([this] { EXPECT_OK(server_->Serve()); });
  }
  ~Serving() { Stop(); }
  void Stop() {
    if (!thread_.joinable()) return;
    server_->Interrupt();
    thread_.join();
    oracle.deferred.reset();
  }
  OracleServer& server() { return *server_; }

  TestOracle oracle;

 private:
  std::unique_ptr<OracleServer> server_;
  std::thread thread_;
};

class ServiceTest : public ::testing::Test {
 protected:
  OracleClient Connected(const ClientOptions& options = {}) {
    absl::StatusOr<OracleClient> client = OracleClient::Connect(path_, kPatience, options);
    EXPECT_OK(client.status());
    return *std::move(client);
  }

  SharedMemoryDirectory directory_;
  const std::string path_ = directory_ / "oracle";
};

TEST_F(ServiceTest, MethodRepliesToMessagesAndToRequestsInPlace) {
  Serving serving(path_);
  OracleClient client = Connected();
  for (uint32_t i = 0; i < 100; ++i) {
    ASSERT_OK_AND_ASSIGN(const AnswerLease answer,
                         client.Ask(Asking(i, absl::StrCat("text ", i)), kPatience));
    EXPECT_EQ(answer->number(), i);
    EXPECT_EQ(answer->text(), absl::StrCat("text ", i));
  }
  const std::string data(100000, 'x');
  const auto fill = [&](QuestionWriter& question) {
    question.set_number(7);
    question.set_data(data);
  };
  ASSERT_OK_AND_ASSIGN(const AnswerLease answer, client.Ask(data.size() + 200, fill, kPatience));
  EXPECT_EQ(answer->number(), 7u);
  EXPECT_EQ(answer->data(), data);
  // In place on both ways, at the alignment that the .proto asks for.
  EXPECT_EQ(reinterpret_cast<uintptr_t>(answer->data().data()) % 64, 0u);
  serving.Stop();
  EXPECT_TRUE(serving.oracle.aligned);
  EXPECT_EQ(serving.server().stats().calls, 101u);
  EXPECT_EQ(client.stats().calls, 101u);
}

TEST_F(ServiceTest, ErrorsTravelWithTheirCodeAndText) {
  Serving serving(path_);
  OracleClient client = Connected();
  for (int code = 1; code <= 16; ++code) {
    EXPECT_THAT(client.Fail(Asking(code, "the reason"), kPatience),
                StatusIs(static_cast<absl::StatusCode>(code), "the reason"));
  }
  EXPECT_THAT(client.Fail(Asking(2, std::string(10000, 'x')), kPatience),
              StatusIs(absl::StatusCode::kUnknown, std::string(4096, 'x')));
  // OK without a reply is an error of the handler.
  EXPECT_THAT(
      client.Fail(Asking(0), kPatience),
      StatusIs(absl::StatusCode::kInternal, HasSubstr("the handler of Fail ended without")));
  EXPECT_THAT(client.Missing(Asking(0), kPatience),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("Missing is not implemented")));
}

TEST_F(ServiceTest, StreamEndsWithItsStatus) {
  Serving serving(path_);
  OracleClient client = Connected();
  for (const std::string text : {"", "cut"}) {
    auto stream = client.Count(Asking(1000, text), kPatience);
    ASSERT_OK(stream.status());
    for (uint32_t i = 0; i < 1000; ++i) {
      ASSERT_OK_AND_ASSIGN(const AnswerLease answer, stream->Next());
      ASSERT_EQ(answer->number(), i);
    }
    const auto code = text.empty() ? absl::StatusCode::kOutOfRange : absl::StatusCode::kDataLoss;
    EXPECT_THAT(stream->Next(), StatusIs(code));
    EXPECT_THAT(stream->Next(), StatusIs(code)) << "it stays so";
    EXPECT_EQ(stream->ended_well(), text.empty());
  }
}

TEST_F(ServiceTest, CallsAndStreamsOfOneClientInterleave) {
  Serving serving(path_);
  OracleClient client = Connected();
  auto first = client.Count(Asking(10), kPatience);
  ASSERT_OK(first.status());
  const auto fill = [](QuestionWriter& question) { question.set_number(10); };
  auto second = client.Count(100, fill, kPatience);
  ASSERT_OK(second.status());
  for (uint32_t i = 0; i < 10; ++i) {
    EXPECT_OK(client.Ask(Asking(i), kPatience).status());
    ASSERT_OK_AND_ASSIGN(const AnswerLease later, second->Next());
    ASSERT_OK_AND_ASSIGN(const AnswerLease earlier, first->Next());
    EXPECT_EQ(later->number(), i);
    EXPECT_EQ(earlier->number(), i);
  }
  EXPECT_THAT(first->Next(), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(second->Next(), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_EQ(client.stats().late_replies, 0u);
}

TEST_F(ServiceTest, AssignedStreamHasTheEndOfTheOtherOne) {
  Serving serving(path_);
  OracleClient client = Connected();
  auto stream = client.Count(Asking(0), kPatience);
  ASSERT_OK(stream.status());
  EXPECT_THAT(stream->Next(), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_TRUE(stream->ended_well());
  auto cut = client.Count(Asking(0, "cut"), kPatience);
  ASSERT_OK(cut.status());
  *stream = *std::move(cut);
  EXPECT_FALSE(stream->ended_well()) << "it has not ended";
  EXPECT_THAT(stream->Next(), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_FALSE(stream->ended_well());
}

// A stream of more bytes than the reply channel holds, whose client lets it lie.
TEST_F(ServiceTest, CancelledStreamEndsAtTheServerAndDisturbsNothing) {
  ServerOptions options;
  options.patience = absl::InfiniteDuration();
  Serving serving(path_, options);
  OracleClient client = Connected();
  {
    Question question = Asking(1000000);
    question.set_data(std::string(1000, 'x'));
    auto stream = client.Count(question, Deadline::Never());
    ASSERT_OK(stream.status());
    ASSERT_OK(stream->Next().status());
    stream->Cancel();
    EXPECT_THAT(stream->Next(), StatusIs(absl::StatusCode::kCancelled));
  }
  ASSERT_OK_AND_ASSIGN(const AnswerLease answer, client.Ask(Asking(3), kPatience));
  EXPECT_EQ(answer->number(), 3u);
  serving.Stop();
  EXPECT_THAT(serving.oracle.stream_status,
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("has cancelled")));
  EXPECT_LT(serving.oracle.counted, 1000000);
}

TEST_F(ServiceTest, ClientThatLeavesItsRepliesUnreadIsGivenUp) {
  ServerOptions options;
  options.patience = absl::Milliseconds(50);
  Serving serving(path_, options);
  OracleClient client = Connected();
  OracleClient other = Connected();
  Question question = Asking(1000000);
  question.set_data(std::string(1000, 'x'));
  auto stream = client.Count(question, Deadline::Never());
  ASSERT_OK(stream.status());
  // The other one is served all the same.
  EXPECT_OK(other.Ask(Asking(1), kPatience).status());
  absl::Status end;
  while (end.ok()) end = stream->Next().status();
  EXPECT_THAT(end, StatusIs(absl::StatusCode::kAborted, HasSubstr("connect again")));
  EXPECT_FALSE(stream->ended_well());
  EXPECT_THAT(client.Ask(Asking(1), kPatience), StatusIs(absl::StatusCode::kAborted));
  OracleClient again = Connected();
  EXPECT_OK(again.Ask(Asking(1), kPatience).status());
  serving.Stop();
  EXPECT_EQ(serving.server().stats().given_up, 1u);
}

TEST_F(ServiceTest, DeadlineEndsTheCallAndDropsTheLateOne) {
  TestOracle oracle;
  ASSERT_OK_AND_ASSIGN(OracleServer server, OracleServer::Create(path_, &oracle));
  OracleClient client = Connected();
  EXPECT_THAT(client.Ask(Asking(1), absl::Milliseconds(10)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("has not replied")));
  EXPECT_THAT(server.ServeOnce(absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(oracle.asked, 0) << "nobody waits for it";
  EXPECT_EQ(server.stats().late, 1u);
  // A reply that comes late is dropped. The handler replies when the client has given up.
  std::atomic<bool> has_given_up{false};
  oracle.on_ask = [&](const QuestionView&) {
    EXPECT_TRUE(Await([&] { return has_given_up.load(); }));
  };
  std::thread late([&] { EXPECT_OK(server.ServeOnce(kPatience)); });
  while (oracle.asked == 0) {
    EXPECT_THAT(client.Ask(Asking(2), absl::Milliseconds(100)),
                StatusIs(absl::StatusCode::kDeadlineExceeded));
  }
  has_given_up = true;
  late.join();
  std::thread thread([&] { EXPECT_OK(server.ServeOnce(kPatience)); });
  ASSERT_OK_AND_ASSIGN(const AnswerLease answer, client.Ask(Asking(3), kPatience));
  thread.join();
  EXPECT_EQ(answer->number(), 3u);
  EXPECT_EQ(client.stats().late_replies, 1u);
}

TEST_F(ServiceTest, DeferredCallKeepsItsRequest) {
  TestOracle oracle;
  ASSERT_OK_AND_ASSIGN(OracleServer server, OracleServer::Create(path_, &oracle));
  std::thread first([this] {
    OracleClient client = Connected();
    absl::StatusOr<AnswerLease> answer = client.Later(Asking(0, "first"), kPatience);
    ASSERT_OK(answer.status());
    EXPECT_EQ((*answer)->text(), "first");
  });
  EXPECT_OK(server.ServeOnce(kPatience));
  EXPECT_TRUE(oracle.deferred.has_value());
  EXPECT_FALSE(oracle.deferred->cancelled());
  std::thread second([this] {
    OracleClient client = Connected();
    EXPECT_THAT(client.Later(Asking(0, "second"), kPatience),
                StatusIs(absl::StatusCode::kInternal, HasSubstr("ended without a reply")));
  });
  EXPECT_OK(server.ServeOnce(kPatience));
  first.join();
  oracle.deferred.reset();
  second.join();
}

TEST_F(ServiceTest, DeferredCallIsFinishedWithAStatus) {
  TestOracle oracle;
  ASSERT_OK_AND_ASSIGN(OracleServer server, OracleServer::Create(path_, &oracle));
  for (const bool is_ok : {false, true}) {
    std::thread thread([this, is_ok] {
      OracleClient client = Connected();
      EXPECT_THAT(client.Later(Asking(0), kPatience),
                  is_ok ? StatusIs(absl::StatusCode::kInternal, HasSubstr("gave no reply"))
                        : StatusIs(absl::StatusCode::kNotFound, "the reason"));
    });
    EXPECT_OK(server.ServeOnce(kPatience));
    EXPECT_TRUE(oracle.deferred.has_value());
    oracle.deferred->Finish(is_ok ? absl::OkStatus() : absl::NotFoundError("the reason"));
    thread.join();
    EXPECT_TRUE(oracle.deferred->cancelled());
    EXPECT_THAT(oracle.deferred->Send(Answer()), StatusIs(absl::StatusCode::kFailedPrecondition));
    oracle.deferred.reset();
  }
}

TEST_F(ServiceTest, ManyClientsCallAtOnce) {
  constexpr int kClients = 24;
  constexpr int kCalls = 200;
  Serving serving(path_);
  std::vector<std::thread> threads;
  for (int i = 0; i < kClients; ++i) {
    threads.emplace_back([this, i] {
      absl::StatusOr<OracleClient> client = OracleClient::Connect(path_, kPatience);
      ASSERT_OK(client.status());
      for (int j = 0; j < kCalls; ++j) {
        absl::StatusOr<AnswerLease> answer = client->Ask(Asking(i * 1000 + j), kPatience);
        ASSERT_OK(answer.status());
        ASSERT_EQ((*answer)->number(), static_cast<uint32_t>(i * 1000 + j));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(serving.oracle.asked, kClients * kCalls);
  // Their reply channels are gone with them.
  EXPECT_EQ(CountNames(directory_.path()), 1);
}

TEST_F(ServiceTest, ClientMayStartFirstAndIsToldThatNoServerRuns) {
  EXPECT_THAT(OracleClient::Connect(path_, absl::Milliseconds(20)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  std::unique_ptr<OracleClient> client;
  std::thread thread([&] { client = std::make_unique<OracleClient>(Connected()); });
  {
    Serving serving(path_);
    thread.join();
    EXPECT_OK(client->Ask(Asking(1), kPatience).status());
  }
  // It is gone now. Its successor serves the same client.
  EXPECT_TRUE(
      Await([&] { return absl::IsUnavailable(client->Ask(Asking(1), kPatience).status()); }));
  Serving serving(path_);
  EXPECT_OK(client->Ask(Asking(1), kPatience).status());
}

TEST_F(ServiceTest, SecondServerIsRefused) {
  Serving serving(path_);
  TestOracle oracle;
  EXPECT_THAT(OracleServer::Create(path_, &oracle), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(ServiceTest, OtherChannelsAreRefused) {
  TestOracle oracle;
  ASSERT_OK_AND_ASSIGN(const Channel raw, Channel::Create(path_, {}));
  EXPECT_THAT(OracleServer::Create(path_, &oracle),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("not one of service")));
  EXPECT_THAT(OracleClient::Connect(path_, kPatience),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("not one of service")));
  const std::string questions = directory_ / "questions";
  ASSERT_OK(QuestionChannel::Create(questions).status());
  EXPECT_THAT(OracleServer::Create(questions, &oracle),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("carries ipmpsc_test.rpc.Question")));
  EXPECT_THAT(OracleClient::Connect(questions, kPatience),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("carries ipmpsc_test.rpc.Question, not service")));
  const std::string other = directory_ / "other";
  ipmpsc_test::changed::OracleHandler handler;
  ASSERT_OK(ipmpsc_test::changed::OracleServer::Create(other, &handler).status());
  EXPECT_THAT(OracleClient::Connect(other, kPatience),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("carries ipmpsc_test.changed.Oracle")));
  // And a typed end says what a service's channel is.
  EXPECT_THAT(QuestionSender::Open(other),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("carries ipmpsc_test.changed.Oracle")));
}

TEST_F(ServiceTest, IncompatibleMethodIsNamed) {
  ipmpsc::rpc::MethodType methods[] = {ipmpsc_test::changed::OracleHandler::kMethods[0]};
  ipmpsc::rpc::ServiceType changed = OracleHandler::kService;
  changed.methods = methods;
  changed.method_count = 1;
  ipmpsc::ChannelOptions options;
  options.description = ipmpsc::rpc::DescribeService(changed);
  ASSERT_OK(Channel::Create(path_, options).status());
  EXPECT_THAT(OracleClient::Connect(path_, kPatience),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("method Ask: ")));
  methods[0] = OracleHandler::kMethods[0];
  methods[0].streams = true;
  options.description = ipmpsc::rpc::DescribeService(changed);
  options.exist_policy = ipmpsc::ExistPolicy::kReplace;
  ASSERT_OK(Channel::Create(path_, options).status());
  EXPECT_THAT(OracleClient::Connect(path_, kPatience),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("streams its replies")));
}

// A server with other methods, or with larger channels, takes the place of one that has ended.
// Clients connect again.
TEST_F(ServiceTest, ServerThatDiffersReplacesItsPredecessor) {
  for (const bool is_smaller : {false, true}) {
    ipmpsc::rpc::ServiceType old = OracleHandler::kService;
    if (!is_smaller) old.method_count = 2;
    ipmpsc::ChannelOptions options;
    options.exist_policy = ipmpsc::ExistPolicy::kReplace;
    options.max_senders = is_smaller ? 99 : 100;
    options.description = ipmpsc::rpc::DescribeService(old);
    ASSERT_OK_AND_ASSIGN(const Channel before, Channel::Create(path_, options));
    OracleClient client = Connected();
    Serving serving(path_);
    EXPECT_NE(before.state(), ipmpsc::ChannelState::kOpen);
    EXPECT_THAT(client.Ask(Asking(1), kPatience),
                StatusIs(absl::StatusCode::kAborted, HasSubstr("connect again")));
    EXPECT_OK(Connected().Ask(Asking(1), kPatience).status());
  }
}

// As between the end of a server whose methods have changed and the start of the next one.
TEST_F(ServiceTest, ClientWaitsForTheReplacementOfAChannelThatHasEnded) {
  ipmpsc::ChannelOptions options;
  options.description = ipmpsc::rpc::DescribeService(OracleHandler::kService);
  ASSERT_OK_AND_ASSIGN(Channel ended, Channel::Create(path_, options));
  ended.Close();
  EXPECT_THAT(OracleClient::Connect(path_, absl::Milliseconds(40)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("has ended")));
  EXPECT_THAT(OracleClient::Connect(path_, absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("start the server")));
  EXPECT_EQ(CountNames(directory_.path()), 1) << "no reply channel stays";
  std::thread thread([&] { EXPECT_OK(Connected().Ask(Asking(1), kPatience).status()); });
  Serving serving(path_);
  thread.join();
}

TEST_F(ServiceTest, LongMessagesAreRefusedWithAReason) {
  Serving serving(path_);
  ClientOptions options;
  options.reply_capacity = 4096;
  OracleClient client = Connected(options);
  Question question = Asking(1);
  question.set_data(std::string(5000, 'x'));
  EXPECT_THAT(client.Ask(question, kPatience),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("reply_capacity")));
  question.set_data(std::string(2000000, 'x'));
  EXPECT_THAT(client.Ask(question, kPatience),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("raise the capacity")));
  const auto fill = [](QuestionWriter& writer) { writer.set_text("longer than ten bytes"); };
  EXPECT_THAT(client.Ask(10, fill, kPatience), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_OK(client.Ask(Asking(1), kPatience).status());
}

TEST_F(ServiceTest, InterruptEndsCallAndServer) {
  TestOracle oracle;
  ASSERT_OK_AND_ASSIGN(OracleServer server, OracleServer::Create(path_, &oracle));
  OracleClient client = Connected();
  client.Interrupt();
  EXPECT_THAT(client.Ask(Asking(1), Deadline::Never()), StatusIs(absl::StatusCode::kCancelled));
  server.Interrupt();
  EXPECT_OK(server.Serve());
}

TEST_F(ServiceTest, ServerIsMemberOfAWaitSet) {
  TestOracle oracle;
  ASSERT_OK_AND_ASSIGN(OracleServer server, OracleServer::Create(path_, &oracle));
  ASSERT_OK_AND_ASSIGN(ipmpsc::WaitSet set, ipmpsc::WaitSet::Create());
  ASSERT_OK(set.Add(server, 7));
  OracleClient client = Connected();
  std::thread thread([&] { EXPECT_OK(client.Ask(Asking(1), kPatience).status()); });
  ipmpsc::Ready ready[1];
  ASSERT_OK_AND_ASSIGN(const size_t count, set.Wait(kPatience, absl::MakeSpan(ready)));
  ASSERT_EQ(count, 1u);
  EXPECT_EQ(ready[0].tag, 7u);
  EXPECT_OK(server.ServeOnce(absl::ZeroDuration()));
  thread.join();
  EXPECT_OK(set.Remove(server));
}

TEST_F(ServiceTest, StreamOutlivesItsClient) {
  Serving serving(path_);
  auto client = std::make_unique<OracleClient>(Connected());
  auto stream = client->Count(Asking(2), kPatience);
  ASSERT_OK(stream.status());
  client.reset();
  EXPECT_OK(stream->Next().status());
  EXPECT_OK(stream->Next().status());
  EXPECT_THAT(stream->Next(), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_F(ServiceTest, DeclaredPathIsTheDefault) {
  ASSERT_EQ(setenv("IPMPSC_DIR", directory_.path().c_str(), 1), 0);
  TestOracle oracle;
  ASSERT_OK_AND_ASSIGN(const OracleServer server, OracleServer::Create(&oracle));
  EXPECT_EQ(server.channel().path(), directory_ / "ipmpsc_test.oracle");
  EXPECT_EQ(server.channel().max_senders(), 100u);
  EXPECT_OK(OracleClient::Connect(kPatience).status());
  unsetenv("IPMPSC_DIR");
}

}  // namespace
}  // namespace ipmpsc_test::rpc
