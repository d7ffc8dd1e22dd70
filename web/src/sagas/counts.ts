import { useEffect, useState } from "react";
import { type Feed, followCounts } from "../api/follow";
import type { Problem } from "../api/http";
import { openStream } from "../api/request";
import { eventsPath, readCounts } from "../api/sagas";
import type { Counts } from "../api/types";

export interface FollowedCounts {
  value: Counts | null;
  feed: Feed;
  problem: Problem | null;
}

/** The counts as they change, for as long as the view is there. */
export function useCounts(): FollowedCounts {
  const [value, setValue] = useState<Counts | null>(null);
  const [feed, setFeed] = useState<Feed>("connecting");
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(
    () =>
      followCounts(
        { openStream: () => openStream(eventsPath), ask: readCounts },
        { onCounts: setValue, onFeed: setFeed, onProblem: setProblem },
      ),
    [],
  );
  return { value, feed, problem };
}
