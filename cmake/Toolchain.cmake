# Language, warnings, sanitizers, and the tools that make a rebuild take seconds.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
# -g1 keeps line numbers in stack traces and profiles at a fraction of the size of -g.
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1 -D_GLIBCXX_ASSERTIONS")
# No -DNDEBUG: nothing of ours depends on it; `ensure` stays on in every build.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")

# How our own code is compiled. Libraries are imported targets, whose headers are system headers: no warnings from them.
add_library(dompet_options INTERFACE)
target_include_directories(dompet_options INTERFACE "${PROJECT_SOURCE_DIR}")
# A warning ends the builds that are worked and tested with. It does not keep users from a release: GCC's optimizer warns
# of what is right now and then.
target_compile_options(dompet_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow $<$<CONFIG:Debug>:-Werror>)

find_package(Threads REQUIRED)
target_link_libraries(dompet_options INTERFACE Threads::Threads)

if(DOMPET_FAILPOINTS)
  target_compile_definitions(dompet_options INTERFACE DOMPET_FAILPOINTS=1)
endif()

if(DOMPET_SANITIZE)
  # Without `null`: CAF 0.17 binds references to null in its spawn code, on purpose and never read.
  set(dompet_sanitizers -fsanitize=address,undefined -fno-sanitize=null -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # Instrumented, std::regex and std::function look uninitialised to GCC 12; the other presets keep this warning.
  target_compile_options(dompet_options INTERFACE ${dompet_sanitizers} -Wno-maybe-uninitialized)
  target_link_options(dompet_options INTERFACE ${dompet_sanitizers})
endif()

# A ccache hit takes hundredths of a second instead of up to twenty. The sloppiness is what ccache needs to trust
# precompiled headers; -fpch-preprocess lets it see which one a file uses.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND}" -E env
      "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime" "${CCACHE}")
  if(DOMPET_PCH)
    target_compile_options(dompet_options INTERFACE -fpch-preprocess)
  endif()
endif()

find_program(MOLD mold)
if(MOLD)
  target_link_options(dompet_options INTERFACE -fuse-ld=mold)
endif()
