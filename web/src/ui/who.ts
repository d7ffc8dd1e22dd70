// The name that actions and notes are signed with. There are no users yet: it is what somebody says, kept in the browser.
import { createContext, useState } from "react";

const place = "dompet.who";

export const WhoContext = createContext("");

export function useWho() {
  const [name, setName] = useState(() => remembered());
  const rename = (wanted: string) => {
    setName(wanted);
    try {
      localStorage.setItem(place, wanted);
    } catch {
      // A browser that keeps nothing: the name lasts as long as the page.
    }
  };
  return { name, rename };
}

function remembered(): string {
  try {
    return localStorage.getItem(place) ?? "";
  } catch {
    return "";
  }
}
