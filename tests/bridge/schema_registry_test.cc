// The client of the schema registry, and ipmpsc-bridge with it, over a registry in Python.
#include "bridge/schema_registry.h"

#include <signal.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/bridge/reading.ipmpsc.h"
#include "examples/bridge/reading.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/info.pb.h"
#include "nlohmann/json.hpp"
#include "tests/bridge/bridge_program.h"
#include "tests/bridge/kafka_fixture.h"
#include "tests/bridge/python_server.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::bridge {
namespace {

using ::google::protobuf::FileDescriptorProto;
using ::ipmpsc::testing::Await;
using ::ipmpsc::testing::ChildProcess;
using ::ipmpsc::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(CheckRegistryUrlTest, TellsWhatIsWrong) {
  for (const char* const url : {"http://a", "https://a:1/", "http://[::1]:8081", "http://a/b/c"}) {
    EXPECT_OK(CheckRegistryUrl(url)) << url;
  }
  for (const auto& [url, text] : std::vector<std::pair<std::string, std::string>>{
           {"", "begins neither"},
           {"localhost:8081", "begins neither"},
           {"ftp://a", "begins neither"},
           {"http://", "no host"},
           {"http:///subjects", "no host"},
           {"http://:8081", "no host"},
           {"http://ann:secret@a", "--schema-registry-user"},
           {"http://a?b", "a character"},
           {"http://a b", "a character"}}) {
    EXPECT_THAT(CheckRegistryUrl(url), StatusIs(absl::StatusCode::kInvalidArgument,
                                                AllOf(HasSubstr(text), Not(HasSubstr("secret")))))
        << url;
  }
}

// A registry in a process of its own.
class RegistryProcess {
 public:
  // Starts a registry that knows nothing. With a folder it speaks TLS. See schema_registry.py.
  void Start(const std::string& rule = "", const std::string& user = "",
             const std::string& folder = "") {
    Change(rule);
    const std::string port =
        StartPythonServer(absl::StrCat("tests/bridge/schema_registry.py '", log_, "' '", rules_,
                                       "' '", user, "' '", folder, "'"),
                          testing::PathOnDisk("registry-port"), &process_);
    ASSERT_NE(port, "") << "the registry does not start";
    url_ = absl::StrCat(folder.empty() ? "http" : "https", "://127.0.0.1:", port);
  }
  // Gives it another rule. It forgets everything, and so does this.
  void Change(const std::string& rule) {
    testing::WriteFile(rules_, rule);
    unlink(log_.c_str());
  }
  void Stop() { process_.Kill(); }

  const std::string& url() const { return url_; }

  // Returns the requests. Each is an object with the members "path" and "body".
  std::vector<nlohmann::json> Requests() const {
    std::vector<nlohmann::json> requests;
    if (!testing::Exists(log_)) return requests;
    for (const absl::string_view line :
         absl::StrSplit(testing::ReadFile(log_), '\n', absl::SkipEmpty())) {
      requests.push_back(nlohmann::json::parse(line));
    }
    return requests;
  }
  std::vector<std::string> Paths() const {
    std::vector<std::string> paths;
    for (const nlohmann::json& request : Requests()) paths.push_back(request["path"]);
    return paths;
  }

 private:
  const std::string log_ = testing::PathOnDisk("registry.log");
  const std::string rules_ = testing::PathOnDisk("registry.rules");
  ChildProcess process_;
  std::string url_;
};

bool HasPython() { return std::system("python3 -c 'import http.server'") == 0; }

class SchemaRegistryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // ./bazelw installs it, so this is for builds without it.
    if (!HasSchemaRegistry()) GTEST_SKIP() << "this build has no libcurl";
    if (!HasPython()) GTEST_SKIP() << "python3 is not installed";
  }

  SchemaRegistryOptions Options() const {
    SchemaRegistryOptions options;
    options.url = registry_.url();
    options.timeout = absl::Seconds(20);
    return options;
  }

  absl::StatusOr<uint32_t> FindOrRegister(const ChannelInfo& info = Frames()) const {
    return FindOrRegisterSchema(Options(), "quotes-value", info);
  }

  // Returns "261", or the error.
  static std::string Text(const absl::StatusOr<uint32_t>& id) {
    return id.ok() ? absl::StrCat(*id) : id.status().ToString();
  }

  // Returns a message type in a file that imports two files, which both import a third one. The
  // schema has files that it does not import, too.
  static ChannelInfo Frames() {
    ChannelInfo info;
    const auto add = [&](const std::string& name, const std::vector<std::string>& imports) {
      FileDescriptorProto* const file = info.mutable_schema()->add_file();
      file->set_name(name);
      file->set_package("camera");
      for (const std::string& import : imports) file->add_dependency(import);
      return file;
    };
    add("google/protobuf/timestamp.proto", {});
    add("camera/base.proto", {"google/protobuf/timestamp.proto"});
    add("camera/other.proto", {"camera/base.proto"});
    add("camera/left eye.proto", {"camera/base.proto"});
    add("camera/right.proto", {"google/protobuf/timestamp.proto", "camera/base.proto"});
    add("frame.proto", {"camera/left eye.proto", "camera/right.proto"})
        ->add_message_type()
        ->set_name("Frame");
    add("behind.proto", {"frame.proto"});
    info.set_message("camera.Frame");
    return info;
  }

  RegistryProcess registry_;
};

