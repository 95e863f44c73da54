# The package file of `cmake --install` for find_package(ipmpsc). It defines ipmpsc::ipmpsc, the plugin
# and ipmpsc_add_library, see ipmpsc_add_library.cmake.
include(CMakeFindDependencyMacro)
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL TRUE)
find_dependency(absl)
# Since release 22 protobuf has a package file of its own, which lists the libraries to link.
find_package(Protobuf CONFIG QUIET)
if(NOT Protobuf_FOUND)
  find_dependency(Protobuf)
endif()
find_dependency(Threads)
include("${CMAKE_CURRENT_LIST_DIR}/ipmpscTargets.cmake")
# The plugin of the machine that builds, in a build for another one.
if(IPMPSC_HOST_PLUGIN)
  get_target_property(_ipmpsc_configurations ipmpsc::protoc-gen-ipmpsc IMPORTED_CONFIGURATIONS)
  set_target_properties(ipmpsc::protoc-gen-ipmpsc PROPERTIES IMPORTED_LOCATION "${IPMPSC_HOST_PLUGIN}")
  if(_ipmpsc_configurations)
    foreach(_ipmpsc_configuration IN LISTS _ipmpsc_configurations)
      set_target_properties(ipmpsc::protoc-gen-ipmpsc PROPERTIES
        IMPORTED_LOCATION_${_ipmpsc_configuration} "${IPMPSC_HOST_PLUGIN}")
    endforeach()
  endif()
endif()
get_target_property(IPMPSC_IMPORT_DIRS ipmpsc::ipmpsc INTERFACE_INCLUDE_DIRECTORIES)
find_path(IPMPSC_PROTOBUF_DIR google/protobuf/any.proto HINTS ${Protobuf_INCLUDE_DIRS})
if(IPMPSC_PROTOBUF_DIR)
  list(APPEND IPMPSC_IMPORT_DIRS "${IPMPSC_PROTOBUF_DIR}")
endif()
include("${CMAKE_CURRENT_LIST_DIR}/ipmpsc_add_library.cmake")
