// ipmpsc-bridge to a broker with TLS and SASL: a proxy in front of librdkafka's mock cluster.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/sender.h"
#include "tests/bridge/bridge_program.h"
#include "tests/bridge/kafka_fixture.h"
#include "tests/bridge/python_server.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::bridge {
namespace {

using ::ipmpsc::testing::ChildProcess;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class KafkaTlsTest : public KafkaFixture {
 protected:
  KafkaTlsTest() : KafkaFixture({"t"}), folder_(testing::PathOnDisk("kafka-tls")) {}

  void SetUp() override {
    KafkaFixture::SetUp();
    if (IsSkipped()) return;
    // ./bazelw installs both, so this is for builds without them.
    if (std::system("openssl version >/dev/null && python3 -c 'import ssl'") != 0) {
      GTEST_SKIP() << "openssl or python3 is not installed";
    }
    mkdir(folder_.c_str(), 0700);
    const std::string key = " -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes ";
    const std::string command = absl::StrCat(
        "cd '", folder_, "' && for ca in ca other; do openssl req -x509", key,
        "-days 2 -subj /CN=$ca -keyout $ca.key -out $ca.pem || exit 1; done;"
        " echo subjectAltName=IP:127.0.0.1 >names;"
        " for end in server client; do openssl req",
        key,
        "-subj /CN=127.0.0.1 -keyout $end.key -out $end.csr && openssl x509 -req -in $end.csr"
        " -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out $end.pem"
        " || exit 1; done");
    ASSERT_EQ(
        std::system(absl::StrCat("(", command, ") >'", folder_, "/openssl.log' 2>&1").c_str()), 0)
        << testing::ReadFile(folder_ + "/openssl.log");
    testing::WriteFile(folder_ + "/password", "secret\n");
    testing::WriteFile(folder_ + "/wrong", "wrong\n");
  }

  // Starts a broker that drops the first handshakes and asks for a certificate.
  void StartProxy(int drops, const std::string& user_and_password = "") {
    const std::string bootstrap = cluster_->bootstrap();
    const std::string port = StartPythonServer(
        absl::StrCat("tests/bridge/kafka_tls_proxy.py ", bootstrap.substr(bootstrap.rfind(':') + 1),
                     " ", folder_, "/server.pem ", folder_, "/server.key ", folder_, "/ca.pem ",
                     drops, " '", user_and_password, "'"),
        folder_ + "/port", &proxy_);
    ASSERT_NE(port, "") << "the proxy does not start";
    address_ = absl::StrCat("kafka+tls://127.0.0.1:", port, "/t");
  }

  // Runs a bridge of a channel with one message.
  std::string RunBridge(const std::string& message, std::vector<std::string> options) {
    unlink(log_.c_str());
    ChannelOptions create;
    create.exist_policy = ExistPolicy::kReplace;
    absl::StatusOr<Channel> channel = Channel::Create(memory_ / "c", create);
    EXPECT_OK(channel);
    {
      absl::StatusOr<Sender> sender = Sender::Attach(*channel);
      EXPECT_OK(sender);
      EXPECT_OK(sender->TrySend(message));
    }
    channel->Close();
    options.insert(options.begin(), {memory_ / "c", address_});
    return StartProgram(std::move(options), log_).Wait();
  }
  // Tries everything of the direction into a channel, whose start is the faster one.
  std::string Check(std::vector<std::string> options) {
    unlink(log_.c_str());
    options.insert(options.begin(), {address_, memory_ / "in", "--check"});
    return StartProgram(std::move(options), log_).Wait();
  }

  std::string folder_;
  ChildProcess proxy_;
  std::string address_;
};

TEST_F(KafkaTlsTest, ChecksCertificates) {
  StartProxy(0);
  const std::string ca = "--tls-ca=" + folder_ + "/ca.pem";
  const std::string certificate = "--tls-cert=" + folder_ + "/client.pem";
  const std::string key = "--tls-key=" + folder_ + "/client.key";
  EXPECT_EQ(Check({"--tls-ca=" + folder_ + "/other.pem", certificate, key}), "exited 8") << Log();
  EXPECT_THAT(Log(), HasSubstr("--tls-ca"));
  EXPECT_EQ(Check({ca}), "exited 8") << Log();
  EXPECT_EQ(Check({ca, certificate, key}), "exited 0") << Log();
}

TEST_F(KafkaTlsTest, TriesAgainAfterDroppedHandshakes) {
  StartProxy(3);
  EXPECT_EQ(
      RunBridge("a", {"--tls-ca=" + folder_ + "/ca.pem", "--tls-cert=" + folder_ + "/client.pem",
                      "--tls-key=" + folder_ + "/client.key"}),
      "exited 0")
      << Log();
  EXPECT_THAT(Stored(), ElementsAre("a"));
}

TEST_F(KafkaTlsTest, ChecksThePassword) {
  StartProxy(0, "ann:secret");
  const std::vector<std::string> tls = {"--tls-ca=" + folder_ + "/ca.pem",
                                        "--tls-cert=" + folder_ + "/client.pem",
                                        "--tls-key=" + folder_ + "/client.key", "--user=ann"};
  std::vector<std::string> options = tls;
  options.push_back("--password-file=" + folder_ + "/password");
  EXPECT_EQ(Check(options), "exited 0") << Log();
  options = tls;
  options.push_back("--password-file=" + folder_ + "/wrong");
  EXPECT_EQ(Check(options), "exited 8") << Log();
}

}  // namespace
}  // namespace ipmpsc::bridge
