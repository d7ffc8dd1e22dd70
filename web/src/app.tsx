// The frame around every view: the form before it, who is looking, where one can go, and what is left when a view breaks.
import { Component, type ReactNode, useEffect, useRef, useState } from "react";
import { ClusterPage } from "./cluster/cluster_page";
import { clusterAddress, listAddress, marketplacesAddress, readRoute, type Route } from "./logic/route";
import { MarketplacesPage } from "./marketplaces/marketplaces_page";
import { SagaPage } from "./saga/saga_page";
import { SagasPage } from "./sagas/sagas_page";
import { Banner } from "./ui/banner";
import { session } from "./api/request";
import type { Me } from "./api/types";
import { LogIn } from "./ui/log_in";
import { MeProvider, nameOf, useMay, useSession } from "./ui/session";

const titles: Record<Route["page"], string> = {
  sagas: "Sagas", saga: "Saga", cluster: "Cluster", marketplaces: "Marketplaces", unknown: "Nothing here",
};

function useRoute(): { route: Route; hash: string } {
  const [hash, setHash] = useState(window.location.hash);
  useEffect(() => {
    const follow = () => setHash(window.location.hash);
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, []);
  return { route: readRoute(hash), hash };
}

/** A fault in a view takes that view with it and nothing else; going elsewhere starts anew. */
class Fence extends Component<{ children: ReactNode }, { fault: string | null }> {
  override state = { fault: null as string | null };

  static getDerivedStateFromError(fault: unknown) {
    return { fault: String(fault) };
  }

  override render() {
    if (this.state.fault === null) return this.props.children;
    return (
      <Banner tone="bad" code="page_fault">
        This view could not be shown: {this.state.fault}. The rest of the page still works.
      </Banner>
    );
  }
}

function View({ route, backTo }: { route: Route; backTo: string }) {
  const may = { sagas: useMay("sagas:read"), cluster: useMay("cluster:read"), marketplaces: useMay("marketplaces:read") };
  if (!may[route.page === "cluster" || route.page === "marketplaces" ? route.page : "sagas"])
    return <Banner tone="warn" code="forbidden">You may not see this. Ask an administrator for the role of a viewer.</Banner>;
  switch (route.page) {
    case "sagas": return <SagasPage query={route.query} job={route.job} />;
    case "saga": return <SagaPage key={route.id} id={route.id} backTo={backTo} />;
    case "cluster": return <ClusterPage />;
    case "marketplaces": return <MarketplacesPage />;
    case "unknown":
      return <Banner tone="warn">There is no view at this address. The list of sagas is <a href="#/sagas">here</a>.</Banner>;
  }
}

export function App() {
  const state = useSession();
  useEffect(() => void session.restore(), []);
  if (state.kind === "in") return <MeProvider value={state.me}><Inspector me={state.me} /></MeProvider>;
  return (
    <>
      <header className="top"><div className="top-inner"><Brand /></div></header>
      <main id="main">
        {state.kind === "out" ? <LogIn why={state.why} /> : <p className="empty">Looking for your session…</p>}
      </main>
    </>
  );
}

function Brand() {
  return <span className="brand"><span className="brand-mark" aria-hidden="true" />Dompet <span className="quiet">inspector</span></span>;
}

function Inspector({ me }: { me: Me }) {
  const { route, hash } = useRoute();
  const main = useRef<HTMLElement>(null);
  const mayMarketplaces = useMay("marketplaces:read");
  const lastList = useRef(listAddress({ filter: {}, sort: "-created" }));
  const place = route.page === "saga" ? `saga ${route.id}` : route.page;
  if (route.page === "sagas" && hash !== "") lastList.current = hash;

  // Another view is another page to a screen reader: it is named, and reading begins at its top.
  const shown = useRef(place);
  useEffect(() => {
    document.title = `${titles[route.page]} · Dompet`;
    if (shown.current === place) return;
    shown.current = place;
    window.scrollTo(0, 0);
    main.current?.focus();
  }, [place, route.page]);

  const link = (to: string, name: string, isHere: boolean) => (
    <a href={to} className="tab" aria-current={isHere ? "page" : undefined}>{name}</a>
  );
  return (
    <>
      <a className="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>
        Skip to the content
      </a>
      <header className="top">
        <div className="top-inner">
          <Brand />
          <nav aria-label="Views">
            {link(lastList.current, "Sagas", route.page === "sagas" || route.page === "saga")}
            {link(clusterAddress, "Cluster", route.page === "cluster")}
            {mayMarketplaces && link(marketplacesAddress, "Marketplaces", route.page === "marketplaces")}
          </nav>
          <div className="who">
            <span>{nameOf(me)}</span>
            <button type="button" onClick={() => void session.logOut()}>Log out</button>
          </div>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <Fence key={place}><View route={route} backTo={lastList.current} /></Fence>
      </main>
    </>
  );
}
