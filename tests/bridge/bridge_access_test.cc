// ipmpsc-bridge over a server that asks for users, passwords, permissions and certificates.
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "examples/bridge/nats_server.h"
#include "examples/bridge/reading.ipmpsc.h"
#include "examples/bridge/reading.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "tests/bridge/bridge_fixture.h"
#include "tests/bridge/nats_admin.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::bridge {
namespace {

using examples::NatsServer;
using ::ipmpsc::testing::Await;
using ::ipmpsc::testing::ChildProcess;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class BridgeAccessTest : public BridgeFixture {
 protected:
  // Starts the server with a configuration.
  void Configure(const std::string& configuration) {
    testing::WriteFile(folder_ + "/server.conf", configuration);
    server_.reset();
    absl::StatusOr<NatsServer> server =
        NatsServer::Start(folder_, {"-c", folder_ + "/server.conf"});
    ASSERT_OK(server);
    server_ = std::make_unique<NatsServer>(*std::move(server));
  }
};

TEST_F(BridgeAccessTest, RefusesWrongCredentials) {
  Configure("authorization { user: ann, password: secret }\n");
  Channel channel = CreateChannel();
  channel.Close();
  EXPECT_EQ(RunBridge(), "exited 8");
  testing::WriteFile(folder_ + "/wrong", "wrong\n");
  EXPECT_EQ(RunBridge({"--user=ann", "--password-file=" + folder_ + "/wrong"}), "exited 8");
  EXPECT_THAT(Log(), AllOf(HasSubstr("--password-file"), ::testing::Not(HasSubstr("wrong\n"))));
  testing::WriteFile(folder_ + "/right", "secret\n");
  EXPECT_EQ(RunBridge({"--user=ann", "--password-file=" + folder_ + "/right"}), "exited 0")
      << Log();
}

TEST_F(BridgeAccessTest, TellsWhichPermissionIsMissing) {
  Configure(
      "authorization { users: [ { user: ann, password: p,"
      " permissions: { publish: { deny: [\"s.x\"] } } } ] }\n");
  const Channel channel = CreateChannel();
  Send(channel, {"a"});
  testing::WriteFile(folder_ + "/p", "p\n");
  EXPECT_EQ(RunBridge({"--user=ann", "--password-file=" + folder_ + "/p", "--timeout=0.5"}),
            "exited 8");
  EXPECT_THAT(Log(), AllOf(HasSubstr("ermissions"), HasSubstr("s.x")));
  EXPECT_EQ(channel.Stats().release_position, 0u);
}

// A permission that only the schema needs does not explain a timeout that comes later.
TEST_F(BridgeAccessTest, GoesOnWhereTheUserMayNotStoreSchemas) {
  Configure(
      "no_auth_user: bob\n"
      "authorization { users: [ { user: bob, password: q }, { user: ann, password: p,"
      " permissions: { publish: { deny: [\"$JS.API.STREAM.INFO.KV_ipmpsc_schemas\"] } } } ] }\n");
  testing::WriteFile(folder_ + "/p", "p\n");
  absl::StatusOr<Channel> channel = examples::ReadingChannel::Create(memory_ / "c", {});
  ASSERT_OK(channel);
  absl::StatusOr<examples::ReadingSender> sender = examples::ReadingSender::Attach(*channel);
  ASSERT_OK(sender);
  ASSERT_OK(sender->Send(examples::Reading(), absl::Seconds(1)));
  ChildProcess bridge =
      StartBridge({"--user=ann", "--password-file=" + folder_ + "/p", "--timeout=1"});
  ASSERT_TRUE(AwaitStored(1)) << Log();
  EXPECT_THAT(Log(), HasSubstr("the schema is not stored"));
  server_->Pause();
  ASSERT_OK(sender->Send(examples::Reading(), absl::Seconds(1)));
  // A look at the tail without an answer.
  EXPECT_TRUE(Await([&] { return absl::StrContains(Log(), "the stream s_x: "); })) << Log();
  server_->Resume();
  channel->Close();
  EXPECT_EQ(bridge.Wait(), "exited 0") << Log();
  EXPECT_EQ(CountMessages(server_->address(), "s_x"), 2);
}

TEST_F(BridgeAccessTest, RefusesAddressesWithAUserAndDoesNotPrintThePassword) {
  CreateChannel();
  for (const char* const address :
       {"nats://ann:secret@127.0.0.1:1/s.x", "ann:secret@127.0.0.1:1/s.x",
        "nats://ann:se/secret@127.0.0.1:1/s.x", "kafka://ann:secret@a:1,bob:secret@b:1/s.x"}) {
    EXPECT_EQ(RunBridge({}, address), "exited 2");
    EXPECT_THAT(Log(), AllOf(HasSubstr("***@"), Not(HasSubstr("secret")))) << address;
  }
}

TEST_F(BridgeAccessTest, ChecksCertificates) {
  const std::string make = absl::StrCat(
      "cd '", folder_,
      "' && for ca in ca other; do openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=$ca"
      " -keyout $ca.key -out $ca.pem; done &&"
      " printf 'subjectAltName=IP:127.0.0.1\\n' >names &&"
      " for end in server client; do openssl req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1"
      " -keyout $end.key -out $end.csr && openssl x509 -req -in $end.csr -CA ca.pem -CAkey ca.key"
      " -CAcreateserial -days 2 -extfile names -out $end.pem; done >openssl.log 2>&1");
  ASSERT_EQ(std::system(absl::StrCat("{ ", make, "; } >/dev/null 2>&1").c_str()), 0);
  Configure(absl::StrCat("tls { cert_file: \"", folder_, "/server.pem\", key_file: \"", folder_,
                         "/server.key\", ca_file: \"", folder_, "/ca.pem\", verify: true }\n"));
  Channel channel = CreateChannel();
  channel.Close();
  const std::string address = absl::StrCat("tls://", server_->address(), "/s.x");
  const std::string ca = "--tls-ca=" + folder_ + "/ca.pem";
  const std::string certificate = "--tls-cert=" + folder_ + "/client.pem";
  const std::string key = "--tls-key=" + folder_ + "/client.key";
  EXPECT_EQ(RunBridge({ca, certificate, key}, address), "exited 0") << Log();
  EXPECT_EQ(RunBridge({"--tls-ca=" + folder_ + "/other.pem", certificate, key}, address),
            "exited 8");
  EXPECT_THAT(Log(), HasSubstr("--tls-ca"));
  EXPECT_EQ(RunBridge({"--tls-ca=/nowhere", certificate, key}, address), "exited 2");
  // Without a certificate of the client the server ends the connection.
  EXPECT_NE(RunBridge({ca, "--connect=0"}, address), "exited 0");
}

}  // namespace
}  // namespace ipmpsc::bridge
