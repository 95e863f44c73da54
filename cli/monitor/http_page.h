// HttpPage: serves one page of text by HTTP, to programs that fetch metrics.
#ifndef IPMPSC_CLI_MONITOR_HTTP_PAGE_H_
#define IPMPSC_CLI_MONITOR_HTTP_PAGE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::cli {

class HttpPage {
 public:
  // Serves the page at /metrics, and nothing else, in a thread of its own. `page` is called for
  // each request, by one thread at a time. Clients that are idle for 10 seconds are disconnected.
  // At most 64 are connected.
  //
  // `address`: numeric, "127.0.0.1:9464" or "[::1]:9464". Port 0: any free one.
  //
  // Errors:
  //  * kInvalidArgument    - no such address
  //  * kUnavailable        - the address cannot be listened on, such as one that is taken
  //  * kUnimplemented      - the program was built without libmicrohttpd
  static absl::StatusOr<std::unique_ptr<HttpPage>> Serve(absl::string_view address,
                                                         std::function<std::string()> page);

  virtual ~HttpPage() = default;

  virtual uint16_t port() const = 0;
};

}  // namespace ipmpsc::cli

#endif  // IPMPSC_CLI_MONITOR_HTTP_PAGE_H_
