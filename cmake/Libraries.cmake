# The libraries of Debian 12, each under one target name. What is odd about a package is said here and nowhere else.

find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED) # before restinio, whose CMake file uses fmt::fmt without looking for it
find_package(restinio REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(pegtl REQUIRED) # headers only

# No CMake files in these packages.
pkg_check_modules(libpqxx REQUIRED IMPORTED_TARGET libpqxx)
pkg_check_modules(libpq REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(libsodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(libcurl REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(rdkafka REQUIRED IMPORTED_TARGET rdkafka++)
pkg_check_modules(rdkafka_c REQUIRED IMPORTED_TARGET rdkafka)
pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)
# Its CMake file would ask for civetweb and curl as well, which only the exposers need; we serve /metrics ourselves.
pkg_check_modules(prometheus REQUIRED IMPORTED_TARGET prometheus-cpp-core)

# libcaf-dev ships neither CMake nor pkg-config files.
find_path(CAF_INCLUDE_DIR caf/all.hpp REQUIRED)
foreach(component IN ITEMS core io)
  find_library(CAF_${component}_LIBRARY caf_${component} REQUIRED)
  add_library(caf::${component} UNKNOWN IMPORTED)
  set_target_properties(caf::${component} PROPERTIES
    IMPORTED_LOCATION "${CAF_${component}_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}")
endforeach()
target_link_libraries(caf::io INTERFACE caf::core)

# Asio without Boost, header only, with the same definitions as RESTinio's target: two translation units that see asio
# under different definitions would break the one-definition rule silently.
find_path(ASIO_INCLUDE_DIR asio.hpp REQUIRED)
add_library(dompet_asio INTERFACE IMPORTED)
set_target_properties(dompet_asio PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${ASIO_INCLUDE_DIR}")
target_compile_definitions(dompet_asio INTERFACE ASIO_STANDALONE ASIO_HAS_STD_CHRONO ASIO_DISABLE_STD_STRING_VIEW)

if(DOMPET_TESTS)
  find_package(Catch2 3 REQUIRED) # from bookworm-backports; bookworm itself has version 2
endif()
