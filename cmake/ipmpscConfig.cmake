# find_package(ipmpsc) of what `cmake --install` installed: ipmpsc::ipmpsc, the plugin, and
# ipmpsc_add_library, see the file of that name.
include(CMakeFindDependencyMacro)
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL TRUE)
find_dependency(absl)
# From 22 on protobuf has a package file of its own, which knows what else to link.
find_package(Protobuf CONFIG QUIET)
if(NOT Protobuf_FOUND)
  find_dependency(Protobuf)
endif()
find_dependency(Threads)
include("${CMAKE_CURRENT_LIST_DIR}/ipmpscTargets.cmake")
get_target_property(IPMPSC_IMPORT_DIRS ipmpsc::ipmpsc INTERFACE_INCLUDE_DIRECTORIES)
find_path(IPMPSC_PROTOBUF_DIR google/protobuf/any.proto HINTS ${Protobuf_INCLUDE_DIRS})
if(IPMPSC_PROTOBUF_DIR)
  list(APPEND IPMPSC_IMPORT_DIRS "${IPMPSC_PROTOBUF_DIR}")
endif()
include("${CMAKE_CURRENT_LIST_DIR}/ipmpsc_add_library.cmake")
