// The actions of an administrator of a JetStream server, for tests of the bridge.
#ifndef TESTS_BRIDGE_NATS_ADMIN_H_
#define TESTS_BRIDGE_NATS_ADMIN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace ipmpsc::bridge {

struct StreamSettings {
  std::string name;
  std::vector<std::string> subjects;
  int32_t max_message = -1;
  int64_t max_messages = -1;
  absl::Duration max_age = absl::ZeroDuration();  // zero: none
};

// Each returns "" or what went wrong. `server` is "HOST:PORT".
std::string CreateStream(const std::string& server, const StreamSettings& settings);
std::string UpdateStream(const std::string& server, const StreamSettings& settings);
std::string PurgeStream(const std::string& server, const std::string& stream);
std::string DeleteStream(const std::string& server, const std::string& stream);
// Publishes as a program that is no bridge.
std::string PublishForeign(const std::string& server, const std::string& subject);

// Returns how many messages the stream has, or -1 if there is no answer or no stream.
int64_t CountMessages(const std::string& server, const std::string& stream);
// Returns the last sequence number that the stream has given, also to a message that is gone, or -1
// if there is no answer or no stream.
int64_t LastSequence(const std::string& server, const std::string& stream);

}  // namespace ipmpsc::bridge

#endif  // TESTS_BRIDGE_NATS_ADMIN_H_
