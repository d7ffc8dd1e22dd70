import { createRoot } from "react-dom/client";
import { App } from "./app";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/sagas.css";
import "./styles/saga.css";
import "./styles/cluster.css";

const place = document.getElementById("inspector");
if (place) createRoot(place).render(<App />);
