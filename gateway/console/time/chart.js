/** A stacked histogram over time; marking a part of it zooms in. */

import { html, useEffect, useRef } from "../lib/kit.js";
import uPlot from "../vendor/uplot.js";
import { stacked } from "./counts.js";

const HEIGHT = 200;
const LEAST_PX = 5; // a shorter mark is a click
const LEAST_LINE_PX = 2;
const EDGE_PX = 4;

/**
 * `data` is what `counted` returns, `troubles` what `troublesOf` returns, `label` is its text for
 * screen readers; `onSpan(from, until)` is called with the marked interval, in seconds since 1970.
 */
export function Histogram({ data, troubles, span, label, onSpan }) {
    const box = useRef(null);
    useEffect(() => {
        const element = box.current; // the ref is empty before the observer has ended
        const draw = () => new uPlot(options(element, data, troubles, span, onSpan), series(data), element);
        let chart = draw();
        const again = () => { chart.destroy(); chart = draw(); };
        const dark = matchMedia("(prefers-color-scheme: dark)");
        const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
        observer.observe(element);
        dark.addEventListener("change", again);
        return () => {
            observer.disconnect();
            dark.removeEventListener("change", again);
            chart.destroy();
        };
    }, [data, troubles]);
    return html`<div class="chart" ref=${box} role="img" aria-label=${label}></div>`;
}

// Whole stacks first: later groups are painted over them, down to the first group.
function series({ starts, groups }) {
    return [starts, ...stacked(groups).toReversed()];
}

function options(box, { groups, bucket }, troubles, span, onSpan) {
    const bars = uPlot.paths.bars({ size: [1, 60], align: 1, gap: 1 });
    const axis = { stroke: colour(box, "--quiet"), grid: { stroke: colour(box, "--line"), width: 1 }, ticks: { show: false } };
    return {
        width: box.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        fmtDate: (template) => uPlot.fmtDate(inDigits(template)),
        cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
        scales: { x: { range: [span.from, span.until + bucket] }, y: { range: (_, __, most) => [0, Math.max(1, most)] } },
        axes: [axis, { ...axis, size: 60 }],
        series: [{}, ...groups.map((_, place) => {
            const fill = colour(box, `--${groups.at(-1 - place).colour}`);
            return { fill, stroke: fill, width: 0, paths: bars, points: { show: false } };
        })],
        hooks: {
            drawClear: [(chart) => paint(chart, troubles.outages, colour(box, "--bad"), 0.15)],
            draw: [(chart) => { // over the bars, which would hide a line, and a band that is short
                paint(chart, troubles.gaps, colour(box, "--bad"), 0.9);
                paint(chart, troubles.outages, colour(box, "--bad"), 0.9, EDGE_PX);
            }],
            setSelect: [(chart) => mark(chart, onSpan)],
        },
    };
}

/** Return a template of uPlot's for times with 24 hours, and dates as ISO 8601 has them. */
function inDigits(template) {
    return template
        .replace("{M}/{D}/{YY}", "{YYYY}-{MM}-{DD}").replace("{M}/{D}", "{MM}-{DD}")
        .replace("{h}{aa}", "{HH}:00").replace("{h}:", "{HH}:").replace("{aa}", "");
}

function mark(chart, onSpan) {
    const { left, width } = chart.select;
    if (width < LEAST_PX) return;
    onSpan(chart.posToVal(left, "x"), chart.posToVal(left + width, "x"));
    chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

/** Paint spans of time from the top down, to the bottom without a height: a band, or a line where it has no length. */
function paint({ ctx, bbox, valToPos }, marks, fill, alpha, height = bbox.height) {
    ctx.save();
    ctx.fillStyle = fill;
    ctx.globalAlpha = alpha;
    for (const { from, until } of marks) {
        const left = Math.max(bbox.left, valToPos(from, "x", true));
        const right = Math.min(bbox.left + bbox.width, valToPos(until, "x", true));
        if (left <= right) ctx.fillRect(left, bbox.top, Math.max(LEAST_LINE_PX, right - left), height);
    }
    ctx.restore();
}

/** Return what a colour of the style sheet is now: a canvas knows neither variables nor light-dark(). */
function colour(box, name) {
    const probe = document.createElement("i");
    probe.style.color = `var(${name})`;
    box.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
}
