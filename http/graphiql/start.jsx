// GraphiQL, and above it who asks: a token, typed or had by logging in. The token is kept in this tab's memory alone.
import { GraphiQL } from "graphiql";
import "graphiql/graphiql.css";
import { useMemo, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import "./page.css";

const welcome = `# Log in above, then run this with Ctrl-Enter. The book on the left explains every field.
{
  myProfile { username email roles }
  wallets(first: 10) {
    nodes { id name available currency status }
    pageInfo { hasNextPage endCursor }
  }
}
`;

/** The headers of a request; a mutation gets a new Idempotency-Key each time it is run, unless one is given. */
function headersFor(text, token, given) {
  const headers = { "Content-Type": "application/json", Accept: "application/graphql-response+json", ...given };
  if (token && !headers.Authorization) headers.Authorization = `Bearer ${token}`;
  if (/\bmutation\b/.test(text) && !headers["Idempotency-Key"])
    headers["Idempotency-Key"] = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
      byte.toString(16).padStart(2, "0"),
    ).join("");
  return headers;
}

async function send(request, token, given) {
  const answer = await fetch("/graphql", {
    method: "POST",
    headers: headersFor(request.query, token, given),
    body: JSON.stringify({
      query: request.query,
      operationName: request.operationName ?? null,
      variables: request.variables ?? null,
    }),
  });
  return answer.json();
}

const login = `mutation Login($email: String!, $password: String!) {
  loginUser(email: $email, password: $password) { access_token }
}`;

function Who({ token, setToken }) {
  const [problem, setProblem] = useState("");
  const logIn = async (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const variables = { email: form.get("email"), password: form.get("password") };
    const answer = await send({ query: login, variables }, "").catch(() => ({}));
    const made = answer.data?.loginUser?.access_token;
    setProblem(made ? "" : (answer.errors?.[0]?.message ?? answer.detail ?? "The server did not answer."));
    if (made) setToken(made);
  };
  return (
    <form className="who" onSubmit={logIn}>
      <input name="email" type="email" placeholder="E-mail" aria-label="E-mail" autoComplete="username" />
      <input name="password" type="password" placeholder="Password" aria-label="Password" autoComplete="current-password" />
      <button type="submit">Log in</button>
      <input
        name="token"
        aria-label="Token"
        placeholder="or paste an access token"
        value={token}
        onChange={(event) => setToken(event.target.value.trim())}
        spellCheck={false}
      />
      {problem && <span role="alert">{problem}</span>}
    </form>
  );
}

/** Nothing that was typed or answered stays in the browser: it may be about money. */
const forgetful = { getItem: () => null, setItem: () => {}, removeItem: () => {}, clear: () => {}, length: 0 };

function Page() {
  const [token, setToken] = useState("");
  const current = useRef("");
  current.current = token;
  const fetcher = useMemo(() => (request, options) => send(request, current.current, options?.headers ?? {}), []);
  return (
    <div className="page">
      <Who token={token} setToken={setToken} />
      <div className="editor">
        <GraphiQL fetcher={fetcher} defaultQuery={welcome} storage={forgetful} />
      </div>
    </div>
  );
}

createRoot(document.getElementById("page")).render(<Page />);
