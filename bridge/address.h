// The address of an engine: "nats://HOST:PORT/SUBJECT" or "tls://HOST:PORT/SUBJECT".
#ifndef IPMPSC_BRIDGE_ADDRESS_H_
#define IPMPSC_BRIDGE_ADDRESS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::bridge {

struct Address {
  std::string scheme;   // "nats" or "tls"
  std::string server;   // "HOST:PORT", with 4222 if none is given
  std::string subject;  // "quotes.us"

  // Returns "nats://HOST:PORT/SUBJECT".
  std::string Text() const;
};

// Errors:
//  * kInvalidArgument - the text is no address; the error says what is wrong
//  * kUnimplemented   - the engine is another one
absl::StatusOr<Address> ParseAddress(absl::string_view text);

// Returns the default name of the stream for a subject: "quotes.us" becomes "quotes_us".
std::string StreamName(absl::string_view subject);

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_ADDRESS_H_
