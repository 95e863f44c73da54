#include "bridge/schema_registry.h"

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "ipmpsc/info.pb.h"

namespace ipmpsc::bridge {

absl::Status CheckRegistryUrl(absl::string_view url) {
  if (!absl::ConsumePrefix(&url, "http://") && !absl::ConsumePrefix(&url, "https://")) {
    return absl::InvalidArgumentError("the address begins neither with http:// nor with https://");
  }
  const absl::string_view server = url.substr(0, url.find('/'));
  if (server.find('@') != absl::string_view::npos) {
    return absl::InvalidArgumentError(
        "the address has a user, which everybody sees in the list of processes; use "
        "--schema-registry-user with --schema-registry-password-file");
  }
  if (server.empty() || server[0] == ':') {
    return absl::InvalidArgumentError("the address has no host");
  }
  for (const char c : url) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c)) || c == '?' || c == '#') {
      return absl::InvalidArgumentError("the address has a character that no server's has");
    }
  }
  return absl::OkStatus();
}

}  // namespace ipmpsc::bridge

#ifndef IPMPSC_HAS_CURL

namespace ipmpsc::bridge {

bool HasSchemaRegistry() { return false; }

absl::StatusOr<uint32_t> FindOrRegisterSchema(const SchemaRegistryOptions&, const std::string&,
                                              const ChannelInfo&) {
  return absl::UnimplementedError(
      "this build has no libcurl, which --schema-registry needs; install libcurl4-openssl-dev and "
      "build again");
}

}  // namespace ipmpsc::bridge

#else

#include <curl/curl.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "bridge/confluent.h"
#include "bridge/destroy.h"
#include "bridge/headers.h"
#include "google/protobuf/descriptor.pb.h"
#include "nlohmann/json.hpp"

namespace ipmpsc::bridge {
namespace {

using google::protobuf::FileDescriptorProto;
using Json = nlohmann::json;
using Curl = std::unique_ptr<CURL, Destroy<CURL, curl_easy_cleanup> >;
using Lines = std::unique_ptr<curl_slist, Destroy<curl_slist, curl_slist_free_all> >;

// An answer has a schema at most.
constexpr size_t kMaxAnswer = 16 << 20;
constexpr size_t kMaxReason = 200;

// The numbers by which a registry says that it does not have a subject or a schema. HTTP's 404
// alone may be the answer of any server.
constexpr int64_t kNoSubject = 40401;
constexpr int64_t kNoSchema = 40403;

// Every registry has these.
bool IsWellKnown(absl::string_view file) { return absl::StartsWith(file, "google/protobuf/"); }

struct Answer {
  int64_t status = 0;
  Json body;         // discarded: it is no JSON
  std::string text;  // its beginning, for people
};

// Returns a number of an object. 0: it has no such number, or one that no id or version can be.
uint32_t NumberOf(const Json& object, const char* name) {
  if (!object.is_object()) return 0;
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer()) return 0;
  const int64_t number = found->get<int64_t>();
  return number > 0 && number <= 0x7fffffff ? static_cast<uint32_t>(number) : 0;
}

size_t Collect(char* bytes, size_t size, size_t count, void* answer) {
  auto* const collected = static_cast<std::string*>(answer);
  if (collected->size() + size * count > kMaxAnswer) return 0;  // ends the request
  collected->append(bytes, size * count);
  return size * count;
}

class SchemaRegistry {
 public:
  explicit SchemaRegistry(const SchemaRegistryOptions& options)
      : options_(options), curl_(curl_easy_init()) {}

  absl::StatusOr<uint32_t> FindOrRegister(const std::string& subject, const ChannelInfo& info);

 private:
  // A version of a subject.
  struct Version {
    uint32_t id = 0;
    uint32_t number = 0;
  };