TEST_F(SchemaRegistryTest, RegistersEachImportBeforeTheFilesThatImportIt) {
  registry_.Start();
  const ChannelInfo info = Frames();
  ASSERT_EQ(Text(FindOrRegister()), "261");
  EXPECT_THAT(registry_.Paths(),
              ElementsAre("/subjects/camera%2Fbase.proto",                 // is it there?
                          "/subjects/camera%2Fbase.proto/versions",        // registered
                          "/subjects/camera%2Fbase.proto",                 // which version is it?
                          "/subjects/camera%2Fleft%20eye.proto",           //
                          "/subjects/camera%2Fleft%20eye.proto/versions",  //
                          "/subjects/camera%2Fleft%20eye.proto",           //
                          "/subjects/camera%2Fright.proto",                //
                          "/subjects/camera%2Fright.proto/versions",       //
                          "/subjects/camera%2Fright.proto",                //
                          "/subjects/quotes-value",                        //
                          "/subjects/quotes-value/versions"));
  const nlohmann::json last = registry_.Requests().back()["body"];
  EXPECT_EQ(last["schemaType"], "PROTOBUF");
  EXPECT_EQ(last["references"].dump(),
            R"([{"name":"camera/left eye.proto","subject":"camera/left eye.proto","version":1},)"
            R"({"name":"camera/right.proto","subject":"camera/right.proto","version":1}])");
  std::string bytes;
  ASSERT_TRUE(absl::Base64Unescape(std::string(last["schema"]), &bytes));
  EXPECT_EQ(bytes, info.schema().file(5).SerializeAsString());
}

TEST_F(SchemaRegistryTest, RegistersNothingThatTheRegistryHas) {
  registry_.Start();
  ASSERT_EQ(Text(FindOrRegister()), "261");
  const size_t before = registry_.Paths().size();
  ASSERT_EQ(Text(FindOrRegister()), "261");
  std::vector<std::string> paths = registry_.Paths();
  paths.erase(paths.begin(), paths.begin() + static_cast<ptrdiff_t>(before));
  EXPECT_THAT(paths, ElementsAre("/subjects/camera%2Fbase.proto",        //
                                 "/subjects/camera%2Fleft%20eye.proto",  //
                                 "/subjects/camera%2Fright.proto",       //
                                 "/subjects/quotes-value"));
}

TEST_F(SchemaRegistryTest, NamesTheVersionOfAnImportThatHasChanged) {
  registry_.Start();
  ASSERT_OK(FindOrRegister());
  ChannelInfo info = Frames();
  info.mutable_schema()->mutable_file(1)->add_message_type()->set_name("Base");
  // base.proto and all that import it, directly or not: the references have other versions.
  ASSERT_EQ(Text(FindOrRegister(info)), "265");
  EXPECT_EQ(registry_.Requests().back()["body"]["references"][1].dump(),
            R"({"name":"camera/right.proto","subject":"camera/right.proto","version":2})");
}

