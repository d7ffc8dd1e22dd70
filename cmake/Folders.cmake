# dompet_folder, dompet_part, dompet_program, dompet_test_ring: what a folder of sources becomes.
#
# Sources are found by their place, subfolders included, so that a new file needs no line here. A folder without sources
# is left out (a library becomes an empty one), so that the house can be built while rooms are still being furnished.

# Every standard header that our code uses a lot. A file must still include what it uses: build with
# -DDOMPET_PCH=OFF to see whether it does.
set(dompet_precompiled
  <algorithm> <array> <atomic> <charconv> <chrono> <cstdint> <cstring> <deque> <expected> <functional> <map> <memory>
  <mutex> <optional> <set> <span> <string> <string_view> <thread> <tuple> <type_traits> <unordered_map> <utility>
  <variant> <vector>)

function(dompet_precompile target)
  if(DOMPET_PCH)
    target_precompile_headers(${target} PRIVATE ${dompet_precompiled} ${ARGN})
  endif()
endfunction()

# dompet_folder(<name> [EMBED <generated source>…] [PRECOMPILE <header>…] [LINK <target>…]): library dompet_<name> of
# <name>/*.cpp.
function(dompet_folder name)
  cmake_parse_arguments(PARSE_ARGV 1 folder "" "" "EMBED;PRECOMPILE;LINK")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${name}/*.cpp")
  get_property(elsewhere GLOBAL PROPERTY dompet_parts_of_${name})
  if(elsewhere)
    list(REMOVE_ITEM sources ${elsewhere})
  endif()
  if(NOT sources AND NOT folder_EMBED)
    add_library(dompet_${name} INTERFACE)
    target_link_libraries(dompet_${name} INTERFACE dompet_options ${folder_LINK})
    return()
  endif()
  add_library(dompet_${name} STATIC ${sources} ${folder_EMBED})
  target_link_libraries(dompet_${name} PUBLIC dompet_options ${folder_LINK})
  dompet_precompile(dompet_${name} ${folder_PRECOMPILE})
endfunction()

# dompet_part(<name> OF <folder> SOURCES <glob>… [LINK <target>…]): library dompet_<name> of some of a folder's sources, which
# refer to no other source of it. The folder's own library, named after it, is without them.
function(dompet_part name)
  cmake_parse_arguments(PARSE_ARGV 1 part "" "OF" "SOURCES;LINK")
  list(TRANSFORM part_SOURCES PREPEND "${PROJECT_SOURCE_DIR}/${part_OF}/")
  file(GLOB sources CONFIGURE_DEPENDS ${part_SOURCES})
  set_property(GLOBAL APPEND PROPERTY dompet_parts_of_${part_OF} ${sources})
  add_library(dompet_${name} STATIC ${sources})
  target_link_libraries(dompet_${name} PUBLIC dompet_options ${part_LINK})
  dompet_precompile(dompet_${name})
endfunction()

# dompet_program(<name> SOURCES <glob>… [LINK <target>…])
function(dompet_program name)
  cmake_parse_arguments(PARSE_ARGV 1 program "" "" "SOURCES;LINK")
  list(TRANSFORM program_SOURCES PREPEND "${PROJECT_SOURCE_DIR}/")
  file(GLOB sources CONFIGURE_DEPENDS ${program_SOURCES})
  if(NOT sources)
    message(STATUS "${name}: no sources yet, left out")
    return()
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE dompet_options ${program_LINK})
  if(NOT sources MATCHES "bare_route")
    dompet_precompile(${name})
  endif()
  install(TARGETS ${name})
endfunction()

# dompet_test_ring(<name> [PRECOMPILE <header>…] [LINK <target>…]): Catch2 program dompet_<name>_tests of
# tests/<name>/*.cpp, with tests/support/*.cpp if there are any.
function(dompet_test_ring name)
  cmake_parse_arguments(PARSE_ARGV 1 ring "" "" "PRECOMPILE;LINK")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/${name}/*.cpp")
  if(NOT sources)
    message(STATUS "tests/${name}: no sources yet, left out")
    return()
  endif()
  add_executable(dompet_${name}_tests ${sources})
  target_link_libraries(dompet_${name}_tests PRIVATE dompet_options ${ring_LINK} Catch2::Catch2WithMain)
  dompet_precompile(dompet_${name}_tests <catch2/catch_test_macros.hpp> ${ring_PRECOMPILE})
endfunction()
