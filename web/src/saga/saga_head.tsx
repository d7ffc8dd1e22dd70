import type { ReactNode } from "react";
import { bundlePath } from "../api/sagas";
import type { SagaDetail } from "../api/types";
import { absent, amount, duration } from "../logic/format";
import { Download } from "../ui/download";
import { Moment } from "../ui/moment";
import { StateBadges } from "../ui/state_badge";

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return <div className="fact"><dt>{name}</dt><dd>{children}</dd></div>;
}

function shardText(shard: number | undefined): string {
  return shard === undefined ? "" : ` · shard ${shard}`;
}

export function SagaHead({ saga }: { saga: SagaDetail }) {
  return (
    <section className="panel saga-head" aria-label="Saga">
      <div className="saga-title">
        <h1>{amount(saga.amount)} <span className="quiet">{saga.currency}</span></h1>
        <StateBadges saga={saga} />
        {saga.label && <span className="mark">{saga.label}</span>}
        {saga.assignee && <span className="quiet">@{saga.assignee}</span>}
        <span className="spacer" />
        <Download path={bundlePath(saga.id)} name={`saga-${saga.id}.json`}
          title="Records, attempts, decision and versions, for a replay elsewhere.">Export bundle</Download>
      </div>
      <p className="mono saga-id">{saga.id}</p>
      <dl className="facts">
        <Fact name={`Source${shardText(saga.source_shard)}`}><span className="mono">{saga.source_wallet_id}</span></Fact>
        <Fact name={`Destination${shardText(saga.destination_shard)}`}><span className="mono">{saga.destination_wallet_id}</span></Fact>
        <Fact name="Owner">
          {saga.owner ? (
            <>
              node {saga.owner.node}, epoch {saga.owner.epoch}
              {!saga.owner.reachable && <span className="warn-text"> · unreachable</span>}
            </>
          ) : absent}
        </Fact>
        <Fact name="Created"><Moment iso={saga.created_at} /></Fact>
        <Fact name="Age">{duration(saga.age_ms)}</Fact>
        <Fact name="In this state for">{duration(saga.age_in_state_ms)}</Fact>
      </dl>
    </section>
  );
}
