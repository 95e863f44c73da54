// send_track LABEL: sends a track, written in place, to //app:show_tracks.
#include <cstdint>
#include <iostream>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tracking/track.ipmpsc.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "send_track: give a label\n";
    return 2;
  }
  absl::StatusOr<tracking::TrackSender> sender = tracking::TrackSender::Open();
  if (!sender.ok()) {
    std::cerr << "send_track: " << sender.status() << "\n";
    return 1;
  }
  absl::StatusOr<tracking::TrackLoan> track = sender->Loan(1000, absl::Seconds(1));
  if (!track.ok()) {
    std::cerr << "send_track: " << track.status() << "\n";
    return 1;
  }
  track->set_label(argv[1]);
  for (int32_t i = 1; i <= 3; ++i) {
    // Writers of messages that are in other packages, and in other repositories.
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