  // Begins an error with the registry's address.
  std::string Say(absl::string_view what) const {
    return absl::StrCat("the schema registry ", options_.url, " ", what);
  }
  absl::Status ToStatus(CURLcode code, const char* text) const;
  absl::StatusOr<Answer> Post(const std::string& path, const std::string& body);
  // Makes a status of an answer that is an error.
  absl::Status Refused(const Answer& answer, const std::string& subject) const;
  absl::Status Strange(const Answer& answer) const {
    return absl::InternalError(Say(absl::StrCat("answers ", answer.status, " and '", answer.text,
                                                "'; give the address of a schema registry")));
  }
  std::string Path(const std::string& subject) const;
  // Errors: kNotFound - the subject has no such schema.
  absl::StatusOr<Version> Find(const std::string& subject, const std::string& schema);
  absl::StatusOr<uint32_t> Register(const std::string& subject, const std::string& schema);

  const SchemaRegistryOptions& options_;
  const Curl curl_;
};

absl::Status SchemaRegistry::ToStatus(CURLcode code, const char* text) const {
  const std::string reason =
      HeaderText(text[0] != '\0' ? text : curl_easy_strerror(code), kMaxReason);
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
      return absl::PermissionDeniedError(Say(absl::StrCat(
          "has a certificate that --schema-registry-ca does not vouch for: ", reason)));
    case CURLE_SSL_CACERT_BADFILE:
      return absl::InvalidArgumentError(
          absl::StrCat("--schema-registry-ca cannot be used: ", reason));
    case CURLE_WRITE_ERROR:
      return absl::InternalError(Say("answers with more than 16 MiB"));
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return absl::InternalError(Say(absl::StrCat("does not speak HTTP: ", reason)));
    default:
      return absl::UnavailableError(Say(absl::StrCat("does not answer: ", reason)));
  }
}

absl::StatusOr<Answer> SchemaRegistry::Post(const std::string& path, const std::string& body) {
  if (options_.stop()) return absl::CancelledError(Say("was not asked further"));
  CURL* const curl = curl_.get();
  if (curl == nullptr) return absl::ResourceExhaustedError("libcurl has no memory");
  curl_easy_reset(curl);
  std::string base = options_.url;
  while (base.back() == '/') base.pop_back();
  const std::string url = base + path;
  const std::string type = "Content-Type: application/vnd.schemaregistry.v1+json";
  const Lines lines(
      curl_slist_append(curl_slist_append(nullptr, type.c_str()),
                        "Accept: application/vnd.schemaregistry.v1+json, application/json;q=0.9"));
  std::string received;
  char error[CURL_ERROR_SIZE] = "";
  const auto timeout =
      static_cast<long>(std::max<int64_t>(1, absl::ToInt64Milliseconds(options_.timeout)));
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines.get());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Collect);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &received);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "ipmpsc-bridge");
  if (!options_.ca.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, options_.ca.c_str());
  if (!options_.user.empty()) {
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(curl, CURLOPT_USERNAME, options_.user.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, options_.password.c_str());
  }
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) return ToStatus(code, error);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  Answer answer;
  answer.status = status;
  answer.body = Json::parse(received, nullptr, /*allow_exceptions=*/false);
  answer.text = HeaderText(received, kMaxReason);
  if (answer.body.is_object()) {
    const auto message = answer.body.find("message");
    if (message != answer.body.end() && message->is_string()) {
      answer.text = HeaderText(message->get<std::string>(), kMaxReason);
    }
  }
  return answer;
}

absl::Status SchemaRegistry::Refused(const Answer& answer, const std::string& subject) const {
  const std::string text = absl::StrCat("(", answer.status, "): ", answer.text);
  if (answer.status == 401 || answer.status == 403) {
    return absl::PermissionDeniedError(Say(absl::StrCat("refuses the user ", text)));
  }
  if (answer.status == 408 || answer.status == 429 || answer.status >= 500) {
    return absl::UnavailableError(Say(absl::StrCat("cannot answer now ", text)));
  }
  if (answer.status != 409 && answer.status != 422) return Strange(answer);
  return absl::FailedPreconditionError(
      Say(absl::StrCat("refuses the schema for ", HeaderText(subject), " ", text)));
}

std::string SchemaRegistry::Path(const std::string& subject) const {
  const std::unique_ptr<char, Destroy<void, curl_free> > escaped(
      curl_easy_escape(curl_.get(), subject.data(), static_cast<int>(subject.size())));
  return absl::StrCat("/subjects/", escaped == nullptr ? "" : escaped.get());
}

