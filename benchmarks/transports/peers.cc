#include "benchmarks/transports/peers.h"

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/transports/aeron_ring.h"
#include "benchmarks/transports/boost_message_queue.h"
#include "benchmarks/transports/iceoryx.h"
#include "benchmarks/transports/iceoryx2.h"
#include "benchmarks/transports/pipe.h"
#include "benchmarks/transports/posix_mq.h"
#include "benchmarks/transports/rust_ipmpsc.h"
#include "benchmarks/transports/unix_seqpacket.h"
#include "benchmarks/transports/unix_stream.h"
#include "benchmarks/transports/zeromq.h"

namespace ipmpsc::benchmarks {

std::vector<TransportKind> Peers(const std::string& rust_peers) {
  return {RustIpmpsc(rust_peers),
          Iceoryx2(rust_peers),
          AeronRing(rust_peers),
          Iceoryx(),
          BoostMessageQueue(),
          ZeroMq(),
          UnixStream(),
          UnixSeqpacket(),
          Pipe(),
          PosixMessageQueue()};
}

absl::StatusOr<std::string> BuildRustPeers(const std::string& source, const std::string& target) {
  const std::string command = absl::StrCat("cargo build --release --locked --manifest-path '",
                                           source, "/Cargo.toml' --target-dir '", target, "'");
  if (std::system("command -v cargo >/dev/null 2>&1") != 0)
    return absl::UnavailableError("cargo is not installed");
  std::cerr << "building the peers in Rust: " << command << std::endl;
  if (std::system(absl::StrCat(command, " 1>&2").c_str()) != 0)
    return absl::UnavailableError("cargo could not build benchmarks/peers/rust");
  return absl::StrCat(target, "/release/libipmpsc_peers.so");
}

}  // namespace ipmpsc::benchmarks
