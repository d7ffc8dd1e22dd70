// Files that the server carries inside itself: the OpenAPI document, the Swagger UI that shows it, and the inspector.
//
// Written by the build (cmake/Embed.cmake). The values are filled before main() starts; nothing may read them from a
// static initialiser of another file.
#pragma once

#include <span>
#include <string_view>

namespace dompet::http {

// The bytes of http/openapi/, joined, as served at /openapi.json.
extern const std::string_view openapi_document;

struct Asset {
  std::string_view path;          // below /docs/ or /inspector/: "index.html", "swagger-ui.css", …
  std::string_view content_type;  // value of the Content-Type header
  std::string_view body;
};

// The pages of /docs: /docs itself is "index.html", /docs/<path> is each of them. Empty when the Swagger UI could not
// be fetched before the build (scripts/bootstrap says so); /docs is then not found and /openapi.json still there.
extern const std::span<const Asset> swagger_assets;

// The page of /inspector, built from web/: "index.html", "inspector.js", "inspector.css". Empty when the packages that
// build it could not be fetched; /inspector is then not found and the routes that it shows are still there.
extern const std::span<const Asset> inspector_assets;

// http/graphql/schema.graphql, what /graphql serves.
extern const std::string_view graphql_schema;

// The page of /graphiql, built from web/graphiql: "index.html", "graphiql.js", "graphiql.css". Empty when its packages
// could not be fetched.
extern const std::span<const Asset> graphiql_assets;

}  // namespace dompet::http
