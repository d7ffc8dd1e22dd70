import { cloneElement, type ReactElement, useId } from "react";

interface Props {
  label: string;
  hint?: string;
  wide?: boolean;
  /** One control. */
  children: ReactElement;
}

/** A control with its name above it. The hint describes the control and is no part of its name. */
export function Field({ label, hint, wide, children }: Props) {
  const described = useId();
  return (
    <div className={wide ? "field wide" : "field"}>
      <label>
        <span className="field-name">{label}</span>
        {hint ? cloneElement(children, { "aria-describedby": described }) : children}
      </label>
      {hint && <span className="field-hint" id={described}>{hint}</span>}
    </div>
  );
}
