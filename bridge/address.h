// The address of an engine: "nats://HOST:PORT/SUBJECT" or "tls://HOST:PORT/SUBJECT", and for Kafka
// "kafka://HOST:PORT[,HOST:PORT]/TOPIC" or "kafka+tls://HOST:PORT[,HOST:PORT]/TOPIC".
#ifndef IPMPSC_BRIDGE_ADDRESS_H_
#define IPMPSC_BRIDGE_ADDRESS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::bridge {

struct Address {
  std::string scheme;   // "nats", "tls", "kafka" or "kafka+tls"
  std::string server;   // "HOST:PORT", with 4222 (Kafka: 9092) if none is given; Kafka: a list
  std::string subject;  // "quotes.us"; of Kafka the topic

  bool is_kafka() const { return scheme == "kafka" || scheme == "kafka+tls"; }

  // Returns "nats://HOST:PORT".
  std::string ServerText() const;
  // Returns "nats://HOST:PORT/SUBJECT".
  std::string Text() const;
};

// Errors: kInvalidArgument - the text is no address; the error says what is wrong.
absl::StatusOr<Address> ParseAddress(absl::string_view text);

// Returns the text with *** in place of the user and the password that it may have, for errors and
// logs: "nats://***@HOST:PORT/SUBJECT". The text need not be an address.
std::string WithoutUser(absl::string_view text);

// Returns the default name of the stream for a subject: "quotes.us" becomes "quotes_us".
std::string StreamName(absl::string_view subject);

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_ADDRESS_H_
