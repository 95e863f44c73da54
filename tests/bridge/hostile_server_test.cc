// The bridge's engines over a server that answers anything: sizes and numbers that cannot be,
// errors, answers without their parts, and texts that were changed or cut.
//
//   IPMPSC_HOSTILE_ROUNDS=20000 bazel-bin/tests/bridge/hostile_server_test
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/engine.h"
#include "bridge/feed.h"
#include "bridge/nats_engine.h"
#include "bridge/nats_feed.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/bridge/connect.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc::bridge {
namespace {

using ::ipmpsc::testing::StatusIs;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr char kStreamInfo[] =
    R"({"type":"io.nats.jetstream.api.v1.stream_info_response","config":{"name":"s_x",)"
    R"("subjects":["s.x"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,)"
    R"("discard":"new","max_age":0,"max_msg_size":-1,"storage":"file","num_replicas":1},)"
    R"("created":"2024-01-01T00:00:00Z","state":{"messages":3,"bytes":100,"first_seq":1,)"
    R"("last_seq":3,"consumer_count":0}})";
// The headers are "NATS/1.0\r\nIpmpsc-Channel: 0...0\r\nIpmpsc-Position: 64\r\n\r\n".
constexpr char kLastMessage[] =
    R"({"type":"io.nats.jetstream.api.v1.stream_msg_get_response","message":{"subject":"s.x",)"
    R"("seq":3,"hdrs":"TkFUUy8xLjANCklwbXBzYy1DaGFubmVsOiAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw)"
    R"(MDAwMA0KSXBtcHNjLVBvc2l0aW9uOiA2NA0KDQo=","data":"YQ==","time":"2024-01-01T00:00:00Z"}})";
constexpr char kConsumer[] =
    R"({"type":"io.nats.jetstream.api.v1.consumer_create_response","stream_name":"s_x",)"
    R"("name":"c1","created":"2024-01-01T00:00:00Z","config":{"deliver_policy":"all",)"
    R"("ack_policy":"none"},"delivered":{"consumer_seq":0,"stream_seq":0},)"
    R"("ack_floor":{"consumer_seq":0,"stream_seq":0},"num_ack_pending":0,"num_redelivered":0,)"
    R"("num_waiting":0,"num_pending":0,"push_bound":true})";

// The lines that the server sends.
struct Script {
  std::string max_payload = "1048576";
  std::string stream_info = kStreamInfo;
  std::string last_message = kLastMessage;
  std::string consumer = kConsumer;
  std::string publish = R"({"stream":"s_x","seq":4})";
  // Sent to the consumer's subject: headers, which may be empty, and the subject for answers.
  std::vector<std::pair<std::string, std::string>> deliveries;
};

