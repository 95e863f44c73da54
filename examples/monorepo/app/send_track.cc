// send_track LABEL: writes a track into the ring in place and sends it to //app:show_tracks.
#include <cstdint>
#include <iostream>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "tracking/track.ipmpsc.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "send_track: give one label, for example: send_track ball\n";
    return 2;
  }
  ipmpsc::ChannelOptions options = tracking::TrackChannel::Options();
  options.exist_policy = ipmpsc::ExistPolicy::kOpen;  // Either end may start first.
  absl::StatusOr<ipmpsc::Channel> channel =
      tracking::TrackChannel::Create(tracking::TrackChannel::Path(), options);
  if (!channel.ok()) {
    std::cerr << "send_track: " << channel.status() << "\n";
    return 1;
  }
  absl::StatusOr<tracking::TrackSender> sender = tracking::TrackSender::Attach(*channel);
  if (!sender.ok()) {
    std::cerr << "send_track: " << sender.status() << "\n";
    return 1;
  }
  absl::StatusOr<tracking::TrackLoan> track = sender->Claim(1000, absl::Seconds(1));
  if (!track.ok()) {
    std::cerr << "send_track: " << track.status() << "\n";
    return 1;
  }
  track->set_label(argv[1]);
  for (int32_t i = 1; i <= 3; ++i) {
    // The messages of these writers are defined in other packages and in another repository.
    tracking::TrackWriter::SightingWriter sighting = track->add_sightings();
    sighting.mutable_at().set_x(10 * i);
    camera::FrameWriter frame = sighting.mutable_frame();
    frame.mutable_taken().set_seconds(absl::ToUnixSeconds(absl::Now()));
    frame.mutable_exposure().set_microseconds(250);
  }
  track->mutable_forecast().set_rain(0.5F);
  const absl::Status published = std::move(*track).Publish();
  if (!published.ok()) {
    std::cerr << "send_track: " << published << "\n";
    return 1;
  }
}
