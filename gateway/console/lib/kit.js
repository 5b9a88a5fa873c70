/** The libraries of views: Preact for elements, htm for their templates, signals for state. */

import htm from "../vendor/htm.js";
import { h } from "../vendor/preact.js";

export const html = htm.bind(h);

export { render } from "../vendor/preact.js";
export { useEffect, useRef } from "../vendor/preact-hooks.js";
export { computed, effect, signal, useComputed, useSignal, useSignalEffect } from "../vendor/signals.js";
