// Engine: what the bridge needs of a system that stores messages, such as NATS JetStream.
//
// The engine stores messages in one order, under sequence numbers that grow. A fence keeps two
// programs from publishing at once, and a publish that is repeated from being stored twice. An
// engine has one of two fences:
//  * of the message (JetStream): a publish says which message it expects to be the last one, and
//    is stored only if that holds.
//  * of the writer (Kafka): `ReadTail` makes this engine the only one that publishes. A publish of
//    an earlier one is stored before the tail is read, or never.
#ifndef IPMPSC_BRIDGE_ENGINE_H_
#define IPMPSC_BRIDGE_ENGINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace ipmpsc::bridge {

// The channel that a bridge reads, as the headers of its messages name it.
struct ChannelIdentity {
  std::string id;           // 32 hexadecimal digits
  std::string source;       // machine and path, as `HeaderText`: "host:/dev/shm/quotes"
  std::string bridge;       // the process of this bridge: "ipmpsc-bridge 1234 on host"
  std::string type;         // full name of the message type; empty if the channel names none
  std::string fingerprint;  // of the schema, 16 hexadecimal digits; empty if there is none
  // Kafka: stored before each payload; empty without Confluent's format.
  std::string prefix = {};
};

// A message of the channel. `payload` is valid until the source releases the message.
struct Message {
  absl::string_view payload;
  uint64_t position = 0;
  std::string sender;            // name; may have any bytes
  uint64_t sequence = 0;         // 0 in channels without timestamps
  int64_t sent_nanoseconds = 0;  // since 1970; 0 in channels without timestamps
  // More than 0 if the engine called the message a duplicate although it does not have it. The
  // engine then publishes under another message id.
  uint32_t attempt = 0;
};

// The message that must be the last one for a publish to be stored. An engine that fences the
// writer does not look at it.
struct Fence {
  uint64_t sequence = 0;  // its sequence number; 0: there is none
  // Its message id, if its publish is under way. Then `sequence` is a guess, and without the id a
  // message of another program could take the place of the one that is expected.
  std::string message_id;
};

// Which message of which channel a stored message is.
struct Mark {
  std::string channel_id;
  uint64_t position = 0;
  std::string source;
  std::string bridge;
};

// The end of what the engine has stored.
struct Tail {
  // The fence for the next message: the sequence number of the last one; 0 if there is none.
  uint64_t fence = 0;
  // The last number that the engine has given to any message, also to one that is gone.
  uint64_t last_sequence = 0;
  bool empty = true;
  std::optional<Mark> mark;  // of the last message, if a bridge wrote it
  bool expires = false;      // whether messages go away by age
};

enum class Outcome {
  kStored,
  kDuplicate,  // the engine has seen the message id before: no proof that the message is there
  kFenced,     // the last message is not the expected one, or another writer has come; not stored
  kTooLarge,   // can never be stored
  kBusy,       // not stored now: full, or short of resources
  kUnknown,    // no answer in time, or the connection was lost: stored or not
};

struct Acknowledgement {
  uint64_t position = 0;
  Outcome outcome = Outcome::kUnknown;
  uint64_t sequence = 0;  // with kStored
  std::string text;       // with other outcomes
};

// Returns the id of a message: "<channel id>-<position>", and "-<attempt>" behind it for a further
// attempt.
std::string MessageId(const ChannelIdentity& channel, const Message& message);

// Thread-compatible. Every function returns within the engine's own time limit.
class Engine {
 public:
  virtual ~Engine() = default;

  // Reads the end of the stream.
  //
  // Errors:
  //  * kUnavailable        - no answer; try again
  //  * kNotFound           - the stream does not exist
  //  * kPermissionDenied   - the engine refuses this user
  //  * kFailedPrecondition - the stream cannot serve the bridge; the text says why
  virtual absl::StatusOr<Tail> ReadTail() = 0;

  // Creates the stream.
  //
  // Errors: as `ReadTail`; kAlreadyExists - another stream has the subject.
  virtual absl::Status CreateStream() = 0;

  // Starts to publish. The outcome comes by `Poll`, at some time or never. An engine with
  // transactions stores what was started when it is polled, all or nothing.
  //
  // Errors: kUnavailable - not started, as the connection is lost or its buffer is full.
  virtual absl::Status Publish(const ChannelIdentity& channel, const Message& message,
                               const Fence& fence) = 0;

  // Appends the outcomes that have come. Waits for the first one until `wait` has passed.
  virtual void Poll(absl::Duration wait, std::vector<Acknowledgement>* outcomes) = 0;

  // Forgets every publish whose outcome has not come.
  virtual void Forget() = 0;

  // Stores a message that is too large elsewhere, with the reason, as far as it fits. Waits for the
  // answer.
  //
  // Errors: kUnavailable - no answer; try again. Others: the engine refuses.
  virtual absl::Status PublishDeadLetter(const ChannelIdentity& channel, const Message& message,
                                         absl::string_view reason) = 0;

  // Stores the channel's description under the fingerprint, unless it is there.
  //
  // Errors: as `PublishDeadLetter`; kResourceExhausted - larger than the engine stores.
  virtual absl::Status PublishSchema(const ChannelIdentity& channel,
                                     absl::string_view description) = 0;

  // Returns the most bytes of payload that the engine stores from this channel. Valid after
  // `ReadTail`.
  virtual uint64_t MaxPayload(const ChannelIdentity& channel) const = 0;

  // Whether the sequence numbers of several messages can be told in advance, so that more than one
  // may be under way. True if nothing but the bridge writes to the stream, and false while the
  // engine looks for the message that made a batch too large. Valid after `ReadTail`.
  virtual bool pipelined() const = 0;
};

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_ENGINE_H_
