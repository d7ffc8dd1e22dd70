// Bytes to and from the server that this page came from. What goes wrong is a Problem, whose message is a sentence that can
// be shown as it is. Requests in somebody's name go through request.ts.

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

export interface Wish {
  body?: unknown;
  /** Of the one who asks; without it the request is nobody's. */
  token?: string;
  signal?: AbortSignal;
}

export type Send = (method: string, path: string, wish?: Wish) => Promise<string>;

/** The body of an answer 2xx. The caller's abort stays what it is, so that a request that nobody waits for any more is not
 * reported. */
export const send: Send = async (method, path, { body, token, signal } = {}) => {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), deadlineMs);
  const leave = () => timeout.abort();
  signal?.addEventListener("abort", leave);
  try {
    const response = await fetch(path, {
      method,
      signal: timeout.signal,
      headers: { ...bearer(token), ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw problemOf(response.status, text);
    return text;
  } catch (fault) {
    if (fault instanceof Problem || signal?.aborted) throw fault;
    throw unreadable(timeout.signal.aborted);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", leave);
  }
};

export function bearer(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { Authorization: `Bearer ${token}` };
}

/** An empty answer is undefined. */
export function parsed<T>(text: string): T {
  try {
    return (text === "" ? undefined : JSON.parse(text)) as T;
  } catch {
    throw new Problem("not_json", "The server's answer could not be read.");
  }
}

function unreadable(tookTooLong: boolean): Problem {
  if (tookTooLong) return new Problem("no_answer", "The server did not answer in time.");
  return new Problem("unreachable", "The server cannot be reached.");
}

/** Any thrown thing as a Problem. */
export function asProblem(fault: unknown): Problem {
  return fault instanceof Problem ? fault : new Problem("page_fault", `This page made a mistake: ${String(fault)}`);
}
