// show_tracks: prints the tracks of the channel that tracking/track.proto declares, until no sender
// is left. Then removes the channel.
#include <cstdio>
#include <iostream>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "tracking/track.ipmpsc.h"

int main() {
  ipmpsc::ChannelOptions options = tracking::TrackChannel::Options();
  options.exist_policy = ipmpsc::ExistPolicy::kOpen;  // Either end may start first.
  absl::StatusOr<ipmpsc::Channel> channel =
      tracking::TrackChannel::Create(tracking::TrackChannel::Path(), options);
  if (!channel.ok()) {
    std::cerr << "show_tracks: " << channel.status() << "\n";
    return 1;
  }
  ipmpsc::ReceiverOptions end_with_senders;
  end_with_senders.end_without_senders = true;
  absl::StatusOr<tracking::TrackReceiver> receiver =
      tracking::TrackReceiver::Attach(*channel, end_with_senders);
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
  if (!absl::IsOutOfRange(tracks.status())) {  // kOutOfRange: no sender is left.
    std::cerr << "show_tracks: " << tracks.status() << "\n";
    return 1;
  }
  std::remove(channel->path().c_str());
}
