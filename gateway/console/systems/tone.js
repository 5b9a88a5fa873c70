/** The meaning of states of all systems: "bad", "good", "busy", or "" for neither. */

const WORDS = {
    bad: ["failed", "failure", "lost", "down", "dead", "errored", "unknown", "disconnected", "unhealthy", "unreachable", "stale", "terminated"],
    good: ["running", "ready", "complete", "successful", "success", "finished", "healthy", "connected", "deployed"],
    busy: ["pending", "starting", "stopping", "initializing", "initialunhealthy", "redeploying", "scaling", "terminating", "blocked", "new"],
};
const TONES = new Map(Object.entries(WORDS).flatMap(([tone, words]) => words.map((word) => [word, tone])));

/** Return the meaning of a system's state. */
export function toneOf(status = "") {
    return TONES.get(status.toLowerCase()) ?? "";
}
