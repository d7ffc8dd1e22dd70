// Server-sent events over fetch, as far as this page uses them: names and data.
import type { Stream } from "./follow";

type Listener = (event: { data?: string }) => void;

/** Cuts a stream of text into events. Lines may end with \n or \r\n, and pieces may end anywhere. */
export class EventParser {
  private rest = "";
  private name = "";
  private data: string[] = [];

  constructor(private readonly onEvent: (name: string, data: string) => void) {}

  take(piece: string): void {
    const lines = (this.rest + piece).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) this.line(line.replace(/\r$/, ""));
  }

  private line(line: string): void {
    if (line === "") return this.dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return; // a comment, to keep the connection
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.name = value;
    if (field === "data") this.data.push(value);
  }

  private dispatch(): void {
    if (this.data.length > 0) this.onEvent(this.name || "message", this.data.join("\n"));
    this.name = "";
    this.data = [];
  }
}

/** `open` begins the answer. Whatever ends it is told as the event "error", once, unless it was closed here. */
export function openEventStream(open: (signal: AbortSignal) => Promise<Response>): Stream {
  const leave = new AbortController();
  const listeners = new Map<string, Listener[]>();
  const tell = (name: string, event: { data?: string }) => {
    if (!leave.signal.aborted) listeners.get(name)?.forEach((listener) => listener(event));
  };
  const follow = async () => {
    const response = await open(leave.signal);
    const reader = response.body?.getReader();
    const decoder = new TextDecoder();
    const parser = new EventParser((name, data) => tell(name, { data }));
    for (;;) {
      const piece = await reader?.read();
      if (!piece || piece.done) return;
      parser.take(decoder.decode(piece.value, { stream: true }));
    }
  };
  void follow().then(() => tell("error", {}), () => tell("error", {}));
  return {
    addEventListener: (name, listener) => void listeners.set(name, [...(listeners.get(name) ?? []), listener]),
    close: () => leave.abort(),
  };
}
