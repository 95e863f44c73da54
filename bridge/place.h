// Place: how far a bridge from an engine to a channel has come. It lies in a file beside the
// channel, which outlives the bridge. docs/bridge.md describes how it is used after a death.
#ifndef IPMPSC_BRIDGE_PLACE_H_
#define IPMPSC_BRIDGE_PLACE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::bridge {

struct Place {
  // Every message of the stream up to this sequence number is dealt with: sent, or counted as
  // dropped.
  uint64_t done = 0;
  // The message whose send has begun; 0: none. The rest says where it lies if it was committed.
  uint64_t begun = 0;
  std::string channel_id;  // 32 hexadecimal digits
  uint16_t slot = 0;       // of the sender
  uint32_t owner = 0;      // the number of owners that the slot had had then
  uint64_t number = 0;     // `Lease::sequence()` of the message; 0 in channels without timestamps
  uint64_t position = 0;   // at or before that of the message
};

// The bytes of the text of a place, always the same number.
inline constexpr size_t kPlaceBytes = 256;

std::string PlaceText(const Place& place);

// Errors: kDataLoss - this is not the text of a place.
absl::StatusOr<Place> ParsePlace(absl::string_view text);

// Where a place is kept.
class PlaceStore {
 public:
  virtual ~PlaceStore() = default;
  virtual const Place& place() const = 0;
  // Replaces the place in one step, as far as the death of this process goes.
  //
  // Errors: as `absl::ErrnoToStatus`.
  virtual absl::Status Write(const Place& place) = 0;
};

class PlaceFile final : public PlaceStore {
 public:
  // Opens the file, and creates it if it does not exist. Locks it as long as this process lives.
  //
  // Errors:
  //  * kAlreadyExists - another bridge has locked it
  //  * kDataLoss      - the file has something else in it
  //  * others as `absl::ErrnoToStatus`; the text names the file
  static absl::StatusOr<PlaceFile> Open(const std::string& path);

  // Reads a file without locking it. A file that does not exist is a place at the beginning.
  //
  // Errors: kDataLoss, and others as `Open`.
  static absl::StatusOr<Place> Read(const std::string& path);

  PlaceFile(PlaceFile&& other) noexcept
      : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), place_(other.place_) {}
  PlaceFile& operator=(PlaceFile&&) = delete;
  ~PlaceFile() override;

  const Place& place() const override { return place_; }
  absl::Status Write(const Place& place) override;

 private:
  PlaceFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::string path_;
  int fd_;
  Place place_;
};

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_PLACE_H_
