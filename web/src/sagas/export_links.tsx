import { exportPath } from "../api/sagas";
import { Download } from "../ui/download";
import { Menu } from "../ui/menu";

/** The whole list, not the page alone, as a file. */
export function ExportLinks({ query }: { query: URLSearchParams }) {
  return (
    <Menu name="Export">
      <p className="quiet">All sagas of this list, at most 100,000.</p>
      <ul className="views">
        <li><Download className="view" path={exportPath("csv", query)} name="sagas.csv">CSV</Download></li>
        <li><Download className="view" path={exportPath("ndjson", query)} name="sagas.ndjson">NDJSON</Download></li>
      </ul>
    </Menu>
  );
}
