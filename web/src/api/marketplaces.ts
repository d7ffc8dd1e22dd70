// The routes below /v1/marketplace-notices.
import type { MarketplaceNotice, NoticeState } from "./types";
import { request } from "./request";

interface NoticePage {
  data: MarketplaceNotice[];
  next_cursor: string | null;
}

const readPage = (filter: string, signal?: AbortSignal) =>
  request<NoticePage>("GET", `/v1/marketplace-notices?limit=100${filter}`, undefined, signal);

/** What notices are asked for: those in one state, all of them, or those to be told with the refused ones first. */
export type NoticeChoice = NoticeState | "all" | "not told";

/** The newest. */
export async function readNotices(choice: NoticeChoice, signal?: AbortSignal): Promise<NoticePage> {
  if (choice !== "not told") return readPage(choice === "all" ? "" : `&state=${choice}`, signal);
  const [refused, due] = await Promise.all([readPage("&state=refused", signal), readPage("&state=due", signal)]);
  return { data: [...refused.data, ...due.data], next_cursor: refused.next_cursor ?? due.next_cursor };
}

export const retryNotice = (id: string) => request<MarketplaceNotice>("POST", `/v1/marketplace-notices/${id}/retry`);