// Speaks as much of the protocol of NATS as the engines use.
class HostileServer {
 public:
  HostileServer() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Run(); });
  }
  ~HostileServer() {
    stop_.store(true);
    thread_.join();
    close(listener_);
  }

  void Say(const Script& script) {
    const std::lock_guard<std::mutex> lock(mutex_);
    script_ = script;
  }
  NatsOptions Options() const {
    NatsOptions options;
    options.address = {"nats", absl::StrCat("127.0.0.1:", port_), "s.x"};
    options.timeout = absl::Milliseconds(500);
    return options;
  }

 private:
  struct Client {
    int fd = -1;
    std::string input;
    std::map<std::string, std::string> subscriptions;  // subject -> id
  };

  Script script() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return script_;
  }

  void Run() {
    std::vector<Client> clients;
    while (!stop_.load()) {
      std::vector<pollfd> polled = {{listener_, POLLIN, 0}};
      for (const Client& client : clients) polled.push_back({client.fd, POLLIN, 0});
      poll(polled.data(), polled.size(), 20);
      for (size_t i = 0; i < clients.size(); ++i) {
        if (polled[i + 1].revents != 0) Read(&clients[i]);
      }
      if (polled[0].revents != 0) {
        Client client;
        client.fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        Write(client, absl::StrCat(R"(INFO {"server_id":"x","version":"2.9.10","proto":1,)",
                                   R"("host":"127.0.0.1","port":)", port_, R"(,"headers":true,)",
                                   R"("max_payload":)", script().max_payload, "}\r\n"));
        clients.push_back(std::move(client));
      }
    }
    for (const Client& client : clients) close(client.fd);
  }

  static void Write(const Client& client, const std::string& text) {
    (void)!send(client.fd, text.data(), text.size(), MSG_NOSIGNAL);
  }

  void Read(Client* client) {
    char bytes[65536];
    const ssize_t size = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (size <= 0) {
      // Closed. An fd that is not polled any more.
      if (client->fd >= 0 && size == 0) {
        close(client->fd);
        client->fd = -1;
      }
      return;
    }
    client->input.append(bytes, static_cast<size_t>(size));
    while (ReadOne(client)) {
    }
  }

  // Handles the first message of the input, if it is whole.
  bool ReadOne(Client* client) {
    const size_t end = client->input.find("\r\n");
    if (end == std::string::npos) return false;
    const std::string line = client->input.substr(0, end);
    const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    size_t used = end + 2;
    if (!words.empty() && (words[0] == "PUB" || words[0] == "HPUB")) {
      uint64_t size = 0;
      if (!absl::SimpleAtoi(words.back(), &size)) return false;
      if (client->input.size() < used + size + 2) return false;
      const std::string payload = client->input.substr(used, size);
      used += size + 2;
      const size_t without_reply = words[0] == "PUB" ? 3 : 4;
      Answer(client, words[1], words.size() > without_reply ? words[2] : "", payload);
    } else if (!words.empty() && words[0] == "SUB") {
      client->subscriptions[words[1]] = words.back();
    } else if (!words.empty() && words[0] == "PING") {
      Write(*client, "PONG\r\n");
    }
    client->input.erase(0, used);
    return true;
  }

  static void Send(const Client& client, const std::string& subject, const std::string& reply,
                   const std::string& headers, const std::string& payload) {
    for (const auto& [pattern, id] : client.subscriptions) {
      const bool matches =
          pattern == subject || (absl::EndsWith(pattern, ".*") &&
                                 absl::StartsWith(subject, pattern.substr(0, pattern.size() - 1)));
      if (!matches) continue;
      const std::string to = absl::StrCat(subject, " ", id, reply.empty() ? "" : " ", reply);
      Write(client,
            headers.empty()
                ? absl::StrCat("MSG ", to, " ", payload.size(), "\r\n", payload, "\r\n")
                : absl::StrCat("HMSG ", to, " ", headers.size(), " ",
                               headers.size() + payload.size(), "\r\n", headers, payload, "\r\n"));
      return;
    }
  }

  void Answer(Client* client, const std::string& subject, const std::string& reply,
              const std::string& request) {
    const Script say = script();
    if (absl::StrContains(subject, "STREAM.INFO")) {
      Send(*client, reply, "", "", say.stream_info);
    } else if (absl::StrContains(subject, "MSG.GET")) {
      Send(*client, reply, "", "", say.last_message);
    } else if (absl::StrContains(subject, "CONSUMER.INFO")) {
      Send(*client, reply, "", "", say.consumer);
    } else if (absl::StrContains(subject, "CONSUMER.")) {
      Send(*client, reply, "", "", say.consumer);
      const std::string key = "\"deliver_subject\":\"";
      const size_t at = request.find(key);
      if (at == std::string::npos) return;
      const size_t begin = at + key.size();
      const std::string deliver = request.substr(begin, request.find('"', begin) - begin);
      for (const auto& [headers, answers_to] : say.deliveries) {
        Send(*client, deliver, answers_to, headers, "payload");
      }
    } else if (!reply.empty()) {
      Send(*client, reply, "", "", say.publish);
    }
  }

  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  Script script_;
  std::thread thread_;
};

class HostileServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!HasNats()) GTEST_SKIP() << "this build has no libnats: install libnats-dev";
  }

  std::unique_ptr<Engine> ConnectEngine() {
    absl::StatusOr<std::unique_ptr<Engine>> engine =
        ConnectPatiently([&] { return ConnectToNats(server_.Options()); });
    EXPECT_OK(engine);
    return *std::move(engine);
  }
  std::unique_ptr<Feed> ConnectFeed() {
    absl::StatusOr<std::unique_ptr<Feed>> feed =
        ConnectPatiently([&] { return ConnectToNatsFeed(server_.Options()); });
    EXPECT_OK(feed);
    return *std::move(feed);
  }
  static absl::Status StoreLetter(Engine* engine) {
    Message message;
    message.payload = "large";
    return engine->PublishDeadLetter({std::string(32, '0'), "h", "b", "T", ""}, message, "large");
  }

  HostileServer server_;
};

TEST_F(HostileServerTest, AnswersAsTheRealOneWhenItDoes) {
  const std::unique_ptr<Engine> engine = ConnectEngine();
  ASSERT_OK_AND_ASSIGN(const Tail tail, engine->ReadTail());
  EXPECT_EQ(tail.fence, 3u);
  EXPECT_EQ(tail.mark->position, 64u);
  EXPECT_OK(StoreLetter(engine.get()));
  const std::unique_ptr<Feed> feed = ConnectFeed();
  ASSERT_OK_AND_ASSIGN(const FeedState state, feed->Look());
  EXPECT_EQ(state.last, 3u);
}

// A limit that is taken as it is would turn every message into a dead letter.
TEST_F(HostileServerTest, ALimitThatCannotBeStopsTheBridgeAndNoMessage) {
  for (const char* limit : {"0", "-1", "-9223372036854775808"}) {
    Script script;
    script.max_payload = limit;
    server_.Say(script);
    const std::unique_ptr<Engine> engine = ConnectEngine();
    EXPECT_THAT(engine->ReadTail(),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("max_payload")))
        << limit;
    EXPECT_THAT(StoreLetter(engine.get()),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("max_payload")));
  }
}

TEST_F(HostileServerTest, ADeadLetterIsDroppedOnlyIfItIsRefusedForGood) {
  const std::unique_ptr<Engine> engine = ConnectEngine();
  const std::pair<const char*, absl::StatusCode> answers[] = {
      {R"(503,"err_code":10008,"description":"JetStream system temporarily unavailable")",
       absl::StatusCode::kUnavailable},
      {R"(503,"err_code":10009,"description":"JetStream cluster can not handle request")",
       absl::StatusCode::kUnavailable},
      {R"(500,"err_code":10077,"description":"no space left on device")",
       absl::StatusCode::kUnavailable},
      {R"(500,"err_code":10023,"description":"insufficient resources")",
       absl::StatusCode::kUnavailable},
      {R"(400,"err_code":10054,"description":"message size exceeds maximum allowed")",
       absl::StatusCode::kFailedPrecondition},
      {R"(503,"err_code":10077,"description":"maximum messages exceeded")",
       absl::StatusCode::kFailedPrecondition},
  };
  for (const auto& [answer, code] : answers) {
    Script script;
    script.publish = absl::StrCat(R"({"error":{"code":)", answer, "}}");
    server_.Say(script);
    EXPECT_THAT(StoreLetter(engine.get()), StatusIs(code)) << answer;
  }
}

TEST_F(HostileServerTest, AnAnswerWithoutItsPartsIsNone) {
  const std::unique_ptr<Engine> engine = ConnectEngine();
  const std::unique_ptr<Feed> feed = ConnectFeed();
  for (const char* answer :
       {"{}", R"({"config":null})", R"({"state":{"messages":1,"last_seq":1}})", "", "[]", "{"}) {
    Script script;
    script.stream_info = answer;
    server_.Say(script);
    EXPECT_THAT(engine->ReadTail(), StatusIs(absl::StatusCode::kUnavailable)) << answer;
    EXPECT_THAT(feed->Look(), StatusIs(absl::StatusCode::kUnavailable)) << answer;
  }
}

