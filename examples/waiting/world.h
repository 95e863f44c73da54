// Channels, and threads that send to them, for the examples of waiting.
#ifndef IPMPSC_EXAMPLES_WAITING_WORLD_H_
#define IPMPSC_EXAMPLES_WAITING_WORLD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/string_view.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/receiver.h"

namespace ipmpsc::examples {

struct World {
  // Creates `channels` channels with their receivers. Ends the program if that fails.
  World(size_t channels, uint64_t messages_each);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  // Starts a thread that sends to all channels in turn, and a byte to the socket in between.
  void StartSending();
  // All messages of all channels.
  uint64_t messages() const { return receivers.size() * messages_each; }

  const uint64_t messages_each;
  std::vector<Channel> channels;
  std::vector<Receiver> receivers;
  int socket;      // one byte comes here
  int other_side;  // of the socket
  std::thread sends;
};

// Ends the program if this is not a message of `World`.
void Use(absl::string_view payload);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_WAITING_WORLD_H_
