# Files that travel inside the programs: migrations, the texts of mails, the OpenAPI document, the Swagger UI, the inspector.
#
# The assembler copies the bytes (.incbin), so that a file of a megabyte costs nothing to compile and may hold anything.
# The C++ around the bytes is written when CMake runs; CMake runs again when a file comes or goes, and the object is
# rebuilt when one changes.

# Appends to `code_var` the symbols <symbol>_begin and <symbol>_end around the bytes of `file`.
function(dompet_embed_file code_var symbol file)
  set(code "${${code_var}}")
  string(APPEND code
    "__asm__(\".pushsection .rodata\\n\"\n"
    "        \"${symbol}_begin:\\n.incbin \\\"${file}\\\"\\n\"\n"
    "        \"${symbol}_end:\\n.byte 0\\n.popsection\\n\");\n"
    "extern \"C\" __attribute__((visibility(\"hidden\"))) const char ${symbol}_begin[], ${symbol}_end[];\n")
  set(${code_var} "${code}" PARENT_SCOPE)
endfunction()

# The same for a file of a page, and appends to `rows_var` its row of a table of dompet::http::Asset.
function(dompet_embed_asset code_var rows_var page file type)
  get_filename_component(name "${file}" NAME)
  string(MAKE_C_IDENTIFIER "dompet_${page}_${name}" symbol)
  dompet_embed_file(${code_var} ${symbol} "${file}")
  string(APPEND ${rows_var} "    {\"${name}\", \"${type}\", bytes(${symbol}_begin, ${symbol}_end)},\n")
  set(${code_var} "${${code_var}}" PARENT_SCOPE)
  set(${rows_var} "${${rows_var}}" PARENT_SCOPE)
endfunction()

# Writes a generated source, only if its text differs, and makes its object depend on the embedded files.
function(dompet_write_embedding source code)
  file(GENERATE OUTPUT "${source}" CONTENT "${code}")
  set_source_files_properties("${source}" PROPERTIES
    OBJECT_DEPENDS "${ARGN}" SKIP_PRECOMPILE_HEADERS ON)
endfunction()

# The first lines of a generated source: its header and the function that makes a view of embedded bytes.
function(dompet_embed_prelude code_var header)
  string(CONCAT code
    "// Written by cmake/Embed.cmake.\n"
    "#include \"${header}\"\n\n#include <cstddef>\n#include <vector>\n\n"
    "namespace {\n"
    "[[maybe_unused]] std::string_view bytes(const char* begin, const char* end) {\n"
    "  return {begin, static_cast<std::size_t>(end - begin)};\n"
    "}\n"
    "}  // namespace\n")
  set(${code_var} "${code}" PARENT_SCOPE)
endfunction()

# --- migrations/NNNN_name.up.sql and .down.sql, in the order of their names --------------------------------------------

