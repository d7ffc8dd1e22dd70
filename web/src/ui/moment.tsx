import { clock, dateTime } from "../logic/format";

/** A time in the viewer's zone; the exact text of the server is its tooltip. */
export function Moment({ iso, exact }: { iso: string | undefined; exact?: boolean }) {
  if (!iso) return <span>–</span>;
  return <time dateTime={iso} title={iso}>{exact ? clock(iso) : dateTime(iso)}</time>;
}
