import { expect, test } from "vitest";
import { amount, bucketName, clock, count, dateTime, duration, plural, shortId } from "./format";

test.each([
  [undefined, "–"],
  [null, "–"],
  [0, "0 ms"],
  [999, "999 ms"],
  [4_240, "4.2 s"],
  [59_949, "59.9 s"],
  [59_950, "1 min"],
  [200_000, "3 min 20 s"],
  [3_600_000, "1 h"],
  [7_500_000, "2 h 5 min"],
  [273_600_000, "3 d 4 h"],
])("a duration of %s ms reads %s", (ms, text) => expect(duration(ms)).toBe(text));

test.each([
  ["0.00", "0.00"],
  ["999.99", "999.99"],
  ["1234567.50", "1,234,567.50"],
  ["90071992547409930.25", "90,071,992,547,409,930.25"],
  ["-1234.5", "-1,234.5"],
  ["1000", "1,000"],
])("an amount of %s reads %s, digit for digit", (text, shown) => expect(amount(text)).toBe(shown));

test("one is singular and many are grouped", () => {
  expect(plural(1, "saga")).toBe("1 saga");
  expect(plural(12_345, "saga")).toBe("12,345 sagas");
  expect(count(undefined)).toBe("–");
});

test("an id keeps both ends", () => {
  expect(shortId("019a8f3c-1111-7222-8333-444455556666")).toBe("019a8f3c…6666");
  expect(shortId("short")).toBe("short");
});

test("times are shown in the viewer's time zone, and nonsense as absent", () => {
  const local = new Date(2026, 10, 20, 14, 3, 22, 125).toISOString();
  expect(clock(local)).toBe("14:03:22.125");
  expect(dateTime(local)).toBe("2026-11-20 14:03:22");
  expect(clock("never")).toBe("–");
});

test("bars of the histogram are named by their end, the last by its beginning", () => {
  expect(bucketName(1, null)).toBe("up to 1 s");
  expect(bucketName(300, 30)).toBe("up to 5 min");
  expect(bucketName(null, 300)).toBe("over 5 min");
});
