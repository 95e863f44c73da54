# ipmpsc_add_library(NAME
#   PROTOS FILE...        .proto files, each under the path by which others import it
#   [IMPORT_DIRS DIR...]  where they and the files that they import are looked for; the current source
#                         folder where none is given
#   [DEPS LIBRARY...]     ipmpsc_add_library's of the .proto files that they import
#   [NO_MESSAGES]         without protobuf's classes: for programs that use views and loans only, or
#                         that generate these by themselves
#   [STATIC])             with the static libraries of an installed ipmpsc; this tree's own are static
#
# Adds the library NAME, of typed senders, receivers, views and loans for the messages of the .proto
# files. A target that links it may include camera/frame.ipmpsc.h, and, without NO_MESSAGES,
# camera/frame.pb.h, which NAME_messages compiles. A change of any .proto that they import, directly or
# not, generates them again.
#
# Both targets can be exported; their headers lie below NAME.generated:
#
#   install(TARGETS frame_ipmpsc frame_ipmpsc_messages EXPORT camera)
#   install(DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/frame_ipmpsc.generated/ DESTINATION include
#     FILES_MATCHING PATTERN "*.h")
#   install(EXPORT camera NAMESPACE camera:: DESTINATION lib/cmake/camera)
function(ipmpsc_add_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NO_MESSAGES;STATIC" "" "PROTOS;IMPORT_DIRS;DEPS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "ipmpsc_add_library(${name}): unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_PROTOS)
    message(FATAL_ERROR "ipmpsc_add_library(${name}): no PROTOS")
  endif()
  if(NOT arg_IMPORT_DIRS)
    set(arg_IMPORT_DIRS "${CMAKE_CURRENT_SOURCE_DIR}")
  endif()
  # Of ipmpsc itself: of this tree, of one that CMake installed, or of one that Bazel installed.
  set(runtime ipmpsc::ipmpsc)
  set(own_messages)
  set(installed_dirs ${IPMPSC_IMPORT_DIRS})
  if(TARGET ipmpsc_protos)
    list(APPEND arg_DEPS ipmpsc_protos)
  elseif(TARGET ipmpsc)
    # It is one of ipmpsc's own.
  elseif(TARGET ipmpsc::ipmpsc_protos)
    set(own_messages ipmpsc::ipmpsc_protos_messages)
  elseif(arg_STATIC)
    set(runtime ipmpsc::ipmpsc_static)
    set(own_messages ipmpsc::proto_static)
  else()
    set(own_messages ipmpsc::proto)
  endif()

  # Those of DEPS come behind: the files that are meant lie in the own ones.
  set(own_dirs)
  foreach(dir IN LISTS arg_IMPORT_DIRS)
    get_filename_component(dir "${dir}" ABSOLUTE)
    list(APPEND own_dirs "${dir}")
  endforeach()
  set(dirs ${own_dirs})
  foreach(dep IN LISTS arg_DEPS)
    get_target_property(dep_dirs ${dep} IPMPSC_IMPORT_DIRS)
    if(dep_dirs)  # It has none where it was installed.
      list(APPEND dirs ${dep_dirs})
    endif()
  endforeach()
  list(APPEND dirs ${installed_dirs})
  list(REMOVE_DUPLICATES dirs)
  list(TRANSFORM dirs PREPEND "--proto_path=" OUTPUT_VARIABLE proto_paths)

  set(out "${CMAKE_CURRENT_BINARY_DIR}/${name}.generated")
  file(MAKE_DIRECTORY "${out}")
  set(headers)
  set(messages)
  foreach(proto IN LISTS arg_PROTOS)
    unset(ipmpsc_proto_file)
    find_file(ipmpsc_proto_file "${proto}" PATHS ${own_dirs} NO_DEFAULT_PATH NO_CACHE REQUIRED)
    string(REGEX REPLACE "\\.proto$" "" stem "${proto}")
    add_custom_command(
      OUTPUT "${out}/${stem}.ipmpsc.h" "${out}/${stem}.ipmpsc.fwd.h" "${out}/${stem}.ipmpsc.views.h"
      COMMAND protobuf::protoc ${proto_paths}
        "--plugin=protoc-gen-ipmpsc=$<TARGET_FILE:ipmpsc::protoc-gen-ipmpsc>"
        "--ipmpsc_out=${out}" "--dependency_out=${out}/${stem}.ipmpsc.h.d" "${proto}"
      DEPENDS "${ipmpsc_proto_file}" protobuf::protoc ipmpsc::protoc-gen-ipmpsc
      DEPFILE "${out}/${stem}.ipmpsc.h.d"
      COMMENT "Generating ${stem}.ipmpsc.h"
      VERBATIM)
    list(APPEND headers "${out}/${stem}.ipmpsc.h")
    if(NOT arg_NO_MESSAGES)
      add_custom_command(
        OUTPUT "${out}/${stem}.pb.cc" "${out}/${stem}.pb.h"
        COMMAND protobuf::protoc ${proto_paths} "--cpp_out=${out}"
          "--dependency_out=${out}/${stem}.pb.h.d" "${proto}"
        DEPENDS "${ipmpsc_proto_file}" protobuf::protoc
        DEPFILE "${out}/${stem}.pb.h.d"
        COMMENT "Generating ${stem}.pb.h"
        VERBATIM)
      list(APPEND messages "${out}/${stem}.pb.cc" "${out}/${stem}.pb.h")
    endif()
  endforeach()

  add_custom_target(${name}_headers ALL DEPENDS ${headers})
  add_library(${name} INTERFACE)
  add_dependencies(${name} ${name}_headers)
  set_target_properties(${name} PROPERTIES IPMPSC_IMPORT_DIRS "${dirs}")
  target_include_directories(${name} INTERFACE "$<BUILD_INTERFACE:${out}>" "$<INSTALL_INTERFACE:include>")
  target_link_libraries(${name} INTERFACE ${runtime} ${arg_DEPS})
  if(NOT arg_NO_MESSAGES)
    add_library(${name}_messages STATIC ${messages})
    target_compile_features(${name}_messages PUBLIC cxx_std_17)
    target_include_directories(${name}_messages PUBLIC
      "$<BUILD_INTERFACE:${out}>" "$<INSTALL_INTERFACE:include>")
    target_link_libraries(${name}_messages PUBLIC ${own_messages} protobuf::libprotobuf)
    foreach(dep IN LISTS arg_DEPS)
      if(TARGET ${dep}_messages)
        target_link_libraries(${name}_messages PUBLIC ${dep}_messages)
      endif()
    endforeach()
    target_link_libraries(${name} INTERFACE ${name}_messages)
  endif()
endfunction()
