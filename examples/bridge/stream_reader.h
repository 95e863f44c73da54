// Reads a JetStream stream from its beginning: a consumer that knows nothing of channels.
#ifndef IPMPSC_EXAMPLES_BRIDGE_STREAM_READER_H_
#define IPMPSC_EXAMPLES_BRIDGE_STREAM_READER_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::examples {

struct StreamMessage {
  absl::string_view payload;  // valid during the call
  uint64_t stream_sequence = 0;
  // Returns the value of a header, or "".
  std::function<std::string(const char* name)> header;
};

// Calls `handle` for each message that is stored under the subject now. Uses libnats, so a process
// that forks afterwards must not use it again.
//
// Errors: kUnimplemented - this build has no libnats; kUnavailable - the server does not answer, or
// a message did not come in ten seconds.
absl::Status ReadStream(const std::string& server, const std::string& stream,
                        const std::string& subject,
                        const std::function<void(const StreamMessage&)>& handle);

// Returns a value of a key-value bucket.
//
// Errors: as `ReadStream`; kNotFound - there is none.
absl::StatusOr<std::string> ReadKey(const std::string& server, const std::string& bucket,
                                    const std::string& key);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_BRIDGE_STREAM_READER_H_
