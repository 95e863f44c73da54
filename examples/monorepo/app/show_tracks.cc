// show_tracks: makes the channel that tracking/track.proto declares, and shows what comes.
#include <iostream>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ipmpsc/channel.h"
#include "tracking/track.ipmpsc.h"

int main() {
  ipmpsc::ChannelOptions options = tracking::TrackChannel::Options();
  options.exist_policy = ipmpsc::ExistPolicy::kOpen;
  absl::StatusOr<ipmpsc::Channel> channel =
      tracking::TrackChannel::Create(tracking::TrackChannel::Path(), options);
  if (!channel.ok()) {
    std::cerr << "show_tracks: " << channel.status() << "\n";
    return 1;
  }
  absl::StatusOr<tracking::TrackReceiver> receiver = tracking::TrackReceiver::Attach(*channel);
  if (!receiver.ok()) {
    std::cerr << "show_tracks: " << receiver.status() << "\n";
    return 1;
  }
  auto tracks = receiver->Messages();
  for (const tracking::TrackLease& track : tracks) {
    std::cout << track->label() << ":";
    for (const tracking::TrackView::SightingView& sighting : track->sightings()) {
      std::cout << " " << sighting.at().x() << "," << sighting.at().y();
    }
    std::cout << " (" << track->forecast().rain() << " mm of rain)" << std::endl;
  }
  std::cerr << "show_tracks: " << tracks.status() << "\n";
  return 1;
}
