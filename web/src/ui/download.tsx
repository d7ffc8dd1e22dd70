import type { ReactNode } from "react";
import { download } from "../api/request";
import { ProblemBanner } from "./banner";
import { useAct } from "./load";

interface Props {
  path: string;
  name: string;
  className?: string;
  title?: string;
  children: ReactNode;
}

/** A button that saves an answer of the server as a file. */
export function Download({ path, name, className, title, children }: Props) {
  const work = useAct();
  return (
    <>
      <button type="button" className={className} title={title} disabled={work.isBusy}
        onClick={() => void work.run(() => download(path, name))}>{children}</button>
      <ProblemBanner problem={work.problem} />
    </>
  );
}
