import { exportPath } from "../api/sagas";
import { Menu } from "../ui/menu";

/** The whole list, not the page alone, as a file. */
export function ExportLinks({ query }: { query: URLSearchParams }) {
  return (
    <Menu name="Export">
      <p className="quiet">All sagas of this list, at most 100,000.</p>
      <ul className="views">
        <li><a className="view" href={exportPath("csv", query)} download="sagas.csv">CSV</a></li>
        <li><a className="view" href={exportPath("ndjson", query)} download="sagas.ndjson">NDJSON</a></li>
      </ul>
    </Menu>
  );
}
