// What graphql-js, the reference implementation, says: {"sdl", "documents", "introspection"} comes in by standard input,
// {"faults": [[…] per document], "told", "written", "answer"} goes out. The package is GraphiQL's.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(new URL("../../http/graphiql/package.json", import.meta.url));
const { buildClientSchema, buildSchema, getIntrospectionQuery, graphqlSync, lexicographicSortSchema, parse, printSchema, validate, validateSchema } =
  require("graphql");

const given = JSON.parse(readFileSync(0, "utf8"));
const schema = buildSchema(given.sdl);
const printed = (one) => printSchema(lexicographicSortSchema(one));

function faultsOf(text) {
  try {
    return validate(schema, parse(text)).map((fault) => fault.message);
  } catch (fault) {
    return [fault.message];
  }
}

const said = { faults: (given.documents ?? []).map(faultsOf) };
if (given.introspection) {
  const built = buildClientSchema(given.introspection);
  said.problems = validateSchema(built).map((fault) => fault.message);
  said.told = printed(built);
  said.written = printed(schema);
}
said.query = getIntrospectionQuery({ specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true });
if (given.text) said.answer = graphqlSync({ schema, source: given.text }).data;
process.stdout.write(JSON.stringify(said));