set(dompet_embedded_migrations "${PROJECT_BINARY_DIR}/embedded/migrations.cpp")
function(dompet_embed_migrations)
  file(GLOB ups CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/migrations/*.up.sql")
  file(GLOB downs CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/migrations/*.down.sql")
  list(SORT ups)
  dompet_embed_prelude(code "migrations/embedded.hpp")
  set(rows "")
  foreach(up IN LISTS ups)
    get_filename_component(file_name "${up}" NAME)
    string(REGEX REPLACE "\\.up\\.sql$" "" name "${file_name}")
    if(NOT name MATCHES "^[0-9][0-9][0-9][0-9]_[a-z0-9_]+$")
      message(FATAL_ERROR "migrations/${file_name}: a migration is named like 0001_journal.up.sql")
    endif()
    set(down "${PROJECT_SOURCE_DIR}/migrations/${name}.down.sql")
    if(NOT down IN_LIST downs)
      message(FATAL_ERROR "migrations/${file_name} has no ${name}.down.sql beside it; every migration can be undone")
    endif()
    dompet_embed_file(code dompet_migration_${name}_up "${up}")
    dompet_embed_file(code dompet_migration_${name}_down "${down}")
    string(APPEND rows
      "    {\"${name}\", bytes(dompet_migration_${name}_up_begin, dompet_migration_${name}_up_end),\n"
      "     bytes(dompet_migration_${name}_down_begin, dompet_migration_${name}_down_end)},\n")
  endforeach()
  string(APPEND code
    "\nnamespace dompet::migrations {\n"
    "namespace {\nconst std::vector<Embedded> rows{\n${rows}};\n}  // namespace\n"
    "const std::span<const Embedded> all{rows};\n}  // namespace dompet::migrations\n")
  dompet_write_embedding("${dompet_embedded_migrations}" "${code}" ${ups} ${downs})
endfunction()
dompet_embed_migrations()

# --- notices/templates: the texts of mails, by their path below it -----------------------------------------------------

set(dompet_embedded_notices "${PROJECT_BINARY_DIR}/embedded/notices.cpp")
function(dompet_embed_notices)
  set(folder "${PROJECT_SOURCE_DIR}/notices/templates")
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE "${folder}" "${folder}/*.txt" "${folder}/*.html")
  list(SORT files)
  dompet_embed_prelude(code "notices/embedded.hpp")
  set(rows "")
  set(sources "")
  foreach(file IN LISTS files)
    string(MAKE_C_IDENTIFIER "dompet_notice_${file}" symbol)
    dompet_embed_file(code ${symbol} "${folder}/${file}")
    string(APPEND rows "    {\"${file}\", bytes(${symbol}_begin, ${symbol}_end)},\n")
    list(APPEND sources "${folder}/${file}")
  endforeach()
  string(APPEND code
    "\nnamespace dompet::notices {\n"
    "namespace {\nconst std::vector<Template> rows{\n${rows}};\n}  // namespace\n"
    "const std::span<const Template> templates{rows};\n}  // namespace dompet::notices\n")
  dompet_write_embedding("${dompet_embedded_notices}" "${code}" ${sources})
endfunction()
dompet_embed_notices()

# --- web/: the inspector, built by Vite (packages from npm, by scripts/bootstrap; left out when they are not there) ------

# Sets `files_var` to the files of the built page, and makes their rule. They go into this build's own folder: several
# builds of one source tree neither wait for nor disturb each other.
function(dompet_build_inspector files_var)
  set(folder "${PROJECT_SOURCE_DIR}/web")
  set(output "${PROJECT_BINARY_DIR}/inspector")
  find_program(DOMPET_NODE NAMES node nodejs)
  # Written by scripts/bootstrap when all packages are there.
  file(GLOB fetched CONFIGURE_DEPENDS "${folder}/node_modules/.dompet-lock")
  if(NOT DOMPET_NODE OR NOT fetched)
    message(STATUS "Inspector: its packages are not fetched (scripts/bootstrap does it), /inspector will have no page")
    set(${files_var} "" PARENT_SCOPE)
    return()
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${folder}/src/*.ts" "${folder}/src/*.tsx" "${folder}/src/*.css")
  list(FILTER sources EXCLUDE REGEX "\\.test\\.ts$")
  set(files "${output}/index.html" "${output}/inspector.js" "${output}/inspector.css")
  add_custom_command(OUTPUT ${files}
    COMMAND "${DOMPET_NODE}" "${folder}/build.mjs" "${output}"
    DEPENDS ${sources} "${folder}/index.html" "${folder}/build.mjs" "${folder}/vite.config.mjs" "${fetched}"
    COMMENT "Building the inspector"
    VERBATIM)
  set(${files_var} "${files}" PARENT_SCOPE)
endfunction()

# --- http/graphiql/: the page to write GraphQL in, built the same way --------------------------------------------------

function(dompet_build_graphiql files_var)
  set(folder "${PROJECT_SOURCE_DIR}/http/graphiql")
  set(output "${PROJECT_BINARY_DIR}/graphiql")
  find_program(DOMPET_NODE NAMES node nodejs)
  file(GLOB fetched CONFIGURE_DEPENDS "${folder}/node_modules/.dompet-lock")
  if(NOT DOMPET_NODE OR NOT fetched)
    message(STATUS "GraphiQL: its packages are not fetched (scripts/bootstrap does it), /graphiql will have no page")
    set(${files_var} "" PARENT_SCOPE)
    return()
  endif()
  set(files "${output}/index.html" "${output}/graphiql.js" "${output}/graphiql.css")
  add_custom_command(OUTPUT ${files}
    COMMAND "${DOMPET_NODE}" "${folder}/build.mjs" "${output}"
    DEPENDS "${folder}/index.html" "${folder}/start.jsx" "${folder}/page.css" "${folder}/build.mjs" "${fetched}"
    COMMENT "Building GraphiQL"
    VERBATIM)
  set(${files_var} "${files}" PARENT_SCOPE)
endfunction()

# --- http/openapi/, joined, and the Swagger UI (from npm, by scripts/bootstrap; left out when it is not there) ----------

# Sets `file_var` to the OpenAPI document, and makes the rule that joins it from its parts.
function(dompet_join_openapi file_var)
  set(joiner "${PROJECT_SOURCE_DIR}/cmake/openapi.py")
  set(problems "${PROJECT_SOURCE_DIR}/http/problem_table.cpp")
  set(joined "${PROJECT_BINARY_DIR}/embedded/openapi.json")
  find_program(DOMPET_PYTHON NAMES python3 REQUIRED)
  file(GLOB parts CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/http/openapi/*.json")
  add_custom_command(OUTPUT "${joined}"
    COMMAND "${DOMPET_PYTHON}" "${joiner}" "${joined}" "${problems}" ${parts}
    DEPENDS "${joiner}" "${problems}" ${parts}
    COMMENT "Joining the OpenAPI document"
    VERBATIM)
  set(${file_var} "${joined}" PARENT_SCOPE)
endfunction()

set(dompet_embedded_http "${PROJECT_BINARY_DIR}/embedded/http.cpp")
function(dompet_embed_http)
  set(folder "${PROJECT_SOURCE_DIR}/http")
  dompet_embed_prelude(code "http/embedded.hpp")

  dompet_join_openapi(openapi)
  dompet_embed_file(code dompet_openapi "${openapi}")

  set(package "${folder}/swagger/node_modules/swagger-ui-dist")
  file(GLOB bundle CONFIGURE_DEPENDS "${package}/swagger-ui-bundle.js")
  set(files "")
  set(swagger_rows "")
  if(bundle)
    set(files "${folder}/swagger/index.html" "${folder}/swagger/start.js" "${package}/swagger-ui.css"
        "${package}/swagger-ui-bundle.js" "${package}/favicon-32x32.png")
    set(types "text/html\; charset=utf-8" "text/javascript\; charset=utf-8" "text/css\; charset=utf-8"
        "text/javascript\; charset=utf-8" "image/png")
    foreach(file type IN ZIP_LISTS files types)
      dompet_embed_asset(code swagger_rows swagger "${file}" "${type}")
    endforeach()
  else()
    message(STATUS "Swagger UI: not fetched (scripts/bootstrap does it), /docs will have no page")
  endif()

  set(schema "${folder}/graphql/schema.graphql")
  dompet_embed_file(code dompet_graphql_schema "${schema}")

  dompet_build_graphiql(graphiql_page)
  set(graphiql_rows "")
  set(types "text/html\; charset=utf-8" "text/javascript\; charset=utf-8" "text/css\; charset=utf-8")
  foreach(file type IN ZIP_LISTS graphiql_page types)
    if(file)
      dompet_embed_asset(code graphiql_rows graphiql "${file}" "${type}")
    endif()
  endforeach()

  dompet_build_inspector(page)
  set(inspector_rows "")
  set(types "text/html\; charset=utf-8" "text/javascript\; charset=utf-8" "text/css\; charset=utf-8")
  foreach(file type IN ZIP_LISTS page types)
    if(file)
      dompet_embed_asset(code inspector_rows inspector "${file}" "${type}")
    endif()
  endforeach()

  string(APPEND code
    "\nnamespace dompet::http {\n"
    "const std::string_view openapi_document = bytes(dompet_openapi_begin, dompet_openapi_end);\n"
    "namespace {\nconst std::vector<Asset> swagger{\n${swagger_rows}};\n"
    "const std::vector<Asset> inspector{\n${inspector_rows}};\n"
    "const std::vector<Asset> graphiql{\n${graphiql_rows}};\n}  // namespace\n"
    "const std::string_view graphql_schema = bytes(dompet_graphql_schema_begin, dompet_graphql_schema_end);\n"
    "const std::span<const Asset> graphiql_assets{graphiql};\n"
    "const std::span<const Asset> swagger_assets{swagger};\n"
    "const std::span<const Asset> inspector_assets{inspector};\n}  // namespace dompet::http\n")
  dompet_write_embedding("${dompet_embedded_http}" "${code}" ${openapi} ${files} ${page} ${schema} ${graphiql_page})
endfunction()
dompet_embed_http()