TEST_F(HostileServerTest, AMessageWithoutNumbersIsNoMessage) {
  const std::string right = "$JS.ACK.s_x.c1.1.5.1.1700000000000000000.0";
  const std::pair<const char*, const char*> cases[] = {
      {"", right.c_str()},
      {"NATS/1.0\r\nIpmpsc-Schema: 0123456789abcdef\r\n\r\n", right.c_str()},
      {"NATS/1.0\r\nIpmpsc-Schema: ../../etc\r\n\r\n", right.c_str()},
      {"", ""},
      {"", "$JS.ACK"},
      {"", "$JS.ACK.s_x.c1.1.5"},
      {"", "$JS.ACK.s_x.c1.1.5.2.1700000000000000000.0"},
      {"", "$JS.ACK.s_x.c1.1.-5.-1.-1.-1"},
      {"", "$JS.ACK.s_x.c1.1.99999999999999999999999.99999999999999999999999.0.0"},
      {"", "$JS.ACK......."},
  };
  int came = 0;
  for (const auto& [headers, answers_to] : cases) {
    Script script;
    script.deliveries = {{headers, answers_to}};
    server_.Say(script);
    const std::unique_ptr<Feed> feed = ConnectFeed();
    ASSERT_OK(feed->Begin(1));
    const absl::StatusOr<Arrival> arrival = feed->Next(absl::Seconds(5));
    if (!arrival.ok()) {
      EXPECT_THAT(arrival, StatusIs(absl::StatusCode::kUnavailable)) << answers_to;
      continue;
    }
    ++came;
    EXPECT_EQ(answers_to, right);
    EXPECT_EQ(arrival->sequence, 5u);
    EXPECT_THAT(arrival->fingerprint, AnyOf("", "0123456789abcdef"));
  }
  EXPECT_EQ(came, 3);
}

// Changes a text as a broken or hostile server might.
std::string Mutate(std::string text, std::mt19937* random) {
  const auto below = [&](size_t n) {
    return std::uniform_int_distribution<size_t>(0, n - 1)(*random);
  };
  static const char* const kNumbers[] = {
      "-1", "0",   "18446744073709551615", "9223372036854775808", "1e300", "null", "\"x\"", "[]",
      "{}", "true"};
  for (size_t changes = 1 + below(3); changes > 0 && !text.empty(); --changes) {
    const size_t at = below(text.size());
    switch (below(5)) {
      case 0:
        text.resize(at);
        break;
      case 1:
        text[at] = static_cast<char>(below(256));
        break;
      case 2:
        text.erase(at, 1 + below(20));
        break;
      case 3:
        text.insert(at, text.substr(at, below(30)));
        break;
      default: {
        // A value.
        const size_t colon = text.find(':', at);
        if (colon == std::string::npos) break;
        const size_t end = text.find_first_of(",}", colon);
        if (end != std::string::npos) text.replace(colon + 1, end - colon - 1, kNumbers[below(10)]);
      }
    }
  }
  return text;
}

TEST_F(HostileServerTest, SurvivesAnswersThatWereChanged) {
  const char* const text = std::getenv("IPMPSC_HOSTILE_ROUNDS");
  int rounds = 0;
  if (text == nullptr || !absl::SimpleAtoi(text, &rounds)) rounds = 300;
  std::mt19937 random(17);
  const std::unique_ptr<Engine> engine = ConnectEngine();
  const std::unique_ptr<Feed> feed = ConnectFeed();
  int answered = 0;
  for (int round = 0; round < rounds; ++round) {
    Script script;
    if (round % 2 == 0) {
      script.stream_info = Mutate(script.stream_info, &random);
    } else {
      script.last_message = Mutate(script.last_message, &random);
    }
    if (round % 3 == 0) script.publish = Mutate(script.publish, &random);
    server_.Say(script);
    SCOPED_TRACE(absl::StrCat(script.stream_info, "\n", script.last_message));
    const absl::StatusOr<Tail> tail = engine->ReadTail();
    if (tail.ok()) {
      ++answered;
      if (tail->mark.has_value()) {
        EXPECT_EQ(tail->mark->channel_id.size(), 32u);
      }
      (void)engine->MaxPayload({std::string(32, '0'), "h", "b", "T", ""});
    }
    answered += feed->Look().ok();
    if (round % 3 == 0) (void)StoreLetter(engine.get());
  }
  std::cout << answered << " of " << 2 * rounds << " answers were taken\n";
  EXPECT_GT(answered, 0);
}

}  // namespace
}  // namespace ipmpsc::bridge
