// Values as people read them. Everything tolerates absence: it is shown as a dash.

export const absent = "–";

/** "340 ms", "4.2 s", "3 min 20 s", "2 h 5 min", "3 d 4 h". */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return absent;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const s = Math.round(ms / 1_000);
  if (s < 3_600) return twoUnits(s, 60, "min", 1, "s");
  if (s < 86_400) return twoUnits(s, 3_600, "h", 60, "min");
  return twoUnits(s, 86_400, "d", 3_600, "h");
}

function twoUnits(s: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((s % large) / small);
  const first = `${Math.floor(s / large)} ${largeName}`;
  return rest === 0 ? first : `${first} ${rest} ${smallName}`;
}

/** "1,234,567.50": grouped as a text, because an amount may be larger than a number here is exact. */
export function amount(text: string | undefined): string {
  if (text === undefined) return absent;
  const [whole = "", fraction] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** "12,345" */
export function count(n: number | undefined): string {
  return n === undefined ? absent : amount(String(n));
}

/** "1 saga", "1,200 sagas" */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** Both ends of a UUID: the first digits are its time, the last ones tell it from its neighbours. */
export function shortId(id: string): string {
  return id.length > 16 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id;
}

const pad = (n: number, width = 2) => String(n).padStart(width, "0");

/** "14:03:22.125", in the viewer's time zone. */
export function clock(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return absent;
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}.${pad(at.getMilliseconds(), 3)}`;
}

/** "2026-11-20 14:03:22", in the viewer's time zone. */
export function dateTime(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return absent;
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${clock(iso).slice(0, 8)}`;
}

/** "up to 5 s", "over 5 min": the name of a histogram's bar, by its end and the end of the bar before. */
export function bucketName(upToS: number | null, beforeS: number | null): string {
  const name = (s: number) => (s % 60 === 0 ? `${s / 60} min` : `${s} s`);
  return upToS === null ? `over ${name(beforeS ?? 0)}` : `up to ${name(upToS)}`;
}
