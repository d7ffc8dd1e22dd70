// Who is signed in, for every view, and what that one may do. The server decides again with each request: what is hidden
// here is only not offered.
import { createContext, useContext, useSyncExternalStore } from "react";
import { session } from "../api/request";
import { allows, type SessionState } from "../api/session";
import type { Me } from "../api/types";

export type Permission =
  | "sagas:read" | "sagas:operate" | "sagas:approve"
  | "cluster:read" | "cluster:operate" | "cluster:approve"
  | "marketplaces:read" | "marketplaces:operate";

const MeContext = createContext<Me | null>(null);
export const MeProvider = MeContext.Provider;

export const useSession = (): SessionState => useSyncExternalStore(session.watch, session.current);

export function useMay(wanted: Permission): boolean {
  return allows(useContext(MeContext)?.permissions ?? [], wanted);
}

export const nameOf = (me: Me): string => me.username ?? me.email;
