# Sets ipmpsc_sources to the .cc files of the runtime, for this tree and for the Python package. Only the C
# interface is a library of its own.
#
# The list holds all that there are, so it cannot get out of step with Bazel's. One of the files in
# internal/os does the sleeping: polled_futex.cc with IPMPSC_NOFUTEX, else futex.cc. umtx_futex.cc is for
# FreeBSD and waits for a port.
get_filename_component(ipmpsc_runtime_folder "${CMAKE_CURRENT_LIST_DIR}/../ipmpsc" ABSOLUTE)
file(GLOB_RECURSE ipmpsc_sources CONFIGURE_DEPENDS "${ipmpsc_runtime_folder}/*.cc")
list(FILTER ipmpsc_sources EXCLUDE REGEX "/ipmpsc/c/[^/]*$")
list(FILTER ipmpsc_sources EXCLUDE REGEX "/os/umtx_futex\\.cc$")
if(IPMPSC_NOFUTEX)
  list(FILTER ipmpsc_sources EXCLUDE REGEX "/os/futex\\.cc$")
else()
  list(FILTER ipmpsc_sources EXCLUDE REGEX "/os/polled_futex\\.cc$")
endif()