absl::StatusOr<SchemaRegistry::Version> SchemaRegistry::Find(const std::string& subject,
                                                             const std::string& schema) {
  const absl::StatusOr<Answer> answer = Post(Path(subject), schema);
  if (!answer.ok()) return answer.status();
  if (answer->status == 404) {
    const uint32_t error = NumberOf(answer->body, "error_code");
    if (error != kNoSubject && error != kNoSchema) return Strange(*answer);
    return absl::NotFoundError(Say(absl::StrCat("does not have ", HeaderText(subject))));
  }
  if (answer->status != 200) return Refused(*answer, subject);
  const Version version = {NumberOf(answer->body, "id"), NumberOf(answer->body, "version")};
  if (version.id == 0 || version.number == 0) return Strange(*answer);
  return version;
}

absl::StatusOr<uint32_t> SchemaRegistry::Register(const std::string& subject,
                                                  const std::string& schema) {
  const absl::StatusOr<Answer> answer = Post(absl::StrCat(Path(subject), "/versions"), schema);
  if (!answer.ok()) return answer.status();
  if (answer->status != 200) return Refused(*answer, subject);
  const uint32_t id = NumberOf(answer->body, "id");
  if (id == 0) return Strange(*answer);
  return id;
}

absl::StatusOr<uint32_t> SchemaRegistry::FindOrRegister(const std::string& subject,
                                                        const ChannelInfo& info) {
  const absl::StatusOr<MessagePlace> place = FindMessageType(info);
  if (!place.ok()) return absl::FailedPreconditionError(place.status().message());
  // Each file lies behind those that it imports.
  std::set<std::string> needed = {info.schema().file(place->file).name()};
  for (int i = place->file; i >= 0; --i) {
    const FileDescriptorProto& file = info.schema().file(i);
    if (needed.count(file.name()) == 0) continue;
    for (const std::string& import : file.dependency()) {
      if (!IsWellKnown(import)) needed.insert(import);
    }
  }
  std::map<std::string, uint32_t> versions;  // of the files that were imported so far
  for (int i = 0; i <= place->file; ++i) {
    const FileDescriptorProto& file = info.schema().file(i);
    if (needed.count(file.name()) == 0) continue;
    Json references = Json::array();
    for (const std::string& import : file.dependency()) {
      if (IsWellKnown(import)) continue;
      const auto version = versions.find(import);
      if (version == versions.end()) {
        return absl::FailedPreconditionError(
            absl::StrCat("the channel's schema lacks ", HeaderText(import), ", which it imports"));
      }
      references.push_back({{"name", import}, {"subject", import}, {"version", version->second}});
    }
    // Names are anybody's bytes.
    const std::string schema = Json({{"schemaType", "PROTOBUF"},
                                     {"schema", absl::Base64Escape(file.SerializeAsString())},
                                     {"references", references}})
                                   .dump(-1, ' ', false, Json::error_handler_t::replace);
    const bool last = i == place->file;
    const std::string name = last ? subject : file.name();
    absl::StatusOr<Version> found = Find(name, schema);
    if (absl::IsNotFound(found.status()) && !options_.look_only) {
      const absl::StatusOr<uint32_t> id = Register(name, schema);
      if (!id.ok() || last) return id;
      // Only a look tells the version.
      found = Find(name, schema);
      if (absl::IsNotFound(found.status())) {
        return absl::UnavailableError(Say(
            absl::StrCat("does not have ", HeaderText(name), ", which it has just registered")));
      }
    }
    if (!found.ok()) return found.status();
    if (last) return found->id;
    versions[file.name()] = found->number;
  }
  return absl::InternalError("the files of the schema have no last one");
}

}  // namespace

bool HasSchemaRegistry() { return true; }

absl::StatusOr<uint32_t> FindOrRegisterSchema(const SchemaRegistryOptions& options,
                                              const std::string& subject, const ChannelInfo& info) {
  return SchemaRegistry(options).FindOrRegister(subject, info);
}

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_HAS_CURL
