// What can be asked of a saga's owner, in words. There is no forced release: a saga is released on proof alone.
import type { SagaAction } from "../api/types";

export interface ActionWords {
  button: string;
  /** Completes "… 12 sagas". */
  verb: string;
  explanation: string;
}

export const actionNames: SagaAction[] = ["retry", "cancel", "pause", "resume"];

export const actionWords: Record<SagaAction, ActionWords> = {
  retry: {
    button: "Retry now",
    verb: "Retry",
    explanation: "The owner asks the destination again now, not when its wait is over. It is never credited twice.",
  },
  cancel: {
    button: "Request cancel",
    verb: "Request cancel of",
    explanation: "The owner asks the destination to refuse for good. The money returns only on proof that it was not credited; if it was, the saga settles.",
  },
  pause: {
    button: "Pause retries",
    verb: "Pause",
    explanation: "The owner makes no further attempt until the saga is resumed. The money stays held.",
  },
  resume: {
    button: "Resume retries",
    verb: "Resume",
    explanation: "The owner goes on with its attempts.",
  },
};
