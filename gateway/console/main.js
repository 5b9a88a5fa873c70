/** The console: its heading with the views, the view itself, and a panel with a record. */

import { html, render } from "./lib/kit.js";
import { address, route } from "./lib/route.js";
import { forgetToken, token, wanted } from "./lib/token.js";
import { RecordPanel } from "./record/panel.js";
import { Banner } from "./views/banner.js";
import { ConsulView } from "./views/consul.js";
import { DockerCloudView } from "./views/docker_cloud.js";
import { FelderaView } from "./views/feldera.js";
import { LiveView } from "./views/live.js";
import { ObjectView } from "./views/object.js";
import { PuppetView } from "./views/puppet.js";
import { RecorderView } from "./views/recorder.js";
import { StateView } from "./views/state.js";
import { TimeView } from "./views/time.js";
import { TokenDialog } from "./views/token_dialog.js";

const VIEWS = [
    { name: "live", label: "Live", View: LiveView },
    { name: "time", label: "Time", View: TimeView },
    { name: "state", label: "State", View: StateView },
    { name: "object", label: "Object", View: ObjectView },
    { name: "puppet", label: "Puppet", View: PuppetView },
    { name: "cloud", label: "Docker Cloud", View: DockerCloudView },
    { name: "consul", label: "Consul", View: ConsulView },
    { name: "feldera", label: "Feldera", View: FelderaView },
    { name: "recorder", label: "Recorder", View: RecorderView },
];

function Page() {
    const { view, params } = route.value;
    const { View } = VIEWS.find(({ name }) => name === view) ?? VIEWS[0];
    const record = params.get("record");
    return html`
        <${Heading} view=${view} />
        <${Banner} />
        <main class=${record ? "with-record" : ""}>
            <${View} />
            ${record && html`<${RecordPanel} seq=${record} />`}
        </main>
        ${wanted.value && html`<${TokenDialog} />`}`;
}

function Heading({ view }) {
    return html`
        <header class="top">
            <h1>Tidings</h1>
            <nav aria-label="Views">${VIEWS.map(({ name, label }) => html`
                <a key=${name} href=${address(name)} aria-current=${name === view ? "page" : undefined}>${label}</a>`)}
            </nav>
            ${token.value && html`<button type="button" onClick=${forgetToken}>Forget token</button>`}
        </header>`;
}

render(html`<${Page} />`, document.getElementById("page"));
