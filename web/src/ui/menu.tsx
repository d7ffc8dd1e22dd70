import { type MutableRefObject, type ReactNode, useEffect, useRef } from "react";

/** A button that opens a small panel below it. Escape and a click elsewhere close it; `close` lets its content do so. */
export function Menu({ name, close, children }: { name: string; close?: MutableRefObject<() => void>; children: ReactNode }) {
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const shut = () => void (menu.current && (menu.current.open = false));
    if (close) close.current = shut;
    const onClick = (event: MouseEvent) => {
      if (!menu.current?.contains(event.target as Node)) shut();
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || !menu.current?.open) return;
      shut();
      menu.current.querySelector("summary")?.focus();
    };
    document.addEventListener("click", onClick);
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("click", onClick);
      document.removeEventListener("keydown", onKey);
    };
  }, [close]);
  return (
    <details className="menu" ref={menu}>
      <summary className="button">{name}</summary>
      <div className="menu-panel">{children}</div>
    </details>
  );
}
