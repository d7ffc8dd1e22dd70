import type { ReactNode } from "react";
import { ProblemBanner } from "../ui/banner";
import { Dialog } from "../ui/dialog";
import type { Act } from "../ui/load";

interface Props {
  title: string;
  button: string;
  work: Act;
  onYes(): void;
  onClose(): void;
  children: ReactNode;
}

/** Says what will happen before it is asked for. */
export function Confirm({ title, button, work, onYes, onClose, children }: Props) {
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="dialog-body">
        <p>{children}</p>
        <ProblemBanner problem={work.problem} />
        <div className="dialog-buttons">
          <button type="button" onClick={onClose}>Close</button>
          <button type="button" className="primary" disabled={work.isBusy} onClick={onYes}>{button}</button>
        </div>
      </div>
    </Dialog>
  );
}