TEST_F(SchemaRegistryTest, OnlyLooks) {
  registry_.Start();
  SchemaRegistryOptions options = Options();
  options.look_only = true;
  EXPECT_THAT(FindOrRegisterSchema(options, "quotes-value", Frames()),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(registry_.Paths(), ElementsAre("/subjects/camera%2Fbase.proto"));
  ASSERT_OK(FindOrRegister());
  EXPECT_EQ(Text(FindOrRegisterSchema(options, "quotes-value", Frames())), "261");
}

TEST_F(SchemaRegistryTest, EndsWhenItIsAskedTo) {
  registry_.Start();
  SchemaRegistryOptions options = Options();
  options.stop = [this] { return registry_.Paths().size() == 2; };
  EXPECT_THAT(FindOrRegisterSchema(options, "quotes-value", Frames()),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(registry_.Paths().size(), 2u);
}

TEST_F(SchemaRegistryTest, NamesWhatASchemaLacks) {
  registry_.Start();
  ChannelInfo info = Frames();
  info.set_message("camera.Other");
  EXPECT_THAT(FindOrRegister(info), StatusIs(absl::StatusCode::kFailedPrecondition,
                                             HasSubstr("does not define its message type")));
  info = Frames();
  info.mutable_schema()->mutable_file()->DeleteSubrange(3, 1);
  EXPECT_THAT(FindOrRegister(info), StatusIs(absl::StatusCode::kFailedPrecondition,
                                             HasSubstr("lacks camera/left eye.proto")));
  // A file that imports itself, or one behind it.
  info = Frames();
  info.mutable_schema()->mutable_file(1)->add_dependency("frame.proto");
  EXPECT_THAT(FindOrRegister(info),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("lacks frame.proto")));
  // Names are anybody's bytes.
  info = Frames();
  info.mutable_schema()->mutable_file(5)->add_dependency("\xff\n");
  EXPECT_THAT(FindOrRegister(info),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("lacks \\xff\\n")));
}

TEST_F(SchemaRegistryTest, TellsRefusalsFromFaults) {
  using absl::StatusCode;
  registry_.Start();
  const std::string incompatible =
      R"(409:{"error_code":409,"message":"Schema being registered is\nincompatible"})";
  struct Case {
    std::string rule;
    StatusCode code;
    std::string text;
  };
  for (const Case& test : std::vector<Case>{
           {"value/versions=" + incompatible, StatusCode::kFailedPrecondition,
            "refuses the schema for quotes-value (409): Schema being registered is\\nincompatible"},
           {R"(versions=422:{"error_code":42201,"message":"Invalid schema"})",
            StatusCode::kFailedPrecondition,
            "refuses the schema for camera/base.proto (422): Invalid schema"},
           {R"(proto=401:{"error_code":401,"message":"Unauthorized"})",
            StatusCode::kPermissionDenied, "refuses the user (401): Unauthorized"},
           {"versions=403:no", StatusCode::kPermissionDenied, "refuses the user (403): no"},
           {R"(value=500:{"error_code":50001,"message":"Error in the backend"})",
            StatusCode::kUnavailable, "cannot answer now (500): Error in the backend"},
           {"value=429:slowly", StatusCode::kUnavailable, "(429): slowly"},
           {"value=cut", StatusCode::kUnavailable, "does not answer"},
           {"value=large", StatusCode::kInternal, "answers with more than 16 MiB"},
           // The server of something else.
           {"proto=404:<html>", StatusCode::kInternal, "answers 404 and '<html>'"},
           {R"(proto=404:{"error_code":404})", StatusCode::kInternal, "answers 404"},
           {"proto=200:", StatusCode::kInternal, "answers 200 and ''"},
           {"proto=200:[[[[", StatusCode::kInternal, "answers 200 and '[[[['"},
           {"proto=200:[1]", StatusCode::kInternal, "answers 200 and '[1]'"},
           {R"(proto=200:{"id":1})", StatusCode::kInternal, "answers 200"},
           {R"(value=200:{"id":1,"version":"1"})", StatusCode::kInternal, "answers 200"},
           {R"(value=200:{"id":1.5,"version":1})", StatusCode::kInternal, "answers 200"},
           {R"(value=200:{"id":2147483648,"version":1})", StatusCode::kInternal, "answers 200"},
           {R"(value=200:{"id":18446744073709551615,"version":1})", StatusCode::kInternal, ""},
           {R"(value=200:{"id":0,"version":1})", StatusCode::kInternal, "answers 200"},
           {R"(value=200:{"id":-1,"version":1})", StatusCode::kInternal, "answers 200"},
           {R"(value/versions=200:{"identifier":1})", StatusCode::kInternal, "answers 200"},
           {"value/versions=302:moved", StatusCode::kInternal, "answers 302"},
       }) {
    registry_.Change(test.rule);
    const absl::StatusOr<uint32_t> id = FindOrRegister();
    EXPECT_THAT(id, StatusIs(test.code, HasSubstr(test.text))) << test.rule;
    EXPECT_THAT(id.status().message(), AllOf(HasSubstr(registry_.url()), Not(HasSubstr("\n"))));
  }
}

