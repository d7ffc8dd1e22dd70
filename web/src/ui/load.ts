// What a view reads, again and again, and what it asks to be done.
import { useCallback, useEffect, useRef, useState } from "react";
import { asProblem, type Problem } from "../api/http";

export interface Loaded<T> {
  /** The last answer; it stays when a later read fails. */
  value: T | null;
  problem: Problem | null;
  isLoading: boolean;
  reload(): void;
}

/**
 * Reads when `key` changes, when asked to, and `everyMs` after each answer; the page in the background does not read.
 * An answer to an earlier key is dropped, and so is the value of an earlier key.
 */
export function useLoaded<T>(key: string, read: (signal: AbortSignal) => Promise<T>, everyMs?: number): Loaded<T> {
  const [state, setState] = useState<{ key: string; value: T | null; problem: Problem | null }>({ key, value: null, problem: null });
  const [round, setRound] = useState(0);
  const [isLoading, setLoading] = useState(true);
  const reader = useRef(read);
  reader.current = read;

  useEffect(() => {
    const leave = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const once = async () => {
      if (document.hidden && everyMs !== undefined) return void (timer = setTimeout(once, everyMs));
      setLoading(true);
      try {
        const value = await reader.current(leave.signal);
        if (!leave.signal.aborted) setState({ key, value, problem: null });
      } catch (fault) {
        if (!leave.signal.aborted)
          setState((last) => ({ key, value: last.key === key ? last.value : null, problem: asProblem(fault) }));
      }
      if (leave.signal.aborted) return;
      setLoading(false);
      if (everyMs !== undefined) timer = setTimeout(once, everyMs);
    };
    void once();
    return () => {
      leave.abort();
      clearTimeout(timer);
    };
  }, [key, everyMs, round]);

  const reload = useCallback(() => setRound((last) => last + 1), []);
  const isCurrent = state.key === key;
  return { value: isCurrent ? state.value : null, problem: isCurrent ? state.problem : null, isLoading, reload };
}

export interface Act {
  isBusy: boolean;
  problem: Problem | null;
  /** Never throws; the answer is undefined when it failed, and `problem` says why. */
  run<T>(work: () => Promise<T>): Promise<{ answer: T } | undefined>;
}

/** One thing at a time is asked to be done. */
export function useAct(): Act {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const run = async <T,>(work: () => Promise<T>) => {
    setBusy(true);
    setProblem(null);
    try {
      return { answer: await work() };
    } catch (fault) {
      setProblem(asProblem(fault));
      return undefined;
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, problem, run };
}
