import { type FormEvent, useState } from "react";
import { session } from "../api/request";
import { Banner, ProblemBanner } from "./banner";
import { Field } from "./field";
import { useAct } from "./load";

/** Stands before everything else until somebody is signed in. `why` says what ended the session before. */
export function LogIn({ why }: { why: string | null }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const work = useAct();
  const ask = async (event: FormEvent) => {
    event.preventDefault();
    if (!(await work.run(() => session.logIn(email.trim(), password)))) setPassword("");
  };
  return (
    <section className="panel log-in" aria-label="Log in">
      <h1>Log in</h1>
      {why && !work.problem && <Banner tone="warn">{why}</Banner>}
      <form onSubmit={(event) => void ask(event)}>
        <Field label="E-mail">
          <input type="email" value={email} onChange={(event) => setEmail(event.target.value)} required autoComplete="username" autoFocus />
        </Field>
        <Field label="Password">
          <input type="password" value={password} onChange={(event) => setPassword(event.target.value)} required autoComplete="current-password" />
        </Field>
        <ProblemBanner problem={work.problem} />
        <button type="submit" className="primary" disabled={work.isBusy}>Log in</button>
      </form>
    </section>
  );
}