TEST_F(SchemaRegistryTest, BoundsEachAnswer) {
  registry_.Start("value/versions=silent");
  SchemaRegistryOptions options = Options();
  options.timeout = absl::Milliseconds(300);
  EXPECT_THAT(FindOrRegisterSchema(options, "quotes-value", Frames()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("does not answer")));
  registry_.Stop();
  EXPECT_THAT(FindOrRegister(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("does not answer")));
}

TEST_F(SchemaRegistryTest, GivesThePassword) {
  registry_.Start("", "ann:secret");
  EXPECT_THAT(FindOrRegister(), StatusIs(absl::StatusCode::kPermissionDenied));
  SchemaRegistryOptions options = Options();
  options.url += "/";
  options.user = "ann";
  options.password = "wrong";
  EXPECT_THAT(FindOrRegisterSchema(options, "quotes-value", Frames()),
              StatusIs(absl::StatusCode::kPermissionDenied, Not(HasSubstr("wrong"))));
  options.password = "secret";
  EXPECT_EQ(Text(FindOrRegisterSchema(options, "quotes-value", Frames())), "261");
}

TEST_F(SchemaRegistryTest, ChecksTheCertificate) {
  const std::string folder = testing::PathOnDisk("registry-tls");
  const std::string openssl =
      absl::StrCat("mkdir -p '", folder, "' && openssl req -x509 -newkey ec -pkeyopt",
                   " ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=registry -addext",
                   " subjectAltName=IP:127.0.0.1 -keyout '", folder, "/key' -out '", folder,
                   "/certificate' 2>'", folder, "/log'");
  if (std::system("openssl version >/dev/null") != 0) GTEST_SKIP() << "openssl is not installed";
  ASSERT_EQ(std::system(openssl.c_str()), 0) << testing::ReadFile(folder + "/log");
  registry_.Start("", "", folder);
  SchemaRegistryOptions options = Options();
  EXPECT_THAT(FindOrRegisterSchema(options, "quotes-value", Frames()),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("--schema-registry-ca")));
  options.ca = "/nowhere";
  EXPECT_THAT(FindOrRegisterSchema(options, "quotes-value", Frames()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--schema-registry-ca")));
  options.ca = folder + "/certificate";
  EXPECT_EQ(Text(FindOrRegisterSchema(options, "quotes-value", Frames())), "261");
  // A server without TLS.
  registry_.Start();
  options.url = "https" + registry_.url().substr(4);
  EXPECT_THAT(FindOrRegisterSchema(options, "quotes-value", Frames()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("does not answer")));
}

// The program over librdkafka's mock cluster.
class RegistryProgramTest : public KafkaFixture {
 protected:
  RegistryProgramTest() : KafkaFixture({"t", "ipmpsc_schemas"}) {}

  void SetUp() override {
    KafkaFixture::SetUp();
    if (IsSkipped()) return;
    if (!HasSchemaRegistry()) GTEST_SKIP() << "this build has no libcurl";
    if (!HasPython()) GTEST_SKIP() << "python3 is not installed";
    absl::StatusOr<Channel> channel = examples::ReadingChannel::Create(memory_ / "c", {});
    ASSERT_OK(channel);
    absl::StatusOr<examples::ReadingSender> sender = examples::ReadingSender::Attach(*channel);
    ASSERT_OK(sender);
    reading_.set_number(7);
    ASSERT_OK(sender->Send(reading_, absl::Seconds(20)));
  }

  ChildProcess StartBridge(std::vector<std::string> options) {
    unlink(log_.c_str());
    options.insert(options.begin(), {memory_ / "c", Address()});
    return StartProgram(std::move(options), log_);
  }
  std::string RunBridge(const std::vector<std::string>& options) {
    return StartBridge(options).Wait();
  }

  examples::Reading reading_;
  RegistryProcess registry_;
};

TEST_F(RegistryProgramTest, StoresTheIdOfTheRegistry) {
  registry_.Start();
  const std::string option = absl::StrCat("--schema-registry=", registry_.url());
  EXPECT_EQ(RunBridge({option, "--check"}), "exited 0") << Log();
  EXPECT_THAT(Log(), HasSubstr("the bridge registers the schema for t-value"));
  EXPECT_THAT(registry_.Paths(), Not(Contains(HasSubstr("versions"))));
  ChildProcess bridge = StartBridge({option});
  ASSERT_TRUE(Await([&] { return cluster_->Read("t").size() == 1; })) << Log();
  bridge.Signal(SIGTERM);
  EXPECT_EQ(bridge.Wait(), "exited 0") << Log();
  // 258 is the id of ipmpsc/channel.proto, which the file of the message imports.
  const std::string prefix("\0\0\0\x01\x03\0", 6);
  EXPECT_THAT(Stored(), ElementsAre(prefix + reading_.SerializeAsString()));
  const nlohmann::json last = registry_.Requests().back();
  EXPECT_EQ(last["path"], "/subjects/t-value/versions");
  EXPECT_EQ(last["body"]["references"].dump(),
            R"([{"name":"ipmpsc/channel.proto","subject":"ipmpsc/channel.proto","version":1}])");
  EXPECT_EQ(RunBridge({option, "--check"}), "exited 0") << Log();
  EXPECT_THAT(Log(), HasSubstr("schema 259 of t-value"));
}

TEST_F(RegistryProgramTest, EndsWithAStatusForEachFault) {
  registry_.Start(R"(versions=409:{"error_code":409,"message":"incompatible"})");
  const std::string option = absl::StrCat("--schema-registry=", registry_.url());
  EXPECT_EQ(RunBridge({option}), "exited 6") << Log();
  EXPECT_THAT(Log(), HasSubstr("(409): incompatible"));
  registry_.Change("proto=401:");
  EXPECT_EQ(RunBridge({option, "--check"}), "exited 8") << Log();
  registry_.Change("proto=200:<html>");
  EXPECT_EQ(RunBridge({option}), "exited 1") << Log();
  registry_.Change("proto=silent");
  EXPECT_EQ(RunBridge({option, "--timeout=0.1", "--connect=0.3"}), "exited 5") << Log();
  EXPECT_THAT(registry_.Paths().size(), Ge(2u));
  // Nothing was taken.
  EXPECT_THAT(Stored(), IsEmpty());
  EXPECT_EQ(RunBridge({option, "--confluent-schema-id=1"}), "exited 2") << Log();
  EXPECT_EQ(RunBridge({"--schema-registry=http://ann:secret@a"}), "exited 2") << Log();
  EXPECT_THAT(Log(), Not(HasSubstr("secret")));
  EXPECT_EQ(RunBridge({option, "--schema-registry-user=ann"}), "exited 2") << Log();
}

TEST_F(RegistryProgramTest, RegistersTheSchemaOfAChannelThatReplacesIt) {
  registry_.Start();
  ChildProcess bridge = StartBridge({absl::StrCat("--schema-registry=", registry_.url())});
  ASSERT_TRUE(AwaitLog("bridging")) << Log();
  ChannelOptions options;
  options.exist_policy = ExistPolicy::kReplace;
  ASSERT_OK(Channel::Create(memory_ / "c", options));
  EXPECT_EQ(bridge.Wait(), "exited 6") << Log();
  EXPECT_THAT(Log(), HasSubstr("the channel has no schema, and --schema-registry needs"));
}

TEST_F(RegistryProgramTest, EndsBySignalWhileTheRegistryIsSilent) {
  registry_.Start("proto=silent");
  ChildProcess bridge =
      StartBridge({absl::StrCat("--schema-registry=", registry_.url()), "--timeout=0.2"});
  ASSERT_TRUE(Await([&] { return registry_.Paths().size() >= 2; })) << Log();
  bridge.Signal(SIGTERM);
  EXPECT_EQ(bridge.Wait(), "exited 0") << Log();
  EXPECT_THAT(Log(), HasSubstr("asked to end before the schema registry answered"));
}

}  // namespace
}  // namespace ipmpsc::bridge
