import { h, fill } from "./dom.ts";

const app = document.getElementById("app");
if (app) fill(app, h("main", null, h("h1", null, "Meshlite")));
