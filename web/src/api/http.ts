// Requests to the server that this page came from. What goes wrong is a Problem, whose message is a sentence that can be
// shown as it is.

/** Longer than the server takes to give up a request by itself. */
const deadlineMs = 20_000;

interface ProblemDocument {
  code?: string;
  title?: string;
  detail?: string;
}

export class Problem extends Error {
  constructor(
    readonly code: string,
    sentence: string,
    readonly status = 0,
  ) {
    super(sentence);
  }
}

export function problemOf(status: number, body: string): Problem {
  let document: ProblemDocument = {};
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null) document = parsed;
  } catch {
    // Not JSON: something between this page and Dompet answered.
  }
  const sentence = document.detail || document.title || `The server answered with status ${status} and no explanation.`;
  return new Problem(document.code ?? `status_${status}`, sentence, status);
}

/** The caller's abort stays what it is, so that a request that nobody waits for any more is not reported. */
export async function request<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), deadlineMs);
  const leave = () => timeout.abort();
  signal?.addEventListener("abort", leave);
  try {
    const response = await fetch(path, {
      method,
      signal: timeout.signal,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw problemOf(response.status, text);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  } catch (fault) {
    if (fault instanceof Problem || signal?.aborted) throw fault;
    throw unreadable(fault, timeout.signal.aborted);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", leave);
  }
}

function unreadable(fault: unknown, tookTooLong: boolean): Problem {
  if (tookTooLong) return new Problem("no_answer", "The server did not answer in time.");
  if (fault instanceof SyntaxError) return new Problem("not_json", "The server's answer could not be read.");
  return new Problem("unreachable", "The server cannot be reached.");
}

/** Any thrown thing as a Problem. */
export function asProblem(fault: unknown): Problem {
  return fault instanceof Problem ? fault : new Problem("page_fault", `This page made a mistake: ${String(fault)}`);
}
