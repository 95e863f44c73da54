// An engine and a channel in memory, for tests of the bridge's core. A chooser decides at each
// operation whether it fails, and whether the bridge dies there.
#ifndef TESTS_BRIDGE_FAKE_ENGINE_H_
#define TESTS_BRIDGE_FAKE_ENGINE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/engine.h"
#include "bridge/source.h"

namespace ipmpsc::bridge {

// Thrown where the bridge dies.
struct Death {};

// Returns a number below `options`. 0 is the course without a fault.
using Chooser = std::function<int(int options)>;

// A publish on its way to the server.
struct Posted {
  Mark mark;
  std::string id;
  std::string payload;
  Fence fence;
};

// The things that outlive a bridge: the server, and publishes on their way to it.
struct FakeServer {
  struct Stored {
    std::optional<Mark> mark;
    std::string id;
    std::string payload;
    uint64_t sequence = 0;
  };

  bool exists = true;
  bool expires = false;
  bool pipelined = true;
  bool unavailable = false;
  bool remembers_ids = true;  // else its window of duplicates has no length
  bool refuses_letters = false;
  bool refuses_schemas = false;
  bool denied = false;
  uint64_t max_payload = 100;
  uint64_t last_sequence = 0;
  std::vector<Stored> stream;
  std::set<std::string> ids;  // the deduplication window, which a purge does not empty
  std::vector<std::string> letters;
  std::vector<std::string> schemas;
  std::deque<Posted> late;  // by forgotten or dead bridges

  // Checks the fence and stores.
  Acknowledgement Store(const Posted& posted);
  // Stores a message of a program that is no bridge.
  void StoreForeign();
  void Purge() { stream.clear(); }
};

class FakeEngine final : public Engine {
 public:
  FakeEngine(FakeServer* server, Chooser choose);
  // Publishes on their way stay on their way.
  ~FakeEngine() override { Forget(); }

  absl::StatusOr<Tail> ReadTail() override;
  absl::Status CreateStream() override;
  absl::Status Publish(const ChannelIdentity& channel, const Message& message,
                       const Fence& fence) override;
  void Poll(absl::Duration wait, std::vector<Acknowledgement>* outcomes) override;
  void Forget() override;
  absl::Status PublishDeadLetter(const ChannelIdentity& channel, const Message& message,
                                 absl::string_view reason) override;
  absl::Status PublishSchema(const ChannelIdentity& channel,
                             absl::string_view description) override;
  uint64_t MaxPayload(const ChannelIdentity&) const override { return server_->max_payload; }
  bool pipelined() const override { return server_->pipelined; }

 private:
  void MayDie();
  // Lets publishes of forgotten or dead bridges arrive now.
  void LetLateOnesArrive();

  FakeServer* const server_;
  Chooser choose_;
  std::deque<Posted> posted_;
};

// The channel: its messages in order, and how many of them are released.
struct FakeChannel {
  std::vector<Message> messages;
  size_t released = 0;
  absl::Status end = absl::OkStatus();  // after the last message, if not OK

  // Appends a message with that payload. It lives as long as the literal.
  void Send(absl::string_view payload);
};

class FakeSource final : public Source {
 public:
  FakeSource(FakeChannel* channel, Chooser choose);

  absl::StatusOr<Message> Next(absl::Duration wait) override;
  void ReleaseOldest() override;
  bool released_before() const override { return released_before_; }

 private:
  FakeChannel* const channel_;
  Chooser choose_;
  size_t next_;
  bool released_before_;
};

}  // namespace ipmpsc::bridge

#endif  // TESTS_BRIDGE_FAKE_ENGINE_H_
