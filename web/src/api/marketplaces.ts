// The routes below /v1/marketplace-notices.
import type { MarketplaceNotice, NoticeState } from "./types";
import { request } from "./request";

interface NoticePage {
  data: MarketplaceNotice[];
  next_cursor: string | null;
}

/** The newest; `state` is all for every one of them. */
export const readNotices = (state: NoticeState | "all", signal?: AbortSignal) =>
  request<NoticePage>("GET", `/v1/marketplace-notices?limit=100${state === "all" ? "" : `&state=${state}`}`, undefined, signal);

export const retryNotice = (id: string) => request<MarketplaceNotice>("POST", `/v1/marketplace-notices/${id}/retry`);
